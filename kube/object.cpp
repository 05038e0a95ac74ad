#include "kube/object.h"

#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace kube {

namespace {

// What `kubectl apply` writes down for itself, the whole object once more: nobody reads it here,
// and thousands of objects have it.
constexpr const char* kLastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

}  // namespace

ObjectMeta read_meta(const JsonReader& object) {
  const JsonReader metadata = object.object("metadata");
  ObjectMeta meta;
  meta.name = metadata.text("name");
  meta.namespace_ = metadata.text("namespace");
  meta.uid = metadata.text("uid");
  meta.resource_version = metadata.text("resourceVersion");
  meta.generation = metadata.integer("generation");
  meta.creation_timestamp = metadata.time("creationTimestamp").value_or(base::WallTime{});
  meta.is_being_deleted = metadata.has("deletionTimestamp");
  meta.labels = metadata.text_map("labels");
  meta.annotations = metadata.text_map("annotations");
  meta.annotations.erase(kLastAppliedAnnotation);
  metadata.each("ownerReferences", [&meta](const JsonReader& reference) {
    meta.owner_references.push_back({reference.text("apiVersion"), reference.text("kind"),
                                     reference.text("name"), reference.text("uid"),
                                     reference.flag("controller")});
  });
  if (meta.name.empty()) metadata.complain("name", "must not be empty");
  return meta;
}

ObjectMeta read_meta(const nlohmann::json& object) {
  JsonReader::Fault fault;
  return read_meta(JsonReader(object, fault));
}

ObjectKey read_key(const nlohmann::json& object) {
  JsonReader::Fault fault;
  const JsonReader metadata = JsonReader(object, fault).object("metadata");
  return {metadata.text("namespace"), metadata.text("name")};
}

}  // namespace kube
