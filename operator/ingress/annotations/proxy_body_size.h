#pragma once

#include <cstdint>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// What ingress-nginx allows when nothing is said.
inline constexpr std::uint64_t kBodyBytesMaxDefault = 1u << 20;

// What a ProxyConfig can say (proxy/config/limits.h): a pebibyte.
inline constexpr std::uint64_t kBodyBytesMaxLargest = std::uint64_t{1} << 50;

// proxy-body-size: the largest request body in bytes; 0 is no limit. It guards the backend, but its
// default is the strict side, so a value that cannot be read falls back to it.
// by_default: without one.
std::uint64_t read_proxy_body_size(const AnnotationMap& annotations, Issues& issues,
                                   std::uint64_t by_default = kBodyBytesMaxDefault);

}  // namespace ingress::annotations
