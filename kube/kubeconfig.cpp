#include <filesystem>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "base/base64url.h"
#include "kube/ca_bundle.h"
#include "kube/config.h"
#include "kube/file_text.h"

namespace kube {

namespace {

// A fault found on the way; caught at the edge of parse_kubeconfig.
struct Refused {
  std::string message;
};

[[noreturn]] void refuse(std::string message) {
  throw Refused{std::move(message)};
}

// A mapping of the file with the words that name it: "user \"admin\"".
struct Part {
  std::string title;
  YAML::Node node;

  bool has(const char* field) const {
    const YAML::Node found = node[field];
    return found && !found.IsNull();
  }
  std::string text(const char* field) const {
    if (!has(field)) return {};
    const YAML::Node found = node[field];
    if (!found.IsScalar()) refuse(title + ": " + field + " must be a string");
    return found.Scalar();
  }
};

Part part_of(std::string title, const YAML::Node& node) {
  if (!node || node.IsNull()) return {std::move(title), YAML::Node(YAML::NodeType::Map)};
  if (!node.IsMap()) refuse(title + " must be a mapping");
  return {std::move(title), node};
}

// The entry of a named list: clusters, users, contexts.
Part find_named(const Part& file, const char* list, const char* what, const std::string& name) {
  const std::string title = std::string(what) + " \"" + name + "\"";
  if (file.has(list) && !file.node[list].IsSequence()) {
    refuse(std::string(list) + " must be a list");
  }
  if (file.has(list)) {
    for (const YAML::Node& entry : file.node[list]) {
      const Part named = part_of(std::string("an entry of ") + list, entry);
      if (named.text("name") == name) return part_of(title, named.node[what]);
    }
  }
  refuse("it has no " + title);
}

// An absolute path stays as it is.
std::string resolve(const std::string& path, const std::string& directory) {
  return std::filesystem::path(directory) / path;
}

// The bytes of FIELD-data (base64) or of the file that FIELD names; the data wins, as in kubectl.
std::string data_or_file(const Part& part, const std::string& field, const std::string& directory) {
  const std::string data_field = field + "-data";
  if (const std::string data = part.text(data_field.c_str()); !data.empty()) {
    auto decoded = base::base64_decode(data);
    if (!decoded) refuse(part.title + ": " + data_field + " is not base64");
    return std::move(*decoded);
  }
  const std::string path = part.text(field.c_str());
  if (path.empty()) return {};
  auto text = read_file_text(resolve(path, directory));
  if (!text) refuse(part.title + ": " + field + ": " + text.error().message);
  return std::move(*text);
}

void read_cluster(const Part& cluster, const std::string& directory, Config& config) {
  config.server = cluster.text("server");
  while (!config.server.empty() && config.server.back() == '/') config.server.pop_back();
  const bool is_https = config.server.rfind("https://", 0) == 0;
  if (!is_https && config.server.rfind("http://", 0) != 0) {
    refuse(cluster.title + ": server must be an http:// or https:// URL");
  }
  const std::string skip = cluster.text("insecure-skip-tls-verify");
  if (!skip.empty() && skip != "false") {
    refuse(cluster.title +
           ": insecure-skip-tls-verify is not supported, since anybody could then read our "
           "credentials; give certificate-authority-data instead");
  }
  for (const char* field : {"tls-server-name", "proxy-url"}) {
    if (!cluster.text(field).empty()) refuse(cluster.title + ": " + field + " is not supported");
  }
  config.ca_pem = data_or_file(cluster, "certificate-authority", directory);
  if (config.ca_pem.empty() && cluster.text("certificate-authority").empty()) return;
  if (auto checked = check_ca_bundle(config.ca_pem); !checked) {
    refuse(cluster.title + ": the certificate-authority " + checked.error().message);
  }
}

void read_user(const Part& user, const std::string& directory, const base::Clock& clock,
               Config& config) {
  for (const char* field : {"exec", "auth-provider", "username", "password", "as", "as-groups",
                            "as-uid", "as-user-extra"}) {
    if (user.has(field)) {
      refuse(user.title + ": " + field +
             " is not supported; use a token, a tokenFile or a client certificate");
    }
  }
  config.client_certificate_pem = data_or_file(user, "client-certificate", directory);
  config.client_key_pem = data_or_file(user, "client-key", directory);
  if (config.client_certificate_pem.empty() != config.client_key_pem.empty()) {
    refuse(user.title + ": a client certificate and its key go together, and one is missing");
  }
  const std::string token = user.text("token");
  if (token.find_first_of("\r\n ") != std::string::npos) {
    refuse(user.title + ": token must hold no spaces and no line breaks");
  }
  const std::string path = user.text("tokenFile");
  config.token = path.empty() ? fixed_token(token) : token_file(resolve(path, directory), clock);
}

Config read_file(const Part& file, const std::string& directory, const std::string& wanted_context,
                 const base::Clock& clock) {
  const std::string name = wanted_context.empty() ? file.text("current-context") : wanted_context;
  if (name.empty()) refuse("it has no current-context, and no context was asked for");
  const Part context = find_named(file, "contexts", "context", name);
  Config config;
  if (const std::string own = context.text("namespace"); !own.empty()) config.namespace_ = own;
  read_cluster(find_named(file, "clusters", "cluster", context.text("cluster")), directory, config);
  const std::string user = context.text("user");
  if (user.empty()) {
    config.token = fixed_token("");
  } else {
    read_user(find_named(file, "users", "user", user), directory, clock, config);
  }
  return config;
}

}  // namespace

base::Result<Config> parse_kubeconfig(std::string_view text, const std::string& directory,
                                      const std::string& context, const base::Clock& clock) {
  try {
    return read_file(part_of("it", YAML::Load(std::string(text))), directory, context, clock);
  } catch (const Refused& refused) {
    return base::failure(base::ErrorKind::invalid, "the kubeconfig: " + refused.message);
  } catch (const YAML::Exception& error) {
    return base::failure(base::ErrorKind::invalid,
                         std::string("the kubeconfig is not YAML: ") + error.what());
  }
}

base::Result<Config> read_kubeconfig(const std::string& path, const std::string& context,
                                     const base::Clock& clock) {
  auto text = read_file_text(path);
  if (!text) return base::failure(base::while_doing("reading the kubeconfig", text.error()));
  const std::string directory = std::filesystem::absolute(path).parent_path();
  auto config = parse_kubeconfig(*text, directory, context, clock);
  if (!config) return base::failure(base::while_doing(path, std::move(config.error())));
  return config;
}

}  // namespace kube
