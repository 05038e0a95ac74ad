#include "operator/ingress/named_contents.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "operator/ingress/annotations/external_auth.h"

namespace ingress {

using annotations::Issue;
using annotations::RoutePolicy;
using routing::ClientAuthorities;
using routing::PasswordFile;
using routing::Resources;

namespace {

// Why it cannot be known what an object says.
struct Unknown {
  std::string why;  // follows what names it
  std::string remedy{};
  bool is_pending = false;
};

// null: it does not exist.
template <class Object>
const Object* find_named(const std::map<kube::ObjectKey, std::shared_ptr<const Object>>& objects,
                         const kube::ObjectKey& key) {
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second.get();
}

// Nothing: it has been read.
template <class Object>
std::optional<Unknown> why_unknown(const Object* object, std::string how_to_create) {
  if (object == nullptr) return Unknown{", which does not exist", std::move(how_to_create)};
  if (object->is_unread) return Unknown{", which has not been read yet", "", true};
  return std::nullopt;
}

// The same for one of which no field counts if one of them cannot be taken.
std::optional<Unknown> why_unknown_fields(const routing::FieldMap* map, std::string how_to_create) {
  auto unknown = why_unknown(map, std::move(how_to_create));
  if (unknown || map->problem.empty()) return unknown;
  return Unknown{", which " + map->problem};
}

}  // namespace

void find_users(const Resources& resources, RoutePolicy& policy) {
  annotations::BasicAuth& basic = *policy.basic_auth;
  const auto refuse = [&](Unknown unknown) {
    policy.issues.push_back({Issue::Effect::guards, basic.annotation,
                             "names the Secret " + basic.secret.text() + unknown.why,
                             std::move(unknown.remedy), unknown.is_pending});
  };
  const bool is_file = basic.source == annotations::BasicAuth::Source::file;
  const routing::AuthSecret* const secret = find_named(resources.auth_secrets, basic.secret);
  auto unknown = why_unknown(
      secret, is_file ? "Create it with the lines of htpasswd under the key \"auth\"."
                      : "Create it with a hash of htpasswd under the name of each user.");
  if (unknown) return refuse(std::move(*unknown));
  const PasswordFile& file = is_file ? secret->file : secret->map;
  if (!file.problem.empty()) refuse({", which " + file.problem, "Mend the Secret."});
  basic.users = file.users;
}

void find_authorities(const Resources& resources, RoutePolicy& policy) {
  annotations::ClientCertificates& clients = *policy.client_certificates;
  const auto refuse = [&](Unknown unknown) {
    policy.issues.push_back({Issue::Effect::guards, clients.annotation,
                             "names the Secret " + clients.secret.text() + unknown.why,
                             std::move(unknown.remedy), unknown.is_pending});
  };
  const routing::AuthSecret* const secret = find_named(resources.auth_secrets, clients.secret);
  auto unknown = why_unknown(
      secret, "Create it with the certificates of the authorities under the key ca.crt.");
  if (unknown) return refuse(std::move(*unknown));
  const ClientAuthorities& authorities = secret->authorities;
  if (!authorities.problem.empty()) refuse({", which " + authorities.problem, "Mend the Secret."});
  clients.asked.trusted_pem = authorities.trusted_pem;
  clients.asked.revoked_pem = authorities.revoked_pem;
}

void find_custom_headers(const annotations::NamedFields& custom, const Resources& resources,
                         RoutePolicy& policy) {
  const routing::FieldMap* const map = find_named(resources.field_maps, custom.map);
  auto unknown = why_unknown_fields(map, "Create it with the fields of responses as its keys.");
  if (!unknown) {
    annotations::add_custom_headers(custom, map->fields, policy.shape, policy.issues);
    return;
  }
  policy.issues.push_back(
      {Issue::Effect::tunes, custom.annotation,
       "names the ConfigMap " + custom.map.text() + unknown->why + ", so its fields are left out",
       std::move(unknown->remedy), unknown->is_pending});
}

void find_said_fields(const annotations::NamedFields& named, const Resources& resources,
                      RoutePolicy& policy, proxy::config::ExternalAuth& settings) {
  const routing::FieldMap* const map = find_named(resources.field_maps, named.map);
  auto unknown = why_unknown_fields(map, "Create it with the fields of a question as its keys.");
  if (!unknown) {
    annotations::add_said_fields(named, map->fields, settings, policy.issues);
    return;
  }
  policy.issues.push_back({Issue::Effect::guards, named.annotation,
                           "names the ConfigMap " + named.map.text() + unknown->why,
                           std::move(unknown->remedy), unknown->is_pending});
}

}  // namespace ingress
