#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "kube/object.h"

namespace routing {

// What a claimant is, as the API has it: "Ingress". There are few kinds and tens of thousands of
// keys, so it is no text of its own. A value.
class ClaimantKind {
 public:
  // name: a literal, which stays as long as the program.
  template <std::size_t size>
  constexpr ClaimantKind(const char (&name)[size]) : name_(name) {}

  std::string text() const { return name_; }

  friend std::strong_ordering operator<=>(ClaimantKind one, ClaimantKind other) {
    if (one.name_ == other.name_) return std::strong_ordering::equal;
    return std::string_view(one.name_) <=> std::string_view(other.name_);
  }
  friend bool operator==(ClaimantKind one, ClaimantKind other) {
    return (one <=> other) == std::strong_ordering::equal;
  }

 private:
  const char* name_;
};

// Names one claimant of all: one of another kind may have the same namespace and name.
struct ClaimantKey {
  ClaimantKind kind;
  kube::ObjectKey key;
  auto operator<=>(const ClaimantKey&) const = default;

  // "Ingress shop/www", for messages.
  std::string text() const { return kind.text() + " " + key.text(); }
};

}  // namespace routing
