#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/http.h"
#include "base/result.h"

namespace fakes::kubectl_lite {

// One API server as a kubeconfig names it: its CA, and a token or a client certificate. It shares
// nothing with the product's own client, so that a mistake there is seen. Thread-safe.
class RestClient {
 public:
  // The current context of the file; what it uses that is not known here is ErrorKind::invalid.
  static base::Result<RestClient> from_kubeconfig(const std::string& path);

  const std::string& server() const { return server_; }
  const std::string& token() const { return token_; }
  const std::string& namespace_() const { return namespace_name_; }

  // "target" begins with "/". An HTTP error status is an answer.
  base::Result<base::HttpResponse> send(const std::string& method, const std::string& target,
                                        const std::string& body = "",
                                        const std::string& content_type = "application/json",
                                        const std::string& accept = "application/json") const;

  // The same server as somebody else, or as nobody: by the token alone, with no client certificate.
  RestClient with_token(const std::string& token) const;

  // Calls on_line for each line of a watch until it returns false, the server ends it, or stop. The
  // status of the answer is the result.
  base::Result<int> watch(const std::string& target,
                          const std::function<bool(const std::string&)>& on_line,
                          std::stop_token stop) const;

 private:
  base::HttpRequest request(const std::string& method, const std::string& target) const;

  std::string server_;
  std::string ca_pem_;
  std::string token_;
  std::string namespace_name_ = "default";
  std::shared_ptr<base::HttpTransport> transport_;
};

}  // namespace fakes::kubectl_lite
