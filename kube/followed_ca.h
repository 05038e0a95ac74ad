#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/http.h"

namespace kube {

// A transport whose trust anchors are in a file that somebody else replaces: the ca.crt of our
// ServiceAccount, when the cluster gets a new CA. The file is read again when a minute has passed,
// and at once when the peer is not trusted; the request is then sent again, since nothing of it
// reached the peer. A file that cannot be used keeps the last good content, which the log says
// once. Requests under way end as they began.
class FollowedCa final : public base::HttpTransport {
 public:
  // A transport that trusts these certificates (PEM) alone.
  using Make = std::function<std::shared_ptr<base::HttpTransport>(const std::string& ca_pem)>;

  // ca_pem is what the file said lately; clock must outlive it.
  FollowedCa(std::string ca_file, std::string ca_pem, Make make, const base::Clock& clock);

  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override;
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override;

 private:
  using Transport = std::shared_ptr<base::HttpTransport>;

  Transport current();
  // Another than this one, if the file gives one now; else null.
  Transport another_than(const Transport& distrusted);
  void read_again();

  const std::string ca_file_;
  const Make make_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::string ca_pem_;
  Transport transport_;
  base::SteadyTime read_at_;
  std::string last_problem_;
};

}  // namespace kube
