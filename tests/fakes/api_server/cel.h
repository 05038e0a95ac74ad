#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "tests/fakes/api_server/object.h"

namespace fakes::api_server::cel {

// A small part of CEL (cel-spec), enough for the rules of our CRDs: the operators == != < <= > >=
// &&
// || ! ?: in + - * / % and unary -, has(), size(), self and oldSelf, selection, index, literals
// (string with escapes and r'', int, double, bool, null, list, map), the methods startsWith,
// endsWith, contains, matches, size, the macros all, exists, exists_one, map, filter with one
// variable, and duration(), timestamp(), string(), int(), type-safe comparison. && and || absorb
// errors as CEL wants; integers are 64 bits and overflow is an error. What is not here is an error
// when the rule is read. Fields are checked against the schema when the rule is read, as the real
// server does; the cost of a rule is not estimated.

class Rule {
 public:
  // "schema" is that of self. The error says what cannot be read and where.
  static tl::expected<Rule, std::string> read(const std::string& text, const Json& schema);

  // Only to be evaluated on updates.
  bool uses_old_self() const { return uses_old_self_; }

  // The error says why it could not be told (no such key, overflow, ...): the rule has then failed.
  tl::expected<bool, std::string> holds(const Json& self, const Json* old_self) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
  bool uses_old_self_ = false;
};

}  // namespace fakes::api_server::cel
