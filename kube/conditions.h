#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace kube {

enum class ConditionStatus { unknown, is_true, is_false };

// metav1.Condition: one named truth about an object, in its status.
struct Condition {
  std::string type{};  // "Ready"
  ConditionStatus status = ConditionStatus::unknown;
  std::string reason{};   // CamelCase, for programs
  std::string message{};  // a sentence, for people
  base::WallTime last_transition_time{};
  std::int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;
};

// Sets the condition of wanted.type, at its old place or at the end. last_transition_time of wanted
// is not read: it becomes now when the status differs from before, else stays. True when anything
// that a reader sees has changed, so that an unchanged status need not be written.
bool set_condition(std::vector<Condition>& conditions, Condition wanted, base::WallTime now);

bool remove_condition(std::vector<Condition>& conditions, std::string_view type);

// Nothing when the object has no such condition. Valid until the list changes.
const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);

// An absent condition is not true.
bool is_true(const std::vector<Condition>& conditions, std::string_view type);

nlohmann::json conditions_to_json(const std::vector<Condition>& conditions);
// null reads as an empty list. invalid: says which field has a wrong type.
base::Result<std::vector<Condition>> conditions_from_json(const nlohmann::json& conditions);

}  // namespace kube
