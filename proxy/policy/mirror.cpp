#include "proxy/policy/mirror.h"

#include <algorithm>

namespace proxy::policy {

Mirror::Mirror(const config::Mirror& config, std::uint32_t cluster)
    : cluster_(cluster),
      with_body_(config.with_body),
      host_(config::read_template(config.host)),
      target_(config::read_template(config.target)) {}

std::optional<AuthPlace> Mirror::place_for(const RequestWords& request,
                                           const std::vector<http::Field>& fields) const {
  const bool is_copy = std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    return http::is_same_to_cgi(field.name, kField);
  });
  if (is_copy || !host_ || !target_) return std::nullopt;
  return place_of(*host_, *target_, request);
}

}  // namespace proxy::policy
