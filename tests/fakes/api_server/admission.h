#pragma once

#include <string>
#include <vector>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {

// What stands between a decoded object and its storing: defaults, pruning, validation, and the
// rules of metadata. Pure: objects in (in their stored shape), the object to store out.

enum class FieldValidation { ignore, warn, strict };

struct Admission {
  const Kind& kind;
  std::string subresource{};
  FieldValidation fields = FieldValidation::warn;
  std::vector<std::string>* warnings = nullptr;
};

Answer<Json> ready_to_create(const Admission& admission, Json object);
Answer<Json> ready_to_update(const Admission& admission, const Json& before, Json after);

// Whether a write would change anything that is stored: not the times in managedFields.
bool is_same_write(const Json& before, const Json& after);

// The rules of built-in kinds: builtin_rules.cpp. Defaults first; then what is wrong. "before" is
// null for a create.
void set_builtin_defaults(const Kind& kind, Json& object);
std::vector<Cause> builtin_faults(const Kind& kind, const Json* before, const Json& object);

// DNS names as Kubernetes wants them: builtin_rules.cpp.
bool is_dns_subdomain(std::string_view name);
bool is_dns_label(std::string_view name);

// What fieldValidation says about fields that were taken away: nothing, warnings, or a 400.
Answer<void> judge_unknown_fields(const Admission& admission, const std::vector<std::string>& gone);

// Custom kinds: pruned, defaulted and checked by their schema. A 400 for fieldValidation=Strict; a
// 422 for what the schema or its CEL rules refuse.
Answer<Json> schema_admitted(const Admission& admission, const Json* before, Json object);

}  // namespace fakes::api_server
