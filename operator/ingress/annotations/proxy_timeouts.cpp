#include "operator/ingress/annotations/proxy_timeouts.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

void read_one(const AnnotationMap& annotations, std::string_view key, std::chrono::seconds& timeout,
              Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return;
  const auto value = read_seconds(found->value);
  if (!value || value->count() == 0) {
    issues.push_back(
        bad_value(*found, "a number of seconds from 1 to 86400", Issue::Effect::tunes));
  } else if (*value > kTimeoutMax) {
    issues.push_back(bad_value(*found, "within the limit of 86400 seconds, which is used instead",
                               Issue::Effect::tunes));
    timeout = kTimeoutMax;
  } else {
    timeout = *value;
  }
}

}  // namespace

routing::Timeouts read_proxy_timeouts(const AnnotationMap& annotations, Issues& issues,
                                      const routing::Timeouts& defaults) {
  routing::Timeouts timeouts = defaults;
  read_one(annotations, "proxy-connect-timeout", timeouts.connect, issues);
  read_one(annotations, "proxy-read-timeout", timeouts.read, issues);
  read_one(annotations, "proxy-send-timeout", timeouts.send, issues);
  return timeouts;
}

}  // namespace ingress::annotations
