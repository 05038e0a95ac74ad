#include "operator/api/label_selector.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace api {
namespace {

// As crds/edgeparameters.yaml has them.
constexpr std::size_t kEntriesMax = 64;

LabelSelector::Requirement read_requirement(const Fields& fields) {
  using Operator = LabelSelector::Operator;
  LabelSelector::Requirement requirement;
  requirement.key = fields.text("key");
  if (requirement.key.empty()) fields.complain("key", "the key of a label");
  const std::vector<std::string> values = fields.texts("values");
  requirement.values = {values.begin(), values.end()};
  const std::string is = fields.text("operator");
  if (is == "In") {
    requirement.is = Operator::in;
  } else if (is == "NotIn") {
    requirement.is = Operator::not_in;
  } else if (is == "Exists") {
    requirement.is = Operator::exists;
  } else if (is == "DoesNotExist") {
    requirement.is = Operator::does_not_exist;
  } else {
    fields.complain("operator", "In, NotIn, Exists or DoesNotExist");
  }
  const bool wants_values = is == "In" || is == "NotIn";
  if (wants_values == requirement.values.empty() || values.size() > kEntriesMax) {
    fields.complain("values", "given for In and NotIn, and for these alone");
  }
  return requirement;
}

bool is_met(const LabelSelector::Requirement& requirement, const Labels& labels) {
  using Operator = LabelSelector::Operator;
  const auto label = labels.find(requirement.key);
  const bool is_there = label != labels.end();
  switch (requirement.is) {
    case Operator::in:
      return is_there && requirement.values.count(label->second) != 0;
    case Operator::not_in:
      return !is_there || requirement.values.count(label->second) == 0;
    case Operator::exists:
      return is_there;
    case Operator::does_not_exist:
      return !is_there;
  }
  return false;
}

}  // namespace

bool LabelSelector::selects(const Labels& labels) const {
  return std::all_of(match_labels.begin(), match_labels.end(),
                     [&](const auto& wanted) {
                       const auto label = labels.find(wanted.first);
                       return label != labels.end() && label->second == wanted.second;
                     }) &&
         std::all_of(match_expressions.begin(), match_expressions.end(),
                     [&](const Requirement& requirement) { return is_met(requirement, labels); });
}

LabelSelector LabelSelector::read(const Fields& fields) {
  LabelSelector selector;
  selector.match_labels = fields.text_map("matchLabels");
  if (selector.match_labels.size() > kEntriesMax) {
    fields.complain("matchLabels", "at most " + std::to_string(kEntriesMax) + " labels");
  }
  const std::vector<Fields> expressions = fields.objects("matchExpressions");
  if (expressions.size() > kEntriesMax) {
    fields.complain("matchExpressions", "at most " + std::to_string(kEntriesMax) + " entries");
    return selector;
  }
  for (const Fields& one : expressions) {
    selector.match_expressions.push_back(read_requirement(one));
  }
  return selector;
}

}  // namespace api
