#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "operator/ingress/annotations/catalogue.h"

namespace ingress::annotations {

// An annotation that another ingress controller reads. None of them is honoured, but whoever moves
// an Ingress over from there believes in its guards.
struct OtherEntry {
  std::string_view name;  // whole; one that ends in "." or "/" stands for all that begin with it
  Treatment treatment = Treatment::tunes;  // guards or tunes
  std::string_view remedy;
  ValueKind value = ValueKind::text;
  // A list by commas. A value made only of these asks for nothing: the other controller's default.
  std::string_view harmless{};
};

// Nothing when the annotation is of no controller that we know. What is not in the table is judged
// by its key, as one of our own would be.
std::optional<OtherEntry> look_up_other(std::string_view name);
bool asks_for_nothing(const OtherEntry& entry, std::string_view value);

// The table, in order of name.
std::span<const OtherEntry> other_controllers();

struct OtherController {
  std::string_view prefix;
  std::string_view name;  // as people call it
};

// Everything below one of these is some controller's, also what is not in the table.
std::span<const OtherController> known_prefixes();

// Whose an annotation of the table is; empty: nobody's that is known.
std::string_view controller_of(std::string_view name);

}  // namespace ingress::annotations
