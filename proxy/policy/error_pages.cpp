#include "proxy/policy/error_pages.h"

namespace proxy::policy {

ErrorPages::ErrorPages(const config::ErrorPages& config, std::uint32_t cluster)
    : config_(config),
      port_text_(config.port == 0 ? "" : std::to_string(config.port)),
      cluster_(cluster) {
  for (const int status : config_.statuses) {
    if (status < kFirst || status >= kEnd) continue;  // validate() has seen to it
    statuses_.set(static_cast<std::size_t>(status - kFirst));
  }
}

void ErrorPages::describe(const PageSubject& subject, std::vector<http::Field>& fields) const {
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fields.push_back({.name = name, .value = value});
  };
  add("X-Format", subject.accept);
  add("X-Original-URI", subject.original_uri);
  add("X-Namespace", config_.namespace_);
  add("X-Ingress-Name", config_.ingress);
  add("X-Service-Name", config_.service);
  add("X-Service-Port", port_text_);
}

}  // namespace proxy::policy
