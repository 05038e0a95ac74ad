// What clients ask before they ask for objects: versions, groups, resources, and just enough
// OpenAPI for kubectl to learn that the server validates fields itself.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"

namespace fakes::api_server {
namespace {

Json resource_list(const Kinds& kinds, const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const KindPtr& kind : kinds.all()) {
    if (kind->group != group || kind->version != version) continue;
    Json verbs = {"create", "delete", "deletecollection", "get",
                  "list",   "patch",  "update",           "watch"};
    if (kind->is_create_only) verbs = {"create"};
    Json entry = {{"name", kind->plural},
                  {"singularName", kind->singular},
                  {"namespaced", kind->is_namespaced},
                  {"kind", kind->kind},
                  {"verbs", verbs}};
    if (!kind->short_names.empty()) entry["shortNames"] = kind->short_names;
    if (!kind->categories.empty()) entry["categories"] = kind->categories;
    resources.push_back(entry);
    if (!kind->has_status) continue;
    resources.push_back({{"name", kind->plural + "/status"},
                         {"singularName", ""},
                         {"namespaced", kind->is_namespaced},
                         {"kind", kind->kind},
                         {"verbs", {"get", "patch", "update"}}});
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? version : group + "/" + version},
          {"resources", resources}};
}

Json group_entry(const Kinds& kinds, const std::string& group) {
  Json versions = Json::array();
  for (const std::string& version : kinds.versions_of(group)) {
    versions.push_back({{"groupVersion", group + "/" + version}, {"version", version}});
  }
  const Json preferred = versions.front();
  return {{"name", group}, {"versions", versions}, {"preferredVersion", preferred}};
}

std::vector<std::string> groups_of(const Kinds& kinds) {
  std::vector<std::string> groups;
  for (const KindPtr& kind : kinds.all()) {
    if (!kind->group.empty() &&
        std::find(groups.begin(), groups.end(), kind->group) == groups.end()) {
      groups.push_back(kind->group);
    }
  }
  return groups;
}

Json group_list(const Kinds& kinds) {
  Json groups = Json::array();
  for (const std::string& group : groups_of(kinds)) groups.push_back(group_entry(kinds, group));
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}};
}

Json openapi_index(const Kinds& kinds) {
  Json paths = Json::object();
  const auto add = [&paths](const std::string& path) {
    paths[path] = {{"serverRelativeURL", "/openapi/v3/" + path + "?hash=fake"}};
  };
  add("api/v1");
  for (const std::string& group : groups_of(kinds)) {
    for (const std::string& version : kinds.versions_of(group))
      add("apis/" + group + "/" + version);
  }
  return {{"paths", paths}};
}

// Only the PATCH of each kind, with its fieldValidation parameter: kubectl looks for that before it
// trusts the server to validate.
Json openapi_document(const Kinds& kinds, const std::string& group, const std::string& version) {
  Json paths = Json::object();
  Json schemas = Json::object();
  const std::string base = group.empty() ? "/api/v1" : "/apis/" + group + "/" + version;
  for (const KindPtr& kind : kinds.all()) {
    if (kind->group != group || kind->version != version || kind->is_create_only) continue;
    const Json gvk = {{"group", group}, {"version", version}, {"kind", kind->kind}};
    const Json parameters = {{{"name", "fieldValidation"},
                              {"in", "query"},
                              {"schema", {{"type", "string"}, {"uniqueItems", true}}}}};
    const std::string path =
        base + (kind->is_namespaced ? "/namespaces/{namespace}/" : "/") + kind->plural + "/{name}";
    paths[path] = {{"patch",
                    {{"x-kubernetes-action", "patch"},
                     {"x-kubernetes-group-version-kind", gvk},
                     {"parameters", parameters},
                     {"responses", {{"200", {{"description", "OK"}}}}}}}};
    Json schema = {{"type", "object"}};
    if (kind->is_custom && kind->schema) schema = *kind->schema;
    schema["x-kubernetes-group-version-kind"] = Json::array({gvk});
    schemas[group + "." + version + "." + kind->kind] = schema;
  }
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "Kubernetes"}, {"version", "v1.32.0"}}},
          {"paths", paths},
          {"components", {{"schemas", schemas}}}};
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    if (path.front() == '/') {
      path.remove_prefix(1);
      continue;
    }
    const std::string_view part = path.substr(0, path.find('/'));
    parts.emplace_back(part);
    path.remove_prefix(part.size());
  }
  return parts;
}

bool is_served(const Kinds& kinds, const std::string& group, const std::string& version) {
  const auto versions = kinds.versions_of(group);
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

}  // namespace

Reply discovery_reply(const Kinds& kinds, const Request& request) {
  std::vector<std::string> parts = parts_of(request.path);
  if (parts == std::vector<std::string>{"version"}) {
    return json_reply(200, {{"major", "1"},
                            {"minor", "32"},
                            {"gitVersion", "v1.32.0+gatehouse-fake"},
                            {"platform", "linux/amd64"}});
  }
  if (parts == std::vector<std::string>{"api"}) {
    return json_reply(200, {{"kind", "APIVersions"},
                            {"versions", {"v1"}},
                            {"serverAddressByClientCIDRs", Json::array()}});
  }
  if (parts == std::vector<std::string>{"apis"}) return json_reply(200, group_list(kinds));
  if (parts.size() >= 2 && parts[0] == "openapi" && parts[1] == "v3") {
    if (parts.size() == 2) return json_reply(200, openapi_index(kinds));
    parts.erase(parts.begin(), parts.begin() + 2);
    if (parts.size() == 2 && parts[0] == "api" && is_served(kinds, "", parts[1])) {
      return json_reply(200, openapi_document(kinds, "", parts[1]));
    }
    if (parts.size() == 3 && parts[0] == "apis" && is_served(kinds, parts[1], parts[2])) {
      return json_reply(200, openapi_document(kinds, parts[1], parts[2]));
    }
    return refusal_reply(no_such_path());
  }
  if (parts.size() == 2 && parts[0] == "api" && is_served(kinds, "", parts[1])) {
    return json_reply(200, resource_list(kinds, "", parts[1]));
  }
  if (parts.size() == 2 && parts[0] == "apis" && !kinds.versions_of(parts[1]).empty()) {
    Json group = group_entry(kinds, parts[1]);
    group["kind"] = "APIGroup";
    group["apiVersion"] = "v1";
    return json_reply(200, group);
  }
  if (parts.size() == 3 && parts[0] == "apis" && is_served(kinds, parts[1], parts[2])) {
    return json_reply(200, resource_list(kinds, parts[1], parts[2]));
  }
  return refusal_reply(no_such_path());
}

}  // namespace fakes::api_server
