#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "tests/fakes/api_server/admission.h"
#include "tests/fakes/api_server/api.h"
#include "tests/fakes/api_server/body.h"
#include "tests/fakes/api_server/definition.h"
#include "tests/fakes/api_server/managed_fields.h"
#include "tests/fakes/api_server/patch.h"

namespace fakes::api_server {
namespace {

FieldValidation field_validation(const Request& request) {
  const std::string wanted = request.parameter("fieldValidation");
  if (wanted == "Strict") return FieldValidation::strict;
  if (wanted == "Ignore") return FieldValidation::ignore;
  return FieldValidation::warn;
}

Admission admission_of(Call& call) {
  return {*call.kind, call.target.subresource, field_validation(call.request), &call.warnings};
}

Manager manager_of(const Call& call, bool is_apply) {
  return {call.manager, is_apply, call.target.subresource, call.kind->api_version()};
}

// The object must be what the URL says it is.
Answer<void> check_identity(const Call& call, const Json& object) {
  if (!object.is_object()) return refuse(bad_request("the object provided is no object"));
  const std::string api_version = text(object, {"apiVersion"});
  const std::string kind = text(object, {"kind"});
  if (kind.empty()) {
    return refuse(bad_request("Object 'Kind' is missing in '" + object.dump() + "'"));
  }
  if (api_version != call.kind->api_version() || kind != call.kind->kind) {
    return refuse(bad_request("the API version in the data (" + api_version + ", Kind=" + kind +
                              ") does not match the expected API version (" +
                              call.kind->api_version() + ", Kind=" + call.kind->kind + ")"));
  }
  const std::string namespace_ = namespace_of(object);
  if (!namespace_.empty() && namespace_ != call.target.namespace_) {
    return refuse(
        bad_request("the namespace of the provided object does not match the namespace "
                    "sent on the request"));
  }
  const std::string name = name_of(object);
  if (!call.target.name.empty() && !name.empty() && name != call.target.name) {
    return refuse(bad_request("the name of the object (" + name +
                              ") does not match the name on the URL (" + call.target.name + ")"));
  }
  return {};
}

}  // namespace

Answer<void> Api::check_namespace(const Call& call) const {
  if (!call.kind->is_namespaced) return {};
  const Object found = store_.get("/namespaces", "", call.target.namespace_);
  if (!found) return refuse(not_found({"", "namespaces"}, call.target.namespace_));
  if (text(*found, {"status", "phase"}) == "Terminating") {
    return refuse(forbidden(call.kind->resource(), call.target.name,
                            "unable to create new content in namespace " + call.target.namespace_ +
                                " because it is being terminated"));
  }
  return {};
}

void Api::note_write(const Call& call, std::string_view verb, const Json& object) {
  std::string resource = call.kind->resource().text();
  if (!call.target.subresource.empty()) resource += "/" + call.target.subresource;
  writes_.add({std::string(verb), std::move(resource), namespace_of(object), name_of(object),
               call.user, call.manager, text(object, {"metadata", "resourceVersion"})});
  changed_.notify_all();
}

Answer<Reply> Api::create(Call& call) {
  auto object = decoded_body(call.request.header("content-type"), call.request.body);
  if (!object) return refuse(object.error());
  if (auto fits = check_identity(call, *object); !fits) return refuse(fits.error());
  auto created = create_object(call, std::move(*object), "create");
  if (!created) return refuse(created.error());
  return json_reply(
      201, shown(*call.kind, *created, call.view, call.request.parameter("includeObject")));
}

Answer<Json> Api::create_object(Call& call, Json object, std::string_view verb) {
  if (auto exists = check_namespace(call); !exists) return refuse(exists.error());
  if (!text(object, {"metadata", "resourceVersion"}).empty()) {
    return refuse(bad_request("resourceVersion should not be set on objects to be created"));
  }
  const Kind& kind = *call.kind;
  object = to_stored(kind, std::move(object));
  Json& metadata = metadata_of(object);
  if (kind.is_namespaced) metadata["namespace"] = call.target.namespace_;
  if (const std::string prefix = text(object, {"metadata", "generateName"});
      name_of(object).empty() && !prefix.empty()) {
    metadata["name"] = prefix + name_suffix();
  }
  const std::string name = name_of(object);
  auto ready = ready_to_create(admission_of(call), std::move(object));
  if (!ready) return ready;
  if (auto sound = check_definition(kind, *ready); !sound) return refuse(sound.error());
  if (store_.get(kind.storage, call.target.namespace_, name)) {
    return refuse(already_exists(kind.resource(), name));
  }
  // An apply has worked out its owners already.
  if (verb != "apply") own_changes(manager_of(call, false), kind, Json::object(), *ready);
  if (call.is_dry_run) return ready;
  if (kind.kind == "CustomResourceDefinition") establish(*ready);
  const Object stored = store_.put(kind.storage, std::move(*ready));
  follow_definition(kind, *stored, false);
  note_write(call, verb, *stored);
  return *stored;
}

Answer<Reply> Api::update(Call& call) {
  auto object = decoded_body(call.request.header("content-type"), call.request.body);
  if (!object) return refuse(object.error());
  if (auto fits = check_identity(call, *object); !fits) return refuse(fits.error());
  if (name_of(*object).empty()) {
    return refuse(bad_request("name must be provided: the object has no metadata.name"));
  }
  const Object before = store_.get(call.kind->storage, call.target.namespace_, call.target.name);
  if (!before) return refuse(not_found(call.kind->resource(), call.target.name));
  if (text(*object, {"metadata", "resourceVersion"}).empty() &&
      call.kind->needs_version_to_update) {
    return refuse(
        invalid(call.kind->group, call.kind->kind, call.target.name,
                {invalid_value("metadata.resourceVersion", 0, "must be specified for an update")}));
  }
  if (call.kind->is_namespaced) metadata_of(*object)["namespace"] = call.target.namespace_;
  auto updated = update_object(call, *before, to_stored(*call.kind, std::move(*object)), "update");
  if (!updated) return refuse(updated.error());
  return json_reply(
      200, shown(*call.kind, *updated, call.view, call.request.parameter("includeObject")));
}

Answer<Json> Api::update_object(Call& call, const Json& before, Json after, std::string_view verb) {
  const Kind& kind = *call.kind;
  const std::string name = name_of(before);
  const std::string wanted = text(after, {"metadata", "resourceVersion"});
  if (!wanted.empty() && wanted != text(before, {"metadata", "resourceVersion"})) {
    return refuse(conflict(kind.resource(), name,
                           "the object has been modified; please apply your changes to the latest "
                           "version and try again"));
  }
  auto ready = ready_to_update(admission_of(call), before, std::move(after));
  if (!ready) return ready;
  if (auto sound = check_definition(kind, *ready); !sound) return refuse(sound.error());
  // An apply has worked out its owners already.
  if (verb != "apply") own_changes(manager_of(call, false), kind, before, *ready);
  if (is_same_write(before, *ready)) return before;
  if (call.is_dry_run) return ready;
  if (kind.kind == "CustomResourceDefinition") establish(*ready);
  const Object stored = store_.put(kind.storage, std::move(*ready));
  follow_definition(kind, *stored, false);
  note_write(call, verb, *stored);
  const Json* finalizers = field(*stored, {"metadata", "finalizers"});
  if (field(*stored, {"metadata", "deletionTimestamp"}) != nullptr &&
      (finalizers == nullptr || finalizers->empty()) && kind.kind != "Namespace") {
    erase(kind.storage, *stored);
  }
  return *stored;
}

Answer<Reply> Api::patch(Call& call) {
  const std::string content_type = call.request.header("content-type");
  const std::string type = content_type.substr(0, content_type.find(';'));
  const Kind& kind = *call.kind;
  const bool is_apply = type == "application/apply-patch+yaml";
  const bool is_strategic = type == "application/strategic-merge-patch+json";
  if (!is_apply && !is_strategic && type != "application/json-patch+json" &&
      type != "application/merge-patch+json") {
    return refuse(unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, "
        "application/apply-patch+yaml"));
  }
  if (is_strategic && kind.is_custom) {
    return refuse(unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, "
        "application/apply-patch+yaml"));
  }
  auto body = decoded_body(content_type, call.request.body);
  if (!body) return refuse(body.error());
  const Object before = store_.get(kind.storage, call.target.namespace_, call.target.name);

  if (is_apply) {
    if (!call.request.has("fieldManager")) {
      return refuse(invalid("meta.k8s.io", "PatchOptions", "",
                            {required_value("fieldManager", "is required for apply patch")}));
    }
    if (auto fits = check_identity(call, *body); !fits) return refuse(fits.error());
    if (field(*body, {"metadata", "managedFields"}) != nullptr) {
      return refuse(bad_request("metadata.managedFields must be nil"));
    }
    if (!before && !call.target.subresource.empty()) {
      return refuse(not_found(kind.resource(), call.target.name));
    }
    metadata_of(*body)["name"] = call.target.name;
    if (kind.is_namespaced) metadata_of(*body)["namespace"] = call.target.namespace_;
    const std::string force = call.request.parameter("force");
    const std::string uid = text(*body, {"metadata", "uid"});
    if (!before && !uid.empty()) {
      return refuse(conflict(kind.resource(), call.target.name,
                             "uid mismatch: the provided object specified uid " + uid +
                                 ", and no existing object was found"));
    }
    auto applied =
        applied_fields(manager_of(call, true), kind, before ? *before : Json::object(),
                       to_stored(kind, std::move(*body)), force == "true" || force == "1");
    if (!applied) return refuse(applied.error());
    auto written = before ? update_object(call, *before, std::move(*applied), "apply")
                          : create_object(call, std::move(*applied), "apply");
    if (!written) return refuse(written.error());
    return json_reply(before ? 200 : 201, shown(kind, *written, call.view, ""));
  }

  if (!before) return refuse(not_found(kind.resource(), call.target.name));
  const Json served = to_served(kind, *before);
  Answer<Json> patched = type == "application/json-patch+json" ? json_patched(served, *body)
                         : is_strategic ? strategic_merge_patched(served, *body, *kind.schema)
                                        : Answer<Json>(merge_patched(served, *body));
  if (!patched) return refuse(patched.error());
  if (auto fits = check_identity(call, *patched); !fits) return refuse(fits.error());
  auto updated = update_object(call, *before, to_stored(kind, std::move(*patched)), "patch");
  if (!updated) return refuse(updated.error());
  return json_reply(200, shown(kind, *updated, call.view, ""));
}

