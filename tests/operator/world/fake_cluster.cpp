#include "tests/operator/world/fake_cluster.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace operator_test {

namespace {

using nlohmann::json;

base::HttpResponse reply(int status, const json& body) {
  base::HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = body.dump();
  return response;
}

base::HttpResponse refuse(int code, const std::string& reason, const std::string& message) {
  return reply(code, {{"kind", "Status"},
                      {"status", "Failure"},
                      {"reason", reason},
                      {"code", code},
                      {"message", message}});
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::string content_type(const base::HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (name == "Content-Type" || name == "content-type") return value;
  }
  return {};
}

// The leaves of an applied object, as JSON pointers: what its manager owns.
void collect_leaves(const json& value, const std::string& pointer,
                    std::vector<std::string>& leaves) {
  if (!value.is_object() || value.empty()) {
    leaves.push_back(pointer);
    return;
  }
  for (const auto& [name, nested] : value.items()) {
    std::string token;
    for (const char c : name) token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    collect_leaves(nested, pointer + "/" + token, leaves);
  }
}

void erase_at(json& object, const std::string& pointer) {
  const json::json_pointer path(pointer);
  if (object.contains(path)) object[path.parent_pointer()].erase(path.back());
}

std::string version_of(const json& object) {
  return object.value("/metadata/resourceVersion"_json_pointer, "");
}

}  // namespace

struct FakeCluster::Objects {
  std::map<std::string, json> all;
};

FakeCluster::FakeCluster() : held_(std::make_unique<Objects>()) {}
FakeCluster::~FakeCluster() = default;

struct FakeCluster::Target {
  std::string api_version;
  std::string plural;
  std::string namespace_;
  std::string name;
  bool is_status = false;

  std::string id() const { return plural + "/" + namespace_ + "/" + name; }
  std::string text() const {
    return plural + "/" + (namespace_.empty() ? "" : namespace_ + "/") + name +
           (is_status ? "/status" : "");
  }
};

base::Result<base::HttpResponse> FakeCluster::send(const base::HttpRequest& request,
                                                   std::stop_token stop) {
  if (stop.stop_requested()) return base::failure(base::ErrorKind::cancelled, "stopped");
  if (fault) {
    if (auto met = fault(request)) return *std::move(met);
  }
  return answer(request);
}

base::HttpResponse FakeCluster::status_answer(int code, const std::string& reason,
                                              const std::string& message) {
  return refuse(code, reason, message);
}

base::Result<base::HttpResponse> FakeCluster::stream(const base::HttpRequest& request,
                                                     const OnHead&, const OnChunk&,
                                                     std::stop_token) {
  ADD_FAILURE() << "no watches here: " << request.url;
  return base::failure(base::ErrorKind::protocol, "no watches here");
}

base::HttpResponse FakeCluster::answer(const base::HttpRequest& request) {
  std::string path = request.url.substr(request.url.find('/', 8));
  path = path.substr(0, path.find('?'));
  std::vector<std::string> parts = split(path.substr(1), '/');
  Target target;
  const bool is_core = parts.at(0) == "api";
  target.api_version = is_core ? parts.at(1) : parts.at(1) + "/" + parts.at(2);
  std::size_t at = is_core ? 2 : 3;
  if (parts.at(at) == "namespaces") {
    target.namespace_ = parts.at(at + 1);
    at += 2;
  }
  target.plural = parts.at(at++);
  if (at < parts.size()) target.name = parts[at++];
  if (at < parts.size()) target.is_status = parts[at] == "status";

  const json body = request.body.empty() ? json() : json::parse(request.body);
  const std::string type = content_type(request);
  if (request.method == "POST") return create(target, body);
  const auto found = held_->all.find(target.id());
  if (request.method == "GET") {
    return found == held_->all.end() ? refuse(404, "NotFound", target.text() + " not found")
                                     : reply(200, found->second);
  }
  if (request.method == "PATCH" && type == "application/apply-patch+yaml" && !target.is_status) {
    return apply(target, body);
  }
  if (request.method == "PATCH" && type == "application/merge-patch+json") {
    return target.is_status ? patch_status(target, body) : patch(target, body);
  }
  ADD_FAILURE() << "unexpected " << request.method << " " << path << " " << type;
  return refuse(405, "MethodNotAllowed", "not known here");
}

base::HttpResponse FakeCluster::create(const Target& target, json object) {
  Target named = target;
  named.name = object.at("metadata").at("name");
  if (held_->all.count(named.id()) != 0) {
    return refuse(409, "AlreadyExists", named.text() + " already exists");
  }
  return reply(201, store("create", named, std::move(object)));
}

