#pragma once

#include <string>
#include <string_view>

#include "proxy/config/expression.h"

namespace proxy::policy {

// The target that a backend is asked for in place of the one that came.
struct Rewritten {
  std::string_view path;
  std::string_view query;         // with its "?"; or empty
  std::string_view refusal = {};  // not empty: nothing can be asked for, and this is why (400)
};

// Far above what a head may have of a path, and what "$1$1$1" makes of it.
inline constexpr std::size_t kRewrittenBytesMax = 32u << 10;

// What Policies::rewrite_target makes of a request, as ingress-nginx has it: the whole path is
// replaced. Groups are what `expression` has found in the normalised path (router/path.h), so that
// an escape stays one, and a "%2F" never becomes a "/"; without an expression they are empty. A
// template with a "?" has parameters, before which the client's own come to stand - none of those
// when the "?" is at its end. Slashes that meet are one.
//
// Refused: a path that the expression does not match (it was chosen in another reading of it), and
// what would have other elements than its parts: dot segments, escapes that are put together or cut
// apart. The views lie in `storage`.
Rewritten rewrite(std::string_view target, const config::Expression* expression,
                  std::string_view normalized_path, std::string_view query, std::string& storage);

}  // namespace proxy::policy
