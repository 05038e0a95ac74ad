#include "tests/fakes/api_server/admission.h"

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/builtin_fields.h"

namespace fakes::api_server {
namespace {

std::vector<Cause> name_faults(const Kind& kind, const Json& object) {
  const std::string name = name_of(object);
  const bool is_label = kind.kind == "Namespace" || kind.kind == "Service";
  if (name.empty()) return {required_value("metadata.name", "name or generateName is required")};
  if (is_label ? is_dns_label(name) : is_dns_subdomain(name)) return {};
  const char* rule =
      is_label
          ? "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
            "and must start and end with an alphanumeric character"
          : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'-' or '.', and must start and end with an alphanumeric character";
  return {invalid_value("metadata.name", name, rule)};
}

// metadata's maps hold strings alone, and its lists what they must.
std::vector<Cause> metadata_faults(const Json& object) {
  std::vector<Cause> faults;
  for (const char* map : {"labels", "annotations"}) {
    const Json* found = field(object, {"metadata", map});
    if (found == nullptr || !found->is_object()) continue;
    for (const auto& [key, value] : found->items()) {
      if (std::string(map) == "labels" && value.get_ref<const std::string&>().size() > 63) {
        faults.push_back(
            invalid_value("metadata.labels", value, "must be no more than 63 characters"));
      }
    }
  }
  if (const Json* owners = field(object, {"metadata", "ownerReferences"});
      owners != nullptr && owners->is_array()) {
    for (std::size_t i = 0; i < owners->size(); ++i) {
      for (const char* wanted : {"apiVersion", "kind", "name", "uid"}) {
        if (text((*owners)[i], {wanted}).empty()) {
          faults.push_back(
              required_value("metadata.ownerReferences[" + std::to_string(i) + "]." + wanted));
        }
      }
    }
  }
  return faults;
}

// What the decoder of the real server refuses before any validation: a wrong JSON type.
Answer<void> check_metadata_types(const Json& object) {
  const Json* metadata = field(object, {"metadata"});
  if (metadata == nullptr || metadata->is_null()) return {};
  if (!metadata->is_object()) return refuse(bad_request("metadata must be an object"));
  for (const char* map : {"labels", "annotations"}) {
    const Json* found = field(*metadata, {map});
    if (found == nullptr || found->is_null()) continue;
    if (!found->is_object()) {
      return refuse(bad_request(std::string("metadata.") + map + " must be a map of strings"));
    }
    for (const auto& [key, value] : found->items()) {
      if (value.is_string()) continue;
      return refuse(bad_request("cannot unmarshal " + std::string(value.type_name()) +
                                " into Go struct field ObjectMeta.metadata." + map +
                                " of type string"));
    }
  }
  for (const char* list : {"finalizers", "ownerReferences", "managedFields"}) {
    const Json* found = field(*metadata, {list});
    if (found != nullptr && !found->is_null() && !found->is_array()) {
      return refuse(bad_request(std::string("metadata.") + list + " must be a list"));
    }
  }
  for (const char* string : {"name", "namespace", "resourceVersion", "uid", "generateName"}) {
    const Json* found = field(*metadata, {string});
    if (found != nullptr && !found->is_null() && !found->is_string()) {
      return refuse(bad_request(std::string("metadata.") + string + " must be a string"));
    }
  }
  return {};
}

void drop_empty_metadata(Json& object) {
  Json& metadata = metadata_of(object);
  for (auto it = metadata.begin(); it != metadata.end();) {
    const bool is_empty = it->is_null() || (it->is_structured() && it->empty()) ||
                          (it->is_string() && it->get_ref<const std::string&>().empty());
    it = is_empty ? metadata.erase(it) : std::next(it);
  }
}

// selfLink and its like never come from a client.
void set_aside_server_fields(Json& object) {
  Json& metadata = metadata_of(object);
  for (const char* name :
       {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
        "resourceVersion", "selfLink"}) {
    metadata.erase(name);
  }
}

Answer<Json> admitted(const Admission& admission, const Json* before, Json object) {
  const Kind& kind = admission.kind;
  if (kind.is_custom) {
    auto checked = schema_admitted(admission, before, std::move(object));
    if (!checked) return checked;
    object = std::move(*checked);
  } else {
    const auto gone = decode_builtin(kind, object);
    if (!gone) return refuse(gone.error());
    if (auto judged = judge_unknown_fields(admission, *gone); !judged) {
      return refuse(judged.error());
    }
    set_builtin_defaults(kind, object);
  }
  std::vector<Cause> faults = name_faults(kind, object);
  for (Cause& fault : metadata_faults(object)) faults.push_back(std::move(fault));
  if (!kind.is_custom) {
    for (Cause& fault : builtin_faults(kind, before, object)) faults.push_back(std::move(fault));
  }
  if (!faults.empty()) {
    return refuse(invalid(kind.group, kind.kind, name_of(object), std::move(faults)));
  }
  return object;
}

bool is_marked_deleted(const Json& object) {
  return field(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

// The generation counts what the user asked for: everything but metadata and status.
Json asked_for(const Json& object) {
  Json rest = object;
  rest.erase("metadata");
  rest.erase("status");
  return rest;
}

}  // namespace

Answer<void> judge_unknown_fields(const Admission& admission,
                                  const std::vector<std::string>& gone) {
  const Kind& kind = admission.kind;
  std::string list;
  for (const auto& path : gone) {
    list += (list.empty() ? "" : ", ") + std::string("unknown field \"") + path + "\"";
    if (admission.fields == FieldValidation::warn && admission.warnings != nullptr) {
      admission.warnings->push_back("unknown field \"" + path + "\"");
    }
  }
  if (gone.empty() || admission.fields != FieldValidation::strict) return {};
  return refuse(bad_request(kind.kind + " in version \"" + kind.version +
                            "\" cannot be handled as a " + kind.kind +
                            ": strict decoding error: " + list));
}

Answer<Json> ready_to_create(const Admission& admission, Json object) {
  if (auto typed = check_metadata_types(object); !typed) return refuse(typed.error());
  drop_empty_metadata(object);
  set_aside_server_fields(object);
  const Kind& kind = admission.kind;
  // Pods come with a status from tests that play the kubelet in one write; the real server drops
  // it.
  if (kind.has_status) object.erase("status");
  auto checked = admitted(admission, nullptr, std::move(object));
  if (!checked) return checked;
  Json& metadata = metadata_of(*checked);
  metadata["uid"] = new_uid();
  metadata["creationTimestamp"] = now_text();
  if (kind.has_generation) metadata["generation"] = 1;
  return checked;
}

namespace {

// The parts that this endpoint may not write are as they were.
Json kept_apart(const Admission& admission, const Json& before, Json after) {
  const Kind& kind = admission.kind;
  const auto take = [&before](Json& into, const char* name) {
    if (before.contains(name)) {
      into[name] = before[name];
    } else {
      into.erase(name);
    }
  };
  if (admission.subresource == "status") {
    if (kind.is_custom) {
      Json only_status = before;
      only_status.erase("status");
      if (after.contains("status")) only_status["status"] = std::move(after["status"]);
      if (const Json* managed = field(after, {"metadata", "managedFields"})) {
        metadata_of(only_status)["managedFields"] = *managed;
      }
      return only_status;
    }
    take(after, "spec");
  } else if (kind.has_status) {
    take(after, "status");
  }
  return after;
}

std::vector<Cause> immutable_metadata_faults(const Json& before, const Json& after) {
  std::vector<Cause> faults;
  if (!is_marked_deleted(before)) return faults;
  const Json* finalizers = field(after, {"metadata", "finalizers"});
  if (finalizers == nullptr) return faults;
  const Json* had = field(before, {"metadata", "finalizers"});
  for (const Json& finalizer : *finalizers) {
    const bool is_old =
        had != nullptr && std::find(had->begin(), had->end(), finalizer) != had->end();
    if (is_old) continue;
    faults.push_back(forbidden_value("metadata.finalizers",
                                     "no new finalizers can be added if the object is being "
                                     "deleted, found new finalizers " +
                                         Json::array({finalizer}).dump()));
  }
  return faults;
}

}  // namespace

Answer<Json> ready_to_update(const Admission& admission, const Json& before, Json after) {
  if (auto typed = check_metadata_types(after); !typed) return refuse(typed.error());
  const Kind& kind = admission.kind;
  drop_empty_metadata(after);
  const Json& old_metadata = before.at("metadata");
  const std::string uid = text(after, {"metadata", "uid"});
  if (!uid.empty() && uid != text(before, {"metadata", "uid"})) {
    return refuse(conflict(kind.resource(), name_of(before),
                           "Precondition failed: UID in precondition: " + uid +
                               ", UID in object meta: " + text(before, {"metadata", "uid"})));
  }
  set_aside_server_fields(after);
  for (const char* name :
       {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
        "generateName", "resourceVersion"}) {
    if (old_metadata.contains(name)) metadata_of(after)[name] = old_metadata[name];
  }
  after = kept_apart(admission, before, std::move(after));
  auto checked = admitted(admission, &before, std::move(after));
  if (!checked) return checked;
  if (auto faults = immutable_metadata_faults(before, *checked); !faults.empty()) {
    return refuse(invalid(kind.group, kind.kind, name_of(before), std::move(faults)));
  }
  if (kind.has_generation && asked_for(before) != asked_for(*checked)) {
    metadata_of(*checked)["generation"] = old_metadata.value("generation", 0) + 1;
  }
  return checked;
}

bool is_same_write(const Json& before, const Json& after) {
  const auto timeless = [](Json object) {
    Json& metadata = metadata_of(object);
    metadata.erase("resourceVersion");
    if (metadata.contains("managedFields")) {
      for (Json& entry : metadata["managedFields"]) entry.erase("time");
    }
    return object;
  };
  return timeless(before) == timeless(after);
}

}  // namespace fakes::api_server
