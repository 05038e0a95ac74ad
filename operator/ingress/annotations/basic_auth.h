#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// auth-type, auth-secret, auth-secret-type, auth-realm.
struct BasicAuth {
  // What the Secret holds: lines of htpasswd under the key "auth", or a hash under each user's
  // name.
  enum class Source { file, map };

  std::string annotation;  // that names the Secret, with its prefix
  kube::ObjectKey secret;  // of the Ingress's own namespace
  Source source = Source::file;
  std::string realm;
  std::vector<proxy::config::PasswordUser> users{};  // of the Secret, which the compiler has
};

// They guard: what cannot be read closes the Ingress, and so does a Secret of another namespace,
// whose hashes are not everybody's to try. Nothing: no password is asked for, or there is an issue.
std::optional<BasicAuth> read_basic_auth(const kube::Ingress& ingress, Issues& issues);

// satisfy: whether one of address and password is enough. It guards, too.
bool read_satisfies_any(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