Answer<Reply> Api::create_only(Call& call) {
  auto object = decoded_body(call.request.header("content-type"), call.request.body);
  if (!object) return refuse(object.error());
  if (auto fits = check_identity(call, *object); !fits) return refuse(fits.error());
  const Json spec = object->value("spec", Json::object());
  if (call.kind->kind == "TokenReview") {
    if (text(spec, {"token"}).empty()) {
      return refuse(bad_request("token is required for TokenReview in authentication"));
    }
    (*object)["status"] = auth_.review(spec);
  } else {
    (*object)["status"] = {{"allowed", true}, {"reason", "the fake allows everything"}};
  }
  return json_reply(201, *object);
}

// The TokenRequest of a ServiceAccount (authentication.k8s.io/v1).
Answer<Reply> Api::issue_token(Call& call) {
  auto request = decoded_body(call.request.header("content-type"), call.request.body);
  if (!request) return refuse(request.error());
  const Object account = store_.get(call.kind->storage, call.target.namespace_, call.target.name);
  if (!account) return refuse(not_found(call.kind->resource(), call.target.name));
  Json spec = request->value("spec", Json::object());
  std::vector<std::string> audiences;
  if (const Json* wanted = field(spec, {"audiences"}); wanted != nullptr && !wanted->empty()) {
    audiences = wanted->get<std::vector<std::string>>();
  } else {
    audiences = {Auth::api_audience};
  }
  const auto seconds = std::chrono::seconds(spec.value("expirationSeconds", 3600));
  spec["audiences"] = audiences;
  spec["expirationSeconds"] = seconds.count();
  (*request)["spec"] = spec;
  (*request)["status"] = {
      {"token", auth_.issue_token(*account, std::move(audiences))},
      {"expirationTimestamp", base::to_rfc3339(std::chrono::system_clock::now() + seconds)}};
  return json_reply(201, *request);
}

void Api::follow_definition(const Kind& kind, const Json& definition, bool is_gone) {
  if (kind.kind != "CustomResourceDefinition") return;
  if (is_gone) {
    kinds_.remove_custom(definition);
  } else {
    kinds_.add_custom(definition);
  }
}

}  // namespace fakes::api_server
