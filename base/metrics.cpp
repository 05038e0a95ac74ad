#include "base/metrics.h"

#include <prometheus/text_serializer.h>

namespace base {

std::string to_prometheus_text(const prometheus::Registry& registry) {
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace base
