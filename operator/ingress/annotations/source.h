#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_map.h"

// The annotations of an Ingress as typed values: one parser a file. A parser never throws and never
// guesses: a value that it cannot read becomes an Issue, and the default stands.
namespace ingress::annotations {

inline constexpr std::string_view kOwnPrefix = "gatehouse.dev/";
inline constexpr std::string_view kNginxPrefix = "nginx.ingress.kubernetes.io/";

// Of an annotation with one of these prefixes; empty: it has neither.
std::string_view key_of(std::string_view name);

using AnnotationMap = base::TextMap;

struct Found {
  std::string name;  // as written, with its prefix
  std::string_view value;
};

// An annotation that is not honoured as written.
struct Issue {
  // guards: the Ingress must not be served without it; tunes: it is served without it.
  enum class Effect { guards, tunes };
  Effect effect = Effect::tunes;
  std::string name;         // with its prefix
  std::string why;          // "is not supported yet"
  std::string remedy;       // "Remove it ..."; may be empty
  bool is_pending = false;  // it is about to resolve by itself
};
using Issues = std::vector<Issue>;

// A key below our own prefix, else below ingress-nginx's; an empty value says nothing. The map must
// outlive the result.
std::optional<Found> find(const AnnotationMap& annotations, std::string_view key);

// An issue about a value that could not be read.
Issue bad_value(const Found& found, std::string_view expected, Issue::Effect effect);

}  // namespace ingress::annotations
