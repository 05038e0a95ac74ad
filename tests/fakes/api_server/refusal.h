#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "tests/fakes/api_server/object.h"

namespace fakes::api_server {

// One field that is wrong, as it stands in details.causes of a Status.
struct Cause {
  std::string field;    // "spec.secretName"
  std::string reason;   // FieldValueInvalid, FieldValueRequired, ...
  std::string message;  // "Invalid value: \"x\": must be ..."
};

// Why a request is not done: the content of a Status object (meta/v1) with status Failure.
struct Refusal {
  int code = 500;
  std::string reason = "InternalError";
  std::string message{};
  std::string group{};
  std::string kind{};
  std::string name{};
  std::vector<Cause> causes{};
  std::optional<int> retry_after_seconds{};
};

template <class T>
using Answer = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(Refusal refusal) {
  return tl::unexpected<Refusal>(std::move(refusal));
}

Json status_object(const Refusal& refusal);

// "resource" is the plural with its group, as the real server words it: "secrets",
// "certificates.gatehouse.dev".
struct ResourceName {
  std::string group;
  std::string plural;
  std::string text() const { return group.empty() ? plural : plural + "." + group; }
};

Refusal bad_request(std::string message);
Refusal unauthorized();
Refusal forbidden(const ResourceName& resource, std::string_view name, std::string_view why);
Refusal not_found(const ResourceName& resource, std::string_view name);
Refusal no_such_path();
Refusal already_exists(const ResourceName& resource, std::string_view name);
Refusal conflict(const ResourceName& resource, std::string_view name, std::string_view why);
Refusal method_not_allowed();
Refusal unsupported_media_type(std::string message);
Refusal expired(std::string message);
Refusal invalid(std::string_view group, std::string_view kind, std::string_view name,
                std::vector<Cause> causes);

// Causes with the real server's wording; value is shown as JSON.
Cause invalid_value(std::string field, const Json& value, std::string_view detail);
Cause required_value(std::string field, std::string_view detail = "");
Cause forbidden_value(std::string field, std::string_view detail);
Cause not_supported_value(std::string field, const Json& value,
                          const std::vector<std::string>& allowed);
Cause duplicate_value(std::string field, const Json& value);

}  // namespace fakes::api_server
