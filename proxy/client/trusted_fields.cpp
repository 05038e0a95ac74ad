#include "proxy/client/trusted_fields.h"

#include <algorithm>

namespace proxy::client {

using http::FieldId;

base::Result<TrustedFields> TrustedFields::parse(const std::vector<std::string>& names) {
  if (names.size() > kFieldsMax) {
    return base::failure(base::ErrorKind::invalid,
                         std::to_string(names.size()) + " fields are more than the " +
                             std::to_string(kFieldsMax) + " there may be");
  }
  for (const std::string& name : names) {
    if (http::field_id(name) == FieldId::attested) continue;
    return base::failure(
        base::ErrorKind::invalid,
        "'" + name +
            "' is none of the fields that are dropped from trusted proxies; those "
            "are such as X-Auth-Request-User, Ssl-Client-Verify or X-Original-URL");
  }
  TrustedFields trusted;
  trusted.names_ = names;
  return trusted;
}

void TrustedFields::trust(std::vector<http::Field>& fields) const {
  if (names_.empty()) return;
  for (http::Field& field : fields) {
    if (field.id != FieldId::attested) continue;
    const bool is_named = std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
      return http::equals_ignoring_case(field.name, name);
    });
    if (is_named) field.id = FieldId::about_client;
  }
}

}  // namespace proxy::client
