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
  User user{
      "system:serviceaccount:" + namespace_ + ":" + name,
      new_uid(),
      {"system:serviceaccounts", "system:serviceaccounts:" + namespace_, "system:authenticated"}};
  tokens_[token] = {std::move(user), {audience}};
}

std::optional<User> Auth::user_of(const std::string& authorization) const {
  if (!authorization.starts_with("Bearer ")) return std::nullopt;
  const auto found = tokens_.find(authorization.substr(7));
  if (found == tokens_.end() || found->second.audiences.front() != api_audience) {
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
