#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakes/api_server/object.h"

namespace fakes::api_server {

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  bool operator==(const User&) const = default;
};

// Bearer tokens and who they are. Everybody known may do everything: there is no RBAC. Not
// thread-safe: the API's lock guards it.
class Auth {
 public:
  void add_user(const std::string& token, User user);
  // A token of the ServiceAccount, good for one audience only; for the API server itself it is good
  // when the audience is the API server's own.
  void add_service_account(const std::string& namespace_, const std::string& name,
                           const std::string& token, const std::string& audience);
  // A new token for a ServiceAccount object, good for the audiences, for ever.
  std::string issue_token(const Json& service_account, std::vector<std::string> audiences);

  // From an Authorization header.
  std::optional<User> user_of(const std::string& authorization) const;

  // The status of a TokenReview (authentication.k8s.io/v1) for its spec.
  Json review(const Json& spec) const;

  static constexpr const char* api_audience = "https://kubernetes.default.svc.cluster.local";

 private:
  struct Entry {
    User user;
    std::vector<std::string> audiences;
  };
  static User service_account_user(const std::string& namespace_, const std::string& name,
                                   const std::string& uid);

  std::map<std::string, Entry> tokens_;
};

}  // namespace fakes::api_server
