#include "operator/routing/field_map.h"

#include "operator/routing/tls_secret.h"
#include "proxy/config/limits.h"

namespace routing {

FieldMap read_field_map(const kube::ConfigMap& map) {
  FieldMap read;
  std::size_t bytes = 0;
  for (const auto& [name, value] : map.data) bytes += name.size() + value.size();
  if (map.data.size() > proxy::config::kFieldLinesMax || bytes > kFieldBytesMax) {
    read.problem = "has more than there may be (" + std::to_string(proxy::config::kFieldLinesMax) +
                   " keys, " + std::to_string(kFieldBytesMax) + " bytes)";
  } else {
    read.fields = map.data;
  }
  const auto authorities = map.data.find("ca.crt");
  // There may be a thousand of them, held for as long as somebody names them.
  if (authorities != map.data.end() &&
      authorities->second.size() <= proxy::config::kAuthoritiesBytesMax) {
    read.authorities_pem = read_backend_authorities(authorities->second);
  }
  if (read.authorities_pem->empty()) {
    read.authorities_problem = "has no certificates in ca.crt to verify by, of " +
                               std::to_string(proxy::config::kAuthoritiesBytesMax >> 10) +
                               " KiB at most";
  }
  return read;
}

}  // namespace routing
