#include "tests/fakes/api_server/managed_fields.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/patch.h"

namespace fakes::api_server {
namespace {

bool is_granular(const Json& value, const Json& schema) {
  return value.is_object() && text(schema, {"x-kubernetes-map-type"}) != "atomic";
}

FieldPath below(const FieldPath& path, std::string step) {
  FieldPath longer = path;
  longer.push_back(std::move(step));
  return longer;
}

bool is_prefix(const FieldPath& prefix, const FieldPath& path) {
  return prefix.size() <= path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

bool has_at_or_below(const FieldSet& set, const FieldPath& prefix) {
  const auto found = set.lower_bound(prefix);
  return found != set.end() && is_prefix(prefix, *found);
}

// Names a list item by its keys; a key that is left out counts with its default.
std::string step_of_item(const Json& item, const Json& list_schema) {
  Json key = Json::object();
  for (const std::string& name : list_keys_of(list_schema)) {
    if (const Json* value = field(item, {name})) {
      key[name] = *value;
    } else if (const Json* otherwise =
                   field(schema_of_items(list_schema), {"properties", name, "default"})) {
      key[name] = *otherwise;
    }
  }
  return "k:" + key.dump();
}

std::string step_of_value(const Json& item) {
  return "v:" + item.dump();
}

enum class ListType { atomic, set, map };

ListType list_type(const Json& schema) {
  const std::string type = list_type_of(schema);
  return type == "map" ? ListType::map : type == "set" ? ListType::set : ListType::atomic;
}

const Json* item_named(const Json& list, const Json& schema, const std::string& step) {
  const bool is_map = list_type(schema) == ListType::map;
  for (const Json& item : list) {
    if ((is_map ? step_of_item(item, schema) : step_of_value(item)) == step) return &item;
  }
  return nullptr;
}

// "with_containers" also owns the maps themselves, as a plain write does for those that it makes.
void collect(const Json& value, const Json& schema, const FieldPath& path, bool with_containers,
             FieldSet& fields) {
  if (is_granular(value, schema) && !value.empty()) {
    if (with_containers && path.size() > 1) fields.insert(path);
    for (const auto& [name, member] : value.items()) {
      collect(member, schema_of_member(schema, name), below(path, "f:" + name), with_containers,
              fields);
    }
    return;
  }
  if (value.is_array() && !value.empty() && list_type(schema) != ListType::atomic) {
    for (const Json& item : value) {
      if (list_type(schema) == ListType::set) {
        fields.insert(below(path, step_of_value(item)));
        continue;
      }
      const FieldPath at = below(path, step_of_item(item, schema));
      fields.insert(at);
      if (is_granular(item, schema_of_items(schema))) {
        for (const auto& [name, member] : item.items()) {
          collect(member, schema_of_member(schema_of_items(schema), name), below(at, "f:" + name),
                  with_containers, fields);
        }
      }
    }
    return;
  }
  if (!path.empty()) fields.insert(path);
}

struct Difference {
  FieldSet changed;  // added or given another value
  FieldSet removed;  // with all below
};

void compare(const Json* before, const Json* after, const Json& schema, const FieldPath& path,
             Difference& difference) {
  if (before != nullptr && before->is_null()) before = nullptr;
  if (after != nullptr && after->is_null()) after = nullptr;
  if (before == nullptr && after == nullptr) return;
  if (after == nullptr) {
    difference.removed.insert(path);
    return;
  }
  if (before == nullptr) {
    collect(*after, schema, path, true, difference.changed);
    return;
  }
  if (*before == *after) return;
  if (is_granular(*before, schema) && is_granular(*after, schema)) {
    std::set<std::string> names;
    for (const auto& [name, value] : before->items()) names.insert(name);
    for (const auto& [name, value] : after->items()) names.insert(name);
    for (const std::string& name : names) {
      compare(field(*before, {name}), field(*after, {name}), schema_of_member(schema, name),
              below(path, "f:" + name), difference);
    }
    return;
  }
  if (before->is_array() && after->is_array() && list_type(schema) != ListType::atomic) {
    const bool is_map = list_type(schema) == ListType::map;
    std::set<std::string> steps;
    for (const Json* list : {before, after}) {
      for (const Json& item : *list) {
        steps.insert(is_map ? step_of_item(item, schema) : step_of_value(item));
      }
    }
    for (const std::string& step : steps) {
      const Json* was = item_named(*before, schema, step);
      const Json* is = item_named(*after, schema, step);
      const FieldPath at = below(path, step);
      if (was == nullptr) difference.changed.insert(at);
      if (is_map || was == nullptr || is == nullptr) {
        const Json nothing = Json::object();
        if (is == nullptr) {
          difference.removed.insert(at);
        } else if (is_map) {
          compare(was != nullptr ? was : &nothing, is, schema_of_items(schema), at, difference);
        }
      }
    }
    return;
  }
  difference.changed.insert(path);
}

Json merged(const Json* live, const Json& wanted, const Json& schema) {
  if (live != nullptr && live->is_object() && is_granular(wanted, schema)) {
    Json result = *live;
    for (const auto& [name, value] : wanted.items()) {
      if (value.is_null()) continue;
      result[name] = merged(field(*live, {name}), value, schema_of_member(schema, name));
    }
    return result;
  }
  if (live != nullptr && live->is_array() && wanted.is_array() &&
      list_type(schema) != ListType::atomic) {
    const bool is_map = list_type(schema) == ListType::map;
    Json result = *live;
    for (const Json& item : wanted) {
      const std::string step = is_map ? step_of_item(item, schema) : step_of_value(item);
      bool found = false;
      for (Json& one : result) {
        if ((is_map ? step_of_item(one, schema) : step_of_value(one)) != step) continue;
        one = merged(&one, item, schema_of_items(schema));
        found = true;
      }
      if (!found) result.push_back(item);
    }
    return result;
  }
  return wanted;
}

void remove_at(Json& value, const Json& schema, const FieldPath& path, std::size_t depth) {
  const std::string& step = path[depth];
  const bool is_last = depth + 1 == path.size();
  if (step.starts_with("f:")) {
    const std::string name = step.substr(2);
    if (!value.is_object() || !value.contains(name)) return;
    if (is_last) {
      value.erase(name);
    } else {
      remove_at(value[name], schema_of_member(schema, name), path, depth + 1);
    }
    return;
  }
  if (!value.is_array()) return;
  const bool is_map = list_type(schema) == ListType::map;
  for (auto it = value.begin(); it != value.end(); ++it) {
    if ((is_map ? step_of_item(*it, schema) : step_of_value(*it)) != step) continue;
    if (is_last) {
      value.erase(it);
    } else {
      remove_at(*it, schema_of_items(schema), path, depth + 1);
    }
    return;
  }
}

// One entry of metadata.managedFields.
struct Entry {
  Json head;  // everything but fieldsV1
  FieldSet fields;
};

std::vector<Entry> entries_of(const Json& object) {
  std::vector<Entry> entries;
  const Json* managed = field(object, {"metadata", "managedFields"});
  if (managed == nullptr || !managed->is_array()) return entries;
  for (const Json& one : *managed) {
    Entry entry{one, field_set_of(one.value("fieldsV1", Json::object()))};
    entry.head.erase("fieldsV1");
    entries.push_back(std::move(entry));
  }
  return entries;
}

void write_entries(const std::vector<Entry>& entries, Json& object) {
  Json managed = Json::array();
  for (const Entry& entry : entries) {
    if (entry.fields.empty()) continue;
    Json one = entry.head;
    one["fieldsV1"] = fields_v1_of(entry.fields);
    managed.push_back(std::move(one));
  }
  Json& metadata = metadata_of(object);
  if (managed.empty()) {
    metadata.erase("managedFields");
  } else {
    metadata["managedFields"] = std::move(managed);
  }
}

bool is_of(const Entry& entry, const Manager& manager) {
  return text(entry.head, {"manager"}) == manager.name &&
         text(entry.head, {"operation"}) == (manager.is_apply ? "Apply" : "Update") &&
         text(entry.head, {"subresource"}) == manager.subresource &&
         text(entry.head, {"apiVersion"}) == manager.api_version;
}

Json head_of(const Manager& manager) {
  Json head = {{"manager", manager.name},
               {"operation", manager.is_apply ? "Apply" : "Update"},
               {"apiVersion", manager.api_version},
               {"fieldsType", "FieldsV1"}};
  if (!manager.subresource.empty()) head["subresource"] = manager.subresource;
  return head;
}

Entry& entry_of(std::vector<Entry>& entries, const Manager& manager) {
  for (Entry& entry : entries) {
    if (is_of(entry, manager)) return entry;
  }
  entries.push_back({head_of(manager), {}});
  return entries.back();
}

// Nobody owns what identifies the object, or what only the server writes.
Json ownable(Json object) {
  object.erase("apiVersion");
  object.erase("kind");
  if (const auto metadata = object.find("metadata");
      metadata != object.end() && metadata->is_object()) {
    for (const char* name :
         {"name", "namespace", "creationTimestamp", "selfLink", "uid", "generation",
          "managedFields", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
      metadata->erase(name);
    }
    if (metadata->empty()) object.erase(metadata);
  }
  return object;
}

Json whole_schema(const Kind& kind) {
  Json schema = kind.schema ? *kind.schema : Json::object();
  schema["properties"]["metadata"] = metadata_schema();
  return schema;
}

void lose(FieldSet& fields, const Difference& difference) {
  for (auto it = fields.begin(); it != fields.end();) {
    const bool is_lost = difference.changed.count(*it) != 0 ||
                         std::any_of(difference.removed.begin(), difference.removed.end(),
                                     [&it](const FieldPath& gone) { return is_prefix(gone, *it); });
    it = is_lost ? fields.erase(it) : std::next(it);
  }
}

void set_field_in_trie(Json& trie, const FieldPath& path) {
  Json* at = &trie;
  for (const std::string& step : path) at = &(*at)[step];
  if (at->is_null()) *at = Json::object();
  (*at)["."] = Json::object();
}

// Only an inner node needs "." to say that it is a member itself.
void drop_plain_dots(Json& trie) {
  if (trie.size() == 1 && trie.contains(".")) {
    trie = Json::object();
    return;
  }
  for (auto& [step, child] : trie.items()) {
    if (step != ".") drop_plain_dots(child);
  }
}

void read_trie(const Json& trie, const FieldPath& path, FieldSet& fields) {
  if (!trie.is_object() || trie.empty()) {
    if (!path.empty()) fields.insert(path);
    return;
  }
  for (const auto& [step, child] : trie.items()) {
    if (step == ".") {
      fields.insert(path);
    } else {
      read_trie(child, below(path, step), fields);
    }
  }
}

}  // namespace

FieldSet field_set_of(const Json& fields_v1) {
  FieldSet fields;
  read_trie(fields_v1, {}, fields);
  return fields;
}

Json fields_v1_of(const FieldSet& fields) {
  Json trie = Json::object();
  for (const FieldPath& path : fields) set_field_in_trie(trie, path);
  drop_plain_dots(trie);
  return trie;
}

FieldSet fields_of(const Json& value, const Json& schema) {
  FieldSet fields;
  collect(value, schema, {}, false, fields);
  return fields;
}

std::string path_text(const FieldPath& path) {
  std::string shown;
  for (const std::string& step : path) {
    if (step.starts_with("f:")) {
      shown += "." + step.substr(2);
    } else if (step.starts_with("v:")) {
      shown += "[=" + step.substr(2) + "]";
    } else {
      std::string keys;
      const Json key = Json::parse(step.substr(2));
      for (const auto& [name, value] : key.items()) {
        keys += (keys.empty() ? "" : ",") + name + "=" + value.dump();
      }
      shown += "[" + keys + "]";
    }
  }
  return shown;
}

void own_changes(const Manager& manager, const Kind& kind, const Json& before, Json& after) {
  std::vector<Entry> entries = entries_of(before);
  Difference difference;
  const Json was = ownable(before);
  const Json is = ownable(after);
  compare(&was, &is, whole_schema(kind), {}, difference);
  for (Entry& entry : entries) {
    if (!is_of(entry, manager)) lose(entry.fields, difference);
  }
  if (!difference.changed.empty() || !difference.removed.empty()) {
    Entry& own = entry_of(entries, manager);
    lose(own.fields, {{}, difference.removed});
    own.fields.insert(difference.changed.begin(), difference.changed.end());
    own.head["time"] = now_text();
  }
  write_entries(entries, after);
}

namespace {

struct Conflict {
  const Entry* entry;
  FieldPath path;
};

Refusal conflict_refusal(const Kind& kind, const Json& live, const std::vector<Conflict>& found) {
  const auto with = [](const Conflict& one) {
    const std::string subresource = text(one.entry->head, {"subresource"});
    return "\"" + text(one.entry->head, {"manager"}) + "\"" +
           (subresource.empty() ? "" : " with subresource \"" + subresource + "\"") + " using " +
           text(one.entry->head, {"apiVersion"});
  };
  Refusal refusal{409, "Conflict", ""};
  refusal.group = kind.group;
  refusal.kind = kind.plural;
  refusal.name = name_of(live);
  const bool is_one = found.size() == 1;
  refusal.message = "Apply failed with " + std::to_string(found.size()) +
                    (is_one ? " conflict: conflict with " + with(found.front()) + ": " +
                                  path_text(found.front().path)
                            : " conflicts:");
  std::string last;
  for (const Conflict& one : found) {
    const std::string who = with(one);
    refusal.causes.push_back({path_text(one.path), "FieldManagerConflict", "conflict with " + who});
    if (is_one) continue;
    if (who != last) refusal.message += " conflicts with " + who + ":";
    refusal.message += "\n- " + path_text(one.path);
    last = who;
  }
  return refusal;
}

// What this endpoint does not write is not applied either.
Json within_endpoint(const Manager& manager, const Kind& kind, Json configuration) {
  if (manager.subresource == "status") {
    if (kind.is_custom) {
      Json only_status = {{"apiVersion", configuration["apiVersion"]},
                          {"kind", configuration["kind"]}};
      for (const char* name : {"name", "namespace", "uid", "resourceVersion"}) {
        if (const Json* value = field(configuration, {"metadata", name})) {
          only_status["metadata"][name] = *value;
        }
      }
      if (configuration.contains("status")) only_status["status"] = configuration["status"];
      return only_status;
    }
    configuration.erase("spec");
  } else if (kind.has_status) {
    configuration.erase("status");
  }
  return configuration;
}

// Takes out of the merged object what the manager applied before, does not any more, and nobody
// else owns; an emptied parent goes with it unless somebody still speaks of it.
void prune(const FieldSet& prior, const FieldSet& now, const std::vector<Entry>& entries,
           const Manager& manager, const Json& schema, Json& object) {
  const auto is_spoken_of = [&](const FieldPath& path) {
    return has_at_or_below(now, path) ||
           std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
             return !is_of(entry, manager) && has_at_or_below(entry.fields, path);
           });
  };
  for (const FieldPath& path : prior) {
    for (std::size_t length = 1; length <= path.size(); ++length) {
      const FieldPath prefix(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length));
      if (prefix == FieldPath{"f:metadata"} || is_spoken_of(prefix)) continue;
      remove_at(object, schema, prefix, 0);
      break;
    }
  }
}

}  // namespace

