#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace proxy::config {

// A path that is a regular expression, as ingress-nginx has it: matched from its first character on
// ("^" is put before it), anywhere to its end, and without case. Where two libraries could differ
// it matches more, so that what it closes is closed. Matching takes time in proportion to the text
// and memory within kExpressionMemoryMax, whatever the expression (RE2; decision 0030).
//
// Immutable; any number of threads may match with it.
class Expression {
 public:
  // An error says in RE2's words what it cannot do: back references, look-around, possessive
  // repetition, or more states than fit in the memory; or that it has more instructions than
  // kExpressionInstructionsMax.
  //
  // A value (of a header) is another thing than a path: the expression finds something anywhere in
  // it, with case.
  enum class Use { closing, route, value };
  static base::Result<Expression> compile(const std::string& text, Use use = Use::closing);

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  bool matches(std::string_view path) const;
  // To match takes no more steps than so many for each byte; see kComparisonStepsMax.
  std::size_t instructions() const;

  // Of a route's: and what "$1" to "$9" are then. Empty: a group that took no part, or is not
  // there.
  static constexpr std::size_t kGroups = 9;
  using Groups = std::array<std::string_view, kGroups>;
  bool matches(std::string_view path, Groups& groups) const;

 private:
  explicit Expression(std::unique_ptr<const re2::RE2> compiled);
  std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace proxy::config
