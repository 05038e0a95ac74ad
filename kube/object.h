#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/text_map.h"

namespace kube {

// Names an object of one kind; namespace_ is empty for a cluster-scoped kind. This is all a
// reconciler is told; it reads the rest from the stores.
struct ObjectKey {
  std::string namespace_;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;

  // "namespace/name", or "name" when cluster-scoped: for logs and Events.
  std::string text() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
};

// Where a kind lives in the API.
struct ResourceType {
  std::string group;  // empty: core
  std::string version;
  std::string kind;
  std::string plural;
  bool namespaced = true;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  bool controller = false;
  bool operator==(const OwnerReference&) const = default;
};

// The part of metadata that we read. Every typed resource has one as its first member `metadata`.
struct ObjectMeta {
  std::string name;
  std::string namespace_;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  base::WallTime creation_timestamp{};
  bool is_being_deleted = false;  // deletionTimestamp is set
  base::TextMap labels;
  base::TextMap annotations;
  std::vector<OwnerReference> owner_references;

  ObjectKey key() const { return {namespace_, name}; }
  // A missing annotation reads as empty.
  std::string annotation(const std::string& name_) const {
    const auto found = annotations.find(name_);
    return found == annotations.end() ? std::string() : found->second;
  }
};

// Absent fields stay at their defaults, and so do those after a wrong type: the API server vouches
// for metadata. A typed from_json() reads it strictly, through kube/json_reader.h. Never fails.
ObjectMeta read_meta(const nlohmann::json& object);
// The same for the key alone.
ObjectKey read_key(const nlohmann::json& object);

}  // namespace kube
