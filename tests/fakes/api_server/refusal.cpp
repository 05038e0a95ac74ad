#include "tests/fakes/api_server/refusal.h"

#include <nlohmann/json.hpp>

namespace fakes::api_server {

Json status_object(const Refusal& refusal) {
  Json status = {{"kind", "Status"},    {"apiVersion", "v1"},         {"metadata", Json::object()},
                 {"status", "Failure"}, {"message", refusal.message}, {"code", refusal.code}};
  if (!refusal.reason.empty()) status["reason"] = refusal.reason;
  Json details = Json::object();
  if (!refusal.name.empty()) details["name"] = refusal.name;
  if (!refusal.group.empty()) details["group"] = refusal.group;
  if (!refusal.kind.empty()) details["kind"] = refusal.kind;
  if (refusal.retry_after_seconds) details["retryAfterSeconds"] = *refusal.retry_after_seconds;
  for (const Cause& cause : refusal.causes) {
    details["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  if (!details.empty()) status["details"] = std::move(details);
  return status;
}

namespace {

Refusal about(int code, std::string reason, const ResourceName& resource, std::string_view name,
              std::string message) {
  Refusal refusal{code, std::move(reason), std::move(message)};
  refusal.group = resource.group;
  refusal.kind = resource.plural;
  refusal.name = name;
  return refusal;
}

std::string quoted(std::string_view value) {
  return "\"" + std::string(value) + "\"";
}

}  // namespace

Refusal bad_request(std::string message) {
  return Refusal{400, "BadRequest", std::move(message)};
}

Refusal unauthorized() {
  return Refusal{401, "Unauthorized", "Unauthorized"};
}

Refusal forbidden(const ResourceName& resource, std::string_view name, std::string_view why) {
  return about(403, "Forbidden", resource, name,
               resource.text() + " " + quoted(name) + " is forbidden: " + std::string(why));
}

Refusal not_found(const ResourceName& resource, std::string_view name) {
  return about(404, "NotFound", resource, name,
               resource.text() + " " + quoted(name) + " not found");
}

Refusal no_such_path() {
  return Refusal{404, "NotFound", "the server could not find the requested resource"};
}

Refusal already_exists(const ResourceName& resource, std::string_view name) {
  return about(409, "AlreadyExists", resource, name,
               resource.text() + " " + quoted(name) + " already exists");
}

Refusal conflict(const ResourceName& resource, std::string_view name, std::string_view why) {
  return about(409, "Conflict", resource, name,
               "Operation cannot be fulfilled on " + resource.text() + " " + quoted(name) + ": " +
                   std::string(why));
}

Refusal method_not_allowed() {
  return Refusal{405, "MethodNotAllowed",
                 "the server does not allow this method on the requested resource"};
}

Refusal unsupported_media_type(std::string message) {
  return Refusal{415, "UnsupportedMediaType", std::move(message)};
}

Refusal expired(std::string message) {
  return Refusal{410, "Expired", std::move(message)};
}

Refusal invalid(std::string_view group, std::string_view kind, std::string_view name,
                std::vector<Cause> causes) {
  std::string message = std::string(kind);
  if (!group.empty()) message += "." + std::string(group);
  message += " " + quoted(name) + " is invalid: ";
  const auto one = [](const Cause& cause) { return cause.field + ": " + cause.message; };
  if (causes.size() == 1) {
    message += one(causes.front());
  } else {
    message += "[";
    for (std::size_t i = 0; i < causes.size(); ++i) message += (i ? ", " : "") + one(causes[i]);
    message += "]";
  }
  Refusal refusal{422, "Invalid", std::move(message)};
  refusal.group = group;
  refusal.kind = kind;
  refusal.name = name;
  refusal.causes = std::move(causes);
  return refusal;
}

Cause invalid_value(std::string field, const Json& value, std::string_view detail) {
  // Objects are shown by their type only: a message is for people.
  const std::string shown = value.is_structured() ? quoted(value.type_name()) : value.dump();
  return {std::move(field), "FieldValueInvalid",
          "Invalid value: " + shown + ": " + std::string(detail)};
}

Cause required_value(std::string field, std::string_view detail) {
  return {std::move(field), "FieldValueRequired",
          "Required value" + (detail.empty() ? std::string() : ": " + std::string(detail))};
}

Cause forbidden_value(std::string field, std::string_view detail) {
  return {std::move(field), "FieldValueForbidden", "Forbidden: " + std::string(detail)};
}

Cause not_supported_value(std::string field, const Json& value,
                          const std::vector<std::string>& allowed) {
  std::string list;
  for (const auto& one : allowed) list += (list.empty() ? "" : ", ") + one;
  return {std::move(field), "FieldValueNotSupported",
          "Unsupported value: " + value.dump() + ": supported values: " + list};
}

Cause duplicate_value(std::string field, const Json& value) {
  return {std::move(field), "FieldValueDuplicate", "Duplicate value: " + value.dump()};
}

}  // namespace fakes::api_server
