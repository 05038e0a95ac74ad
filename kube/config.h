#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/token_source.h"

namespace kube {

// How to reach one API server and who we are there.
struct Config {
  std::string server;  // "https://10.0.0.1:443", without a trailing slash
  std::string ca_pem;  // empty: the system's trust
  // In a cluster: where ca_pem is from; connect() follows it (kube/followed_ca.h).
  std::string ca_file;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::shared_ptr<TokenSource> token;  // never null
  std::string namespace_ = "default";  // our own in a cluster, the context's in a kubeconfig
  // In a cluster never: the API server is next door, and https_proxy is meant for what is outside.
  bool use_environment_proxy = true;
};

// Looks up an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

inline constexpr const char* kServiceAccountDirectory =
    "/var/run/secrets/kubernetes.io/serviceaccount";

// The ServiceAccount that the kubelet mounts into every Pod. Every mistake is ErrorKind::invalid
// with one sentence; so in the others below. The clock must outlive the Config.
base::Result<Config> read_in_cluster_config(
    const Environment& environment, const base::Clock& clock,
    const std::string& directory = kServiceAccountDirectory);

// A kubeconfig as text. context: empty for its current-context. Relative paths in it are relative
// to directory. What we do not support (exec plugins, auth providers, insecure-skip-tls-verify, a
// tls-server-name, proxy-url, passwords) is refused by name rather than ignored.
base::Result<Config> parse_kubeconfig(std::string_view text, const std::string& directory,
                                      const std::string& context, const base::Clock& clock);
base::Result<Config> read_kubeconfig(const std::string& path, const std::string& context,
                                     const base::Clock& clock);

// The kubeconfig of that path when one is given; else the Pod's ServiceAccount when we are in a
// cluster; else $KUBECONFIG (its first file); else ~/.kube/config.
base::Result<Config> find_config(const std::string& kubeconfig_path, const std::string& context,
                                 const Environment& environment, const base::Clock& clock);

// A client over the network.
std::unique_ptr<Client> connect(const Config& config, const base::Clock& clock,
                                const std::string& user_agent, Client::Options options = {});

}  // namespace kube
