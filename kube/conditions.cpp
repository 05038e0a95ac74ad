#include "kube/conditions.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "kube/json_reader.h"

namespace kube {

namespace {

const char* text_of(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::is_true:
      return "True";
    case ConditionStatus::is_false:
      return "False";
    case ConditionStatus::unknown:
      break;
  }
  return "Unknown";
}

ConditionStatus status_of(const std::string& text) {
  if (text == "True") return ConditionStatus::is_true;
  if (text == "False") return ConditionStatus::is_false;
  return ConditionStatus::unknown;
}

}  // namespace

bool set_condition(std::vector<Condition>& conditions, Condition wanted, base::WallTime now) {
  // metav1.Time has whole seconds: what is written must equal what is read back.
  wanted.last_transition_time = std::chrono::floor<std::chrono::seconds>(now);
  const auto old = std::find_if(conditions.begin(), conditions.end(),
                                [&](const Condition& one) { return one.type == wanted.type; });
  if (old == conditions.end()) {
    conditions.push_back(std::move(wanted));
    return true;
  }
  if (old->status == wanted.status) wanted.last_transition_time = old->last_transition_time;
  if (*old == wanted) return false;
  *old = std::move(wanted);
  return true;
}

bool remove_condition(std::vector<Condition>& conditions, std::string_view type) {
  return std::erase_if(conditions, [type](const Condition& one) { return one.type == type; }) > 0;
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool is_true(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == ConditionStatus::is_true;
}

nlohmann::json conditions_to_json(const std::vector<Condition>& conditions) {
  nlohmann::json list = nlohmann::json::array();
  for (const Condition& condition : conditions) {
    nlohmann::json one = {{"type", condition.type},
                          {"status", text_of(condition.status)},
                          {"reason", condition.reason},
                          {"message", condition.message},
                          {"lastTransitionTime", base::to_rfc3339(condition.last_transition_time)}};
    if (condition.observed_generation != 0) {
      one["observedGeneration"] = condition.observed_generation;
    }
    list.push_back(std::move(one));
  }
  return list;
}

base::Result<std::vector<Condition>> conditions_from_json(const nlohmann::json& conditions) {
  const nlohmann::json holder = {{"conditions", conditions}};
  JsonReader::Fault fault;
  std::vector<Condition> list;
  JsonReader(holder, fault).each("conditions", [&list](const JsonReader& one) {
    Condition condition;
    condition.type = one.text("type");
    condition.status = status_of(one.text("status"));
    condition.reason = one.text("reason");
    condition.message = one.text("message");
    condition.last_transition_time = one.time("lastTransitionTime").value_or(base::WallTime{});
    condition.observed_generation = one.integer("observedGeneration");
    list.push_back(std::move(condition));
  });
  if (!fault.empty()) return base::failure(base::ErrorKind::invalid, fault);
  list.shrink_to_fit();  // thousands of objects have three
  return list;
}

}  // namespace kube
