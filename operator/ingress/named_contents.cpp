#include "operator/ingress/named_contents.h"

#include <string>
#include <utility>

#include "operator/ingress/annotations/external_auth.h"

namespace ingress {

using annotations::Issue;
using annotations::RoutePolicy;
using routing::ClientAuthorities;
using routing::PasswordFile;
using routing::Resources;

void find_users(const Resources& resources, RoutePolicy& policy) {
  annotations::BasicAuth& basic = *policy.basic_auth;
  const std::string named = "names the Secret " + basic.secret.text();
  const auto refuse = [&](const std::string& why, std::string remedy, bool is_pending = false) {
    policy.issues.push_back(
        {Issue::Effect::guards, basic.annotation, named + why, std::move(remedy), is_pending});
  };
  const bool is_file = basic.source == annotations::BasicAuth::Source::file;
  const auto found = resources.auth_secrets.find(basic.secret);
  if (found == resources.auth_secrets.end() || found->second == nullptr) {
    refuse(", which does not exist",
           is_file ? "Create it with the lines of htpasswd under the key \"auth\"."
                   : "Create it with a hash of htpasswd under the name of each user.");
  } else if (found->second->is_unread) {
    refuse(", which has not been read yet", "", true);
  } else {
    const PasswordFile& file = is_file ? found->second->file : found->second->map;
    if (!file.problem.empty()) refuse(", which " + file.problem, "Mend the Secret.");
    basic.users = file.users;
  }
}

void find_authorities(const Resources& resources, RoutePolicy& policy) {
  annotations::ClientCertificates& clients = *policy.client_certificates;
  const std::string named = "names the Secret " + clients.secret.text();
  const auto refuse = [&](const std::string& why, std::string remedy, bool is_pending = false) {
    policy.issues.push_back(
        {Issue::Effect::guards, clients.annotation, named + why, std::move(remedy), is_pending});
  };
  const auto found = resources.auth_secrets.find(clients.secret);
  if (found == resources.auth_secrets.end() || found->second == nullptr) {
    refuse(", which does not exist",
           "Create it with the certificates of the authorities under the key ca.crt.");
  } else if (found->second->is_unread) {
    refuse(", which has not been read yet", "", true);
  } else {
    const ClientAuthorities& authorities = found->second->authorities;
    if (!authorities.problem.empty()) refuse(", which " + authorities.problem, "Mend the Secret.");
    clients.asked.trusted_pem = authorities.trusted_pem;
    clients.asked.revoked_pem = authorities.revoked_pem;
  }
}

void find_custom_headers(const annotations::NamedFields& custom, const Resources& resources,
                         RoutePolicy& policy) {
  const std::string named = "names the ConfigMap " + custom.map.text();
  const auto leave_out = [&](const std::string& why, std::string remedy, bool is_pending = false) {
    policy.issues.push_back(
        {Issue::Effect::tunes, custom.annotation, named + why, std::move(remedy), is_pending});
  };
  const auto found = resources.field_maps.find(custom.map);
  if (found == resources.field_maps.end() || found->second == nullptr) {
    leave_out(", which does not exist, so its fields are left out",
              "Create it with the fields of responses as its keys.");
  } else if (found->second->is_unread) {
    leave_out(", which has not been read yet, so its fields are left out", "", true);
  } else if (!found->second->problem.empty()) {
    leave_out(", which " + found->second->problem + ", so its fields are left out", "");
  } else {
    annotations::add_custom_headers(custom, found->second->fields, policy.shape, policy.issues);
  }
}

void find_said_fields(const annotations::NamedFields& named, const Resources& resources,
                      RoutePolicy& policy, proxy::config::ExternalAuth& settings) {
  const std::string text = "names the ConfigMap " + named.map.text();
  const auto refuse = [&](const std::string& why, std::string remedy, bool is_pending = false) {
    policy.issues.push_back(
        {Issue::Effect::guards, named.annotation, text + why, std::move(remedy), is_pending});
  };
  const auto found = resources.field_maps.find(named.map);
  if (found == resources.field_maps.end() || found->second == nullptr) {
    refuse(", which does not exist", "Create it with the fields of a question as its keys.");
  } else if (found->second->is_unread) {
    refuse(", which has not been read yet", "", true);
  } else if (!found->second->problem.empty()) {
    refuse(", which " + found->second->problem, "");
  } else {
    annotations::add_said_fields(named, found->second->fields, settings, policy.issues);
  }
}

}  // namespace ingress
