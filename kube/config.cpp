#include "kube/config.h"

#include <cstdlib>
#include <utility>

#include "base/ascii_text.h"
#include "base/curl_transport.h"
#include "kube/ca_bundle.h"
#include "kube/file_text.h"
#include "kube/followed_ca.h"
#include "kube/outage_log.h"

namespace kube {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return base::failure(base::ErrorKind::invalid, std::move(message));
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

base::Result<Config> read_in_cluster_config(const Environment& environment,
                                            const base::Clock& clock,
                                            const std::string& directory) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = environment("KUBERNETES_SERVICE_PORT").value_or("");
  if (host.empty() || port.empty()) {
    return invalid(
        "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set");
  }
  Config config;
  config.use_environment_proxy = false;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  config.server = "https://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
  auto ca = read_file_text(directory + "/ca.crt");
  if (!ca)
    return base::failure(base::while_doing("reading the cluster's CA", std::move(ca.error())));
  if (auto checked = check_ca_bundle(*ca); !checked) {
    return invalid("reading the cluster's CA: " + directory + "/ca.crt " + checked.error().message);
  }
  config.ca_pem = std::move(*ca);
  config.ca_file = directory + "/ca.crt";
  config.token = token_file(directory + "/token", clock);
  // Said now rather than at the first request.
  if (auto token = config.token->token(); !token) {
    return invalid("reading our ServiceAccount's token: " + token.error().message);
  }
  if (auto own = read_file_text(directory + "/namespace")) {
    if (const auto name = base::trimmed(*own, " \t\r\n"); !name.empty()) {
      config.namespace_ = name;
    }
  }
  return config;
}

base::Result<Config> find_config(const std::string& kubeconfig_path, const std::string& context,
                                 const Environment& environment, const base::Clock& clock) {
  if (!kubeconfig_path.empty()) return read_kubeconfig(kubeconfig_path, context, clock);
  // A named context can only be meant for a kubeconfig.
  if (context.empty() && environment("KUBERNETES_SERVICE_HOST")) {
    return read_in_cluster_config(environment, clock);
  }
  const std::string listed = environment("KUBECONFIG").value_or("");
  const std::string first = listed.substr(0, listed.find(':'));
  if (!first.empty()) return read_kubeconfig(first, context, clock);
  const std::string home = environment("HOME").value_or("");
  if (home.empty()) {
    return invalid(
        "no way to the API server: not in a cluster, and neither KUBECONFIG nor HOME is set");
  }
  return read_kubeconfig(home + "/.kube/config", context, clock);
}

std::unique_ptr<Client> connect(const Config& config, const base::Clock& clock,
                                const std::string& user_agent, Client::Options options) {
  const auto make = [config, user_agent](const std::string& ca_pem) {
    base::CurlOptions curl;
    curl.user_agent = user_agent;
    curl.ca_pem = ca_pem;
    curl.client_certificate_pem = config.client_certificate_pem;
    curl.client_key_pem = config.client_key_pem;
    curl.use_environment_proxy = config.use_environment_proxy;
    return std::shared_ptr<base::HttpTransport>(base::make_curl_transport(std::move(curl)));
  };
  std::shared_ptr<base::HttpTransport> transport =
      config.ca_file.empty()
          ? make(config.ca_pem)
          : std::make_shared<FollowedCa>(config.ca_file, config.ca_pem, make, clock);
  return std::make_unique<Client>(std::make_shared<OutageLog>(std::move(transport), config.server),
                                  config.server, config.token, clock, options);
}

}  // namespace kube
