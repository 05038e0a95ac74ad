#pragma once

#include <string>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace base {

// The registry in Prometheus' text format 0.0.4. Names start with "gatehouse_".
std::string to_prometheus_text(const prometheus::Registry& registry);
inline constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace base