base::HttpResponse FakeCluster::apply(const Target& target, const json& object) {
  if (!refusal_of_applies.empty()) return refuse(422, "Invalid", refusal_of_applies);
  const auto found = held_->all.find(target.id());
  const std::string wanted = version_of(object);
  if (found == held_->all.end() && !wanted.empty()) {
    // As the API server has it.
    return refuse(400, "BadRequest", "resourceVersion should not be set on objects to be created");
  }
  if (!wanted.empty() && wanted != version_of(found->second)) {
    return refuse(409, "Conflict", target.text() + ": the object has been modified");
  }
  json after = found == held_->all.end() ? json::object() : found->second;
  if (after.contains("type") && after["type"] != object.at("type")) {
    return refuse(422, "Invalid", target.text() + ": type: field is immutable");
  }
  std::vector<std::string> leaves;
  collect_leaves(object, "", leaves);
  for (const std::string& owned : applied_[target.id()]) erase_at(after, owned);
  after.merge_patch(object);
  if (after.at("type") == "kubernetes.io/tls" &&
      !(after.at("data").contains("tls.crt") && after.at("data").contains("tls.key"))) {
    return refuse(422, "Invalid", target.text() + ": data: tls.crt and tls.key are required");
  }
  applied_[target.id()] = leaves;
  return reply(200, store("apply", target, std::move(after)));
}

base::HttpResponse FakeCluster::patch_status(const Target& target, json patch) {
  if (!refusal_of_status.empty()) return refuse(422, "Invalid", refusal_of_status);
  const auto found = held_->all.find(target.id());
  if (found == held_->all.end()) return refuse(404, "NotFound", target.text() + " not found");
  const std::string wanted = version_of(patch);
  if (!wanted.empty() && wanted != version_of(found->second)) {
    return refuse(409, "Conflict", target.text() + ": the object has been modified");
  }
  json after = found->second;
  json status = {{"status", patch.value("status", json::object())}};
  after.merge_patch(status);
  return reply(200, store("patch", target, std::move(after)));
}

base::HttpResponse FakeCluster::patch(const Target& target, const json& patch) {
  const auto found = held_->all.find(target.id());
  if (found == held_->all.end()) return refuse(404, "NotFound", target.text() + " not found");
  const std::string wanted = version_of(patch);
  if (!wanted.empty() && wanted != version_of(found->second)) {
    return refuse(409, "Conflict", target.text() + ": the object has been modified");
  }
  json after = found->second;
  after.merge_patch(patch);
  return reply(200, store("patch", target, std::move(after)));
}

// A write that changes nothing makes no version.
json FakeCluster::store(const std::string& verb, const Target& target, json object) {
  const auto found = held_->all.find(target.id());
  json& metadata = object["metadata"];
  if (found != held_->all.end()) {
    metadata["resourceVersion"] = version_of(found->second);
    if (object == found->second) return object;
  } else {
    metadata["uid"] = "uid-" + std::to_string(++version_);
    metadata["generation"] = 1;
    metadata.emplace("creationTimestamp", "2026-01-01T00:00:00Z");
  }
  metadata["resourceVersion"] = std::to_string(++version_);
  held_->all[target.id()] = object;
  ++changes_;
  writes_.push_back({verb, target.text()});
  return object;
}

void FakeCluster::put(const kube::ResourceType& type, json object) {
  Target target{type.api_version(), type.plural, "", object.at("metadata").at("name"), false};
  target.namespace_ = object["metadata"].value("namespace", "");
  object["apiVersion"] = type.api_version();
  object["kind"] = type.kind;
  const auto found = held_->all.find(target.id());
  std::int64_t generation = 1;
  if (found != held_->all.end()) {
    const json& before = found->second;
    const bool is_changed =
        object.value("spec", json::object()) != before.value("spec", json::object());
    generation = before["metadata"].value("generation", 1) + (is_changed ? 1 : 0);
    object["metadata"]["uid"] = before["metadata"]["uid"];
    if (!object.contains("status") && before.contains("status")) {
      object["status"] = before["status"];
    }
  } else {
    object["metadata"]["uid"] = "uid-" + std::to_string(++version_);
  }
  object["metadata"]["generation"] = generation;
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  object["metadata"].emplace("creationTimestamp", "2026-01-01T00:00:00Z");
  held_->all[target.id()] = std::move(object);
  ++changes_;
}

void FakeCluster::remove(const kube::ResourceType& type, const kube::ObjectKey& key) {
  const std::string id = type.plural + "/" + key.namespace_ + "/" + key.name;
  held_->all.erase(id);
  applied_.erase(id);
  ++changes_;
}

json FakeCluster::get(const kube::ResourceType& type, const kube::ObjectKey& key) const {
  const auto found = held_->all.find(type.plural + "/" + key.namespace_ + "/" + key.name);
  return found == held_->all.end() ? json() : found->second;
}

std::vector<json> FakeCluster::list(const kube::ResourceType& type) const {
  std::vector<json> all;
  each(type, [&all](const json& object) { all.push_back(object); });
  return all;
}

void FakeCluster::each(const kube::ResourceType& type,
                       const std::function<void(const json&)>& visit) const {
  const std::string prefix = type.plural + "/";
  for (auto at = held_->all.lower_bound(prefix); at != held_->all.end(); ++at) {
    if (at->first.rfind(prefix, 0) != 0) return;
    visit(at->second);
  }
}

}  // namespace operator_test
