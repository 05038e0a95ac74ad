#include "tests/fakes/kubectl_lite/rest_client.h"

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "base/curl_transport.h"
#include "tests/fakes/api_server/base64.h"
#include "tests/fakes/api_server/body.h"

namespace fakes::kubectl_lite {
namespace {

using api_server::Json;
using api_server::text;

base::Result<std::string> file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in) return base::failure(base::ErrorKind::invalid, "Cannot read " + path);
  return content.str();
}

// The entry of a kubeconfig list ("clusters", "users", "contexts") with that name.
base::Result<Json> entry(const Json& config, const char* list, const char* member,
                         const std::string& name) {
  if (const Json* items = api_server::field(config, {list})) {
    for (const Json& item : *items) {
      if (text(item, {"name"}) == name && item.contains(member)) return item[member];
    }
  }
  return base::failure(base::ErrorKind::invalid,
                       "The kubeconfig has no " + name + " among its " + list);
}

// name-data as base64, or the file that name points to; empty when there is neither.
base::Result<std::string> data_or_file(const Json& from, const std::string& name) {
  if (const std::string data = text(from, {name + "-data"}); !data.empty()) {
    auto decoded = api_server::from_base64(data);
    if (decoded) return *decoded;
    return base::failure(base::ErrorKind::invalid,
                         "The kubeconfig's " + name + "-data is no base64");
  }
  const std::string path = text(from, {name});
  return path.empty() ? base::Result<std::string>(std::string()) : file_text(path);
}

base::CurlOptions curl_options() {
  base::CurlOptions options;
  options.user_agent = "gatehouse-kubectl-lite";
  return options;
}

}  // namespace

base::Result<RestClient> RestClient::from_kubeconfig(const std::string& path) {
  const auto content = file_text(path);
  if (!content) return base::failure(content.error());
  const auto config = api_server::json_of_yaml(*content);
  if (!config) return base::failure(base::ErrorKind::invalid, path + ": " + config.error().message);
  const auto context = entry(*config, "contexts", "context", text(*config, {"current-context"}));
  if (!context) return base::failure(context.error());
  const auto cluster = entry(*config, "clusters", "cluster", text(*context, {"cluster"}));
  if (!cluster) return base::failure(cluster.error());
  const auto user = entry(*config, "users", "user", text(*context, {"user"}));
  if (!user) return base::failure(user.error());

  base::CurlOptions options = curl_options();
  const auto read = [](const Json& from, const char* name, std::string& into) -> base::Status {
    auto found = data_or_file(from, name);
    if (!found) return base::failure(found.error());
    into = std::move(*found);
    return {};
  };
  for (const auto& done : {read(*cluster, "certificate-authority", options.ca_pem),
                           read(*user, "client-certificate", options.client_certificate_pem),
                           read(*user, "client-key", options.client_key_pem)}) {
    if (!done) return base::failure(done.error());
  }
  RestClient client;
  client.server_ = text(*cluster, {"server"});
  client.ca_pem_ = options.ca_pem;
  client.token_ = text(*user, {"token"});
  if (const std::string name = text(*context, {"namespace"}); !name.empty()) {
    client.namespace_name_ = name;
  }
  if (client.token_.empty() && options.client_certificate_pem.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         path + ": the user has neither a token nor a client certificate");
  }
  client.transport_ = base::make_curl_transport(std::move(options));
  return client;
}

base::HttpRequest RestClient::request(const std::string& method, const std::string& target) const {
  base::HttpRequest made;
  made.method = method;
  made.url = server_ + target;
  if (!token_.empty()) made.headers.emplace("Authorization", "Bearer " + token_);
  return made;
}

RestClient RestClient::with_token(const std::string& token) const {
  RestClient other = *this;
  other.token_ = token;
  base::CurlOptions options = curl_options();
  options.ca_pem = ca_pem_;
  other.transport_ = base::make_curl_transport(std::move(options));
  return other;
}

base::Result<base::HttpResponse> RestClient::send(const std::string& method,
                                                  const std::string& target,
                                                  const std::string& body,
                                                  const std::string& content_type,
                                                  const std::string& accept) const {
  base::HttpRequest made = request(method, target);
  made.headers.emplace("Accept", accept);
  if (!body.empty()) made.headers.emplace("Content-Type", content_type);
  made.body = body;
  return transport_->send(made, {});
}

base::Result<int> RestClient::watch(const std::string& target,
                                    const std::function<bool(const std::string&)>& on_line,
                                    std::stop_token stop) const {
  base::HttpRequest made = request("GET", target);
  made.headers.emplace("Accept", "application/json");
  std::string rest;
  const auto answered = transport_->stream(
      made, [](const base::HttpResponse&) { return true; },
      [&](std::string_view bytes) {
        rest += bytes;
        for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
          const std::string line = rest.substr(0, end);
          rest.erase(0, end + 1);
          if (!line.empty() && !on_line(line)) return false;
        }
        return true;
      },
      stop);
  if (!answered) return base::failure(answered.error());
  return answered->status;
}

}  // namespace fakes::kubectl_lite