Answer<Json> applied_fields(const Manager& manager, const Kind& kind, const Json& live,
                            Json configuration, bool is_forced) {
  const Json schema = whole_schema(kind);
  configuration = within_endpoint(manager, kind, std::move(configuration));
  std::vector<Entry> entries = entries_of(live);
  const FieldSet now = fields_of(ownable(configuration), schema);
  Json result = live.empty() ? configuration : merged(&live, configuration, schema);

  Difference difference;
  const Json was = ownable(live);
  const Json is = ownable(result);
  compare(&was, &is, schema, {}, difference);
  std::vector<Conflict> conflicts;
  for (const Entry& entry : entries) {
    if (is_of(entry, manager)) continue;
    for (const FieldPath& path : entry.fields) {
      if (difference.changed.count(path) != 0) conflicts.push_back({&entry, path});
    }
  }
  if (!conflicts.empty() && !is_forced) return refuse(conflict_refusal(kind, live, conflicts));
  for (Entry& entry : entries) {
    if (!is_of(entry, manager)) lose(entry.fields, {difference.changed, {}});
  }

  Entry& own = entry_of(entries, manager);
  const FieldSet prior = std::move(own.fields);
  own.fields = now;
  own.head["time"] = now_text();
  prune(prior, now, entries, manager, schema, result);
  write_entries(entries, result);
  return result;
}

}  // namespace fakes::api_server
