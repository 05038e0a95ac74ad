#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/api_server/refusal.h"

namespace fakes::api_server {

// A column of the Table that kubectl prints (meta/v1 TableColumnDefinition).
struct Column {
  std::string name;
  std::string type = "string";
  int priority = 0;
  std::function<Json(const Json& object)> cell;
};

// One served kind of one version. Immutable and shared: a request keeps the one it began with.
struct Kind {
  std::string group;
  std::string version;
  std::string kind;
  std::string list_kind;
  std::string plural;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  bool is_namespaced = true;
  bool has_status = false;                     // serves /status and guards it
  bool has_generation = false;                 // metadata.generation counts the changes of spec
  bool is_custom = false;                      // made by a CustomResourceDefinition
  bool is_create_only = false;                 // TokenReview and its like: answered, never stored
  bool needs_version_to_update = false;        // no unconditional PUT
  std::string storage;                         // kinds with the same storage show the same objects
  std::vector<std::string> selectable_fields;  // beside metadata.name and metadata.namespace
  std::vector<Column> columns;
  // The OpenAPI schema: for custom kinds the whole, for built-in ones only how lists merge.
  std::shared_ptr<const Json> schema;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  ResourceName resource() const { return {group, plural}; }
};
using KindPtr = std::shared_ptr<const Kind>;

// What the server serves. Not thread-safe: guarded by the Api's lock.
class Kinds {
 public:
  Kinds();

  KindPtr find(std::string_view group, std::string_view version, std::string_view plural) const;
  const std::vector<KindPtr>& all() const { return all_; }
  std::vector<std::string> versions_of(std::string_view group) const;

  // A CustomResourceDefinition came, changed or went.
  void add_custom(const Json& definition);
  void remove_custom(const Json& definition);

 private:
  std::vector<KindPtr> all_;
};

std::vector<KindPtr> builtin_kinds();
std::vector<Column> default_columns();

// How the lists of a built-in kind merge, in the words of a CRD schema.
std::shared_ptr<const Json> builtin_merge_schema(std::string_view kind);

// core/v1 and events.k8s.io/v1 Events are one storage with two shapes; it keeps the core one. Other
// kinds only get the apiVersion that was asked for.
Json to_served(const Kind& kind, const Json& stored);
Json to_stored(const Kind& kind, Json served);

}  // namespace fakes::api_server
