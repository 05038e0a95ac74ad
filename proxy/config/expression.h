#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace proxy::config {

// A path that is a regular expression, as ingress-nginx has it: matched from its first character on
// ("^" is put before it), anywhere to its end, and without case. It closes paths and never opens
// one, so where two libraries could differ it matches more. Matching takes time in proportion to
// the text and memory within kExpressionMemoryMax, whatever the expression (RE2; decision 0030).
//
// Immutable; any number of threads may match with it.
class Expression {
 public:
  // An error says in RE2's words what it cannot do: back references, look-around, possessive
  // repetition, or more states than fit in the memory.
  static base::Result<Expression> compile(const std::string& text);

  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  bool matches(std::string_view path) const;

 private:
  explicit Expression(std::unique_ptr<const re2::RE2> compiled);
  std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace proxy::config
