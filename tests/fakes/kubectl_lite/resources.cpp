#include "tests/fakes/kubectl_lite/resources.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

namespace fakes::kubectl_lite {
namespace {

using api_server::Json;
using api_server::text;

std::string lower(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(), ::tolower);
  return value;
}

base::Result<Json> document(const RestClient& client, const std::string& target) {
  const auto answered = client.send("GET", target);
  if (!answered) return base::failure(answered.error());
  Json body = Json::parse(answered->body, nullptr, false);
  if (answered->status == 200 && body.is_object()) return body;
  return base::failure(base::ErrorKind::not_found,
                       target + ": HTTP " + std::to_string(answered->status));
}

base::Result<Json> resources_of(const RestClient& client, const std::string& group_version) {
  const bool is_core = group_version.find('/') == std::string::npos;
  return document(client, (is_core ? "/api/" : "/apis/") + group_version);
}

Resource resource_of(const std::string& group_version, const Json& entry) {
  std::string singular = text(entry, {"singularName"});
  if (singular.empty()) singular = lower(text(entry, {"kind"}));
  return {group_version, text(entry, {"name"}), singular, entry.value("namespaced", true)};
}

bool is_called(const Json& entry, const std::string& name) {
  if (text(entry, {"name"}) == name || text(entry, {"singularName"}) == name ||
      lower(text(entry, {"kind"})) == name) {
    return true;
  }
  const Json* short_names = api_server::field(entry, {"shortNames"});
  return short_names != nullptr &&
         std::find(short_names->begin(), short_names->end(), Json(name)) != short_names->end();
}

}  // namespace

std::string Resource::path(const std::string& namespace_) const {
  std::string path = group_version.find('/') == std::string::npos ? "/api/" : "/apis/";
  path += group_version;
  if (is_namespaced && !namespace_.empty()) path += "/namespaces/" + namespace_;
  return path + "/" + plural;
}

std::string Resource::text() const {
  const std::size_t slash = group_version.find('/');
  return slash == std::string::npos ? singular : singular + "." + group_version.substr(0, slash);
}

base::Result<Resource> resource_named(const RestClient& client, const std::string& name) {
  const std::string wanted = lower(name);
  const std::size_t dot = wanted.find('.');
  const std::string group = dot == std::string::npos ? "" : wanted.substr(dot + 1);
  std::vector<std::string> versions{"v1"};
  const auto groups = document(client, "/apis");
  if (!groups) return base::failure(groups.error());
  for (const Json& one : (*groups)["groups"]) {
    versions.push_back(text(one, {"preferredVersion", "groupVersion"}));
  }
  for (const std::string& version : versions) {
    if (!group.empty() && !version.starts_with(group + "/")) continue;
    const auto list = resources_of(client, version);
    if (!list) return base::failure(list.error());
    for (const Json& entry : (*list)["resources"]) {
      if (text(entry, {"name"}).find('/') != std::string::npos) continue;
      if (is_called(entry, wanted.substr(0, dot))) return resource_of(version, entry);
    }
  }
  return base::failure(base::ErrorKind::not_found,
                       "the server doesn't have a resource type \"" + name + "\"");
}

base::Result<Resource> resource_of_object(const RestClient& client, const Json& object) {
  const std::string version = text(object, {"apiVersion"});
  const std::string kind = text(object, {"kind"});
  if (const auto list = resources_of(client, version)) {
    for (const Json& entry : (*list)["resources"]) {
      const bool is_whole = text(entry, {"name"}).find('/') == std::string::npos;
      if (is_whole && text(entry, {"kind"}) == kind) return resource_of(version, entry);
    }
  }
  return base::failure(base::ErrorKind::not_found,
                       "no matches for kind \"" + kind + "\" in version \"" + version + "\"");
}

}  // namespace fakes::kubectl_lite
