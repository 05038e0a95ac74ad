#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

constexpr Verdict kUnknownGuard{503, "unknown_guard"};

}  // namespace

Guards::Guards(const config::Guards& config)
    : closed_(config.closed), access_list_(config.denied, config.allowed) {}

Verdict Guards::check(const Asker& asker) const {
  if (closed_) return kUnknownGuard;
  return access_list_.check(asker.address);
}

}  // namespace proxy::policy
