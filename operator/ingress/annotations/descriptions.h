#pragma once

#include <span>
#include <string_view>

namespace ingress::annotations {

// What keys of the catalogue do that are honoured, in Markdown: the rows of docs/annotations.md,
// which is written from them. Each such key is in one row.
struct Description {
  std::string_view keys;    // by commas; they are explained together
  std::string_view values;  // that they take
  std::string_view effect;
};

// Of keys about requests, and of those about certificates.
std::span<const Description> descriptions();
std::span<const Description> certificate_descriptions();

}  // namespace ingress::annotations
