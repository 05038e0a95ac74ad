#pragma once

#include <cstdint>
#include <vector>

#include "proxy/http/field.h"

namespace proxy::http {

// How a body is coded beside what it is (RFC 9110 §8.4.1).
enum class ContentCoding : std::uint8_t {
  identity,
  gzip,
  deflate,
  other,  // that is not known here, or several, one over the other
};

// What these fields say of it, also those that are not passed on. "identity" says nothing, and is
// not to be said.
ContentCoding content_coding_of(const std::vector<Field>& fields);

}  // namespace proxy::http
