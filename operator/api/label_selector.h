#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/text_map.h"
#include "operator/api/fields.h"

namespace api {

using Labels = base::TextMap;

// meta/v1 LabelSelector: all that it says must be so, and one that says nothing selects everything.
struct LabelSelector {
  enum class Operator { in, not_in, exists, does_not_exist };
  struct Requirement {
    std::string key;
    Operator is = Operator::in;
    std::set<std::string> values{};  // of the first two; not_in is also for who lacks the key
    bool operator==(const Requirement&) const = default;
  };

  Labels match_labels{};
  std::vector<Requirement> match_expressions{};
  bool operator==(const LabelSelector&) const = default;

  bool selects(const Labels& labels) const;

  // What cannot be read is told to `fields`; the selector is not to be used then.
  static LabelSelector read(const Fields& fields);
};

}  // namespace api
