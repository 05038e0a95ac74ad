#include "tests/fakes/api_server/auth.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace fakes::api_server {

void Auth::add_user(const std::string& token, User user) {
  user.groups.push_back("system:authenticated");
  tokens_[token] = {std::move(user), {api_audience}};
}

void Auth::add_service_account(const std::string& namespace_, const std::string& name,
                               const std::string& token, const std::string& audience) {
  tokens_[token] = {service_account_user(namespace_, name, new_uid()), {audience}};
}

std::string Auth::issue_token(const Json& service_account, std::vector<std::string> audiences) {
  const std::string token = "issued-" + new_uid();
  tokens_[token] = {service_account_user(namespace_of(service_account), name_of(service_account),
                                         text(service_account, {"metadata", "uid"})),
                    std::move(audiences)};
  return token;
}

User Auth::service_account_user(const std::string& namespace_, const std::string& name,
                                const std::string& uid) {
  return {
      "system:serviceaccount:" + namespace_ + ":" + name,
      uid,
      {"system:serviceaccounts", "system:serviceaccounts:" + namespace_, "system:authenticated"}};
}

std::optional<User> Auth::user_of(const std::string& authorization) const {
  if (!authorization.starts_with("Bearer ")) return std::nullopt;
  const auto found = tokens_.find(authorization.substr(7));
  if (found == tokens_.end()) return std::nullopt;
  const auto& audiences = found->second.audiences;
  if (std::find(audiences.begin(), audiences.end(), api_audience) == audiences.end()) {
    return std::nullopt;
  }
  return found->second.user;
}

Json Auth::review(const Json& spec) const {
  const Json refused = {{"user", Json::object()}};
  const auto found = tokens_.find(text(spec, {"token"}));
  if (found == tokens_.end()) {
    Json status = refused;
    status["error"] = "invalid bearer token";
    return status;
  }
  std::vector<std::string> wanted{api_audience};
  if (const Json* list = field(spec, {"audiences"}); list != nullptr && !list->empty()) {
    wanted = list->get<std::vector<std::string>>();
  }
  std::vector<std::string> shared;
  for (const auto& audience : wanted) {
    const auto& has = found->second.audiences;
    if (std::find(has.begin(), has.end(), audience) != has.end()) shared.push_back(audience);
  }
  if (shared.empty()) {
    Json status = refused;
    status["error"] = "[invalid bearer token, token audiences " +
                      Json(found->second.audiences).dump() +
                      " is invalid for the target audiences " + Json(wanted).dump() + "]";
    return status;
  }
  const User& user = found->second.user;
  return {{"authenticated", true},
          {"user", {{"username", user.name}, {"uid", user.uid}, {"groups", user.groups}}},
          {"audiences", shared}};
}

}  // namespace fakes::api_server
