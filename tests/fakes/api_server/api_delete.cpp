#include <algorithm>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"
#include "tests/fakes/api_server/body.h"

namespace fakes::api_server {
namespace {

Answer<Json> options_of(const Call& call) {
  Json options = Json::object();
  if (!call.request.body.empty()) {
    auto body = decoded_body(call.request.header("content-type"), call.request.body);
    if (!body) return body;
    if (body->is_object()) options = std::move(*body);
  }
  if (call.request.has("propagationPolicy")) {
    options["propagationPolicy"] = call.request.parameter("propagationPolicy");
  }
  const std::string policy = text(options, {"propagationPolicy"});
  if (!policy.empty() && policy != "Background" && policy != "Foreground" && policy != "Orphan") {
    return refuse(
        invalid("meta.k8s.io", "DeleteOptions", "",
                {not_supported_value("propagationPolicy", policy,
                                     {"\"Foreground\"", "\"Background\"", "\"Orphan\"", "nil"})}));
  }
  return options;
}

bool has_finalizers(const Json& object) {
  const Json* finalizers = field(object, {"metadata", "finalizers"});
  return finalizers != nullptr && !finalizers->empty();
}

bool is_marked_deleted(const Json& object) {
  return field(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

Json success(const Call& call, const Json& object) {
  Json details = {{"name", name_of(object)},
                  {"kind", call.kind->plural},
                  {"uid", text(object, {"metadata", "uid"})}};
  if (!call.kind->group.empty()) details["group"] = call.kind->group;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", std::move(details)}};
}

}  // namespace

Answer<Reply> Api::remove(Call& call) {
  const auto options = options_of(call);
  if (!options) return refuse(options.error());
  const Object found = store_.get(call.kind->storage, call.target.namespace_, call.target.name);
  if (!found) return refuse(not_found(call.kind->resource(), call.target.name));
  auto removed = remove_object(call, found, *options);
  if (!removed) return refuse(removed.error());
  if (is_marked_deleted(*removed))
    return json_reply(200, shown(*call.kind, *removed, View::object, ""));
  return json_reply(200, success(call, *removed));
}

// The object as it stands now: marked when something still holds it.
Answer<Json> Api::remove_object(Call& call, const Object& object, const Json& options) {
  const auto check = [&](const char* name, const char* shown_name) -> Answer<void> {
    const std::string wanted = text(options, {"preconditions", name});
    const std::string has = text(*object, {"metadata", name});
    if (wanted.empty() || wanted == has) return {};
    return refuse(conflict(call.kind->resource(), name_of(*object),
                           std::string("Precondition failed: ") + shown_name +
                               " in precondition: " + wanted + ", " + shown_name +
                               " in object meta: " + has));
  };
  if (auto ok = check("uid", "UID"); !ok) return refuse(ok.error());
  if (auto ok = check("resourceVersion", "ResourceVersion"); !ok) return refuse(ok.error());
  const bool is_namespace = call.kind->kind == "Namespace";
  if (is_namespace && (name_of(*object) == "default" || name_of(*object).starts_with("kube-"))) {
    return refuse(
        forbidden(call.kind->resource(), name_of(*object), "this namespace may not be deleted"));
  }
  if (call.is_dry_run) return *object;

  const std::string policy = text(options, {"propagationPolicy"});
  Json after = *object;
  Json& metadata = metadata_of(after);
  const auto hold = [&metadata](const char* finalizer) {
    Json& finalizers = metadata["finalizers"];
    if (std::find(finalizers.begin(), finalizers.end(), Json(finalizer)) == finalizers.end()) {
      finalizers.push_back(finalizer);
    }
  };
  // The collector takes these away when the dependents are seen to.
  if (policy == "Foreground") hold("foregroundDeletion");
  if (policy == "Orphan") hold("orphan");
  if (!has_finalizers(after) && !is_namespace) {
    note_write(call, "delete", *object);
    erase(call.kind->storage, *object);
    return *object;
  }
  if (!is_marked_deleted(after)) {
    metadata["deletionTimestamp"] = now_text();
    metadata["deletionGracePeriodSeconds"] = 0;
    if (is_namespace) after["status"]["phase"] = "Terminating";
  }
  if (after == *object) return after;
  const Object stored = store_.put(call.kind->storage, std::move(after));
  note_write(call, "delete", *stored);
  return *stored;
}

Answer<Reply> Api::remove_collection(Call& call) {
  const auto selected = selector_of(call);
  if (!selected) return refuse(selected.error());
  const auto options = options_of(call);
  if (!options) return refuse(options.error());
  Json items = Json::array();
  for (const Object& object : store_.list(call.kind->storage, call.target.namespace_)) {
    if (!(*selected)(to_served(*call.kind, *object))) continue;
    auto removed = remove_object(call, object, *options);
    if (!removed) return refuse(removed.error());
    items.push_back(to_served(*call.kind, *removed));
  }
  return json_reply(200, {{"kind", call.kind->list_kind},
                          {"apiVersion", call.kind->api_version()},
                          {"metadata", {{"resourceVersion", std::to_string(store_.version())}}},
                          {"items", std::move(items)}});
}

void Api::erase(const std::string& storage, const Json& object) {
  const Object gone = store_.erase(storage, namespace_of(object), name_of(object));
  if (gone && storage == "apiextensions.k8s.io/customresourcedefinitions") {
    const std::string its =
        text(*gone, {"spec", "group"}) + "/" + text(*gone, {"spec", "names", "plural"});
    for (const Object& custom : store_.list(its, "")) {
      store_.erase(its, namespace_of(*custom), name_of(*custom));
    }
    kinds_.remove_custom(*gone);
  }
  changed_.notify_all();
}

}  // namespace fakes::api_server
