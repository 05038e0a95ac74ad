#include "tests/fakes/api_server/contract/cluster.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/fakes/api_server/server.h"
#include "tests/support/temporary_directory.h"

namespace fakes::api_server::contract {
namespace {

struct InMemory {
  InMemory() {
    auto started = Server::start({});
    if (!started) throw std::runtime_error(started.error().message);
    server = std::move(*started);
    directory.write("kubeconfig", server->kubeconfig());
  }
  std::unique_ptr<Server> server;
  ::support::TemporaryDirectory directory;
  std::filesystem::path kubeconfig = directory.path("kubeconfig");
};

// The kubeconfig of a real cluster; empty without one.
std::string real_kubeconfig() {
  const char* path = std::getenv("GATEHOUSE_CONTRACT_KUBECONFIG");
  return path != nullptr ? path : "";
}

kubectl_lite::RestClient connected() {
  std::string path = real_kubeconfig();
  if (path.empty()) {
    static InMemory in_memory;
    path = in_memory.kubeconfig;
  }
  auto client = kubectl_lite::RestClient::from_kubeconfig(path);
  if (!client) throw std::runtime_error(client.error().message);
  return *client;
}

const char* const widget_definition = R"({
  "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
  "metadata": {"name": "widgets.contract.gatehouse.dev"},
  "spec": {
    "group": "contract.gatehouse.dev", "scope": "Namespaced",
    "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wdg"]},
    "versions": [{
      "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
      "additionalPrinterColumns": [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
      "schema": {"openAPIV3Schema": {
        "type": "object",
        "properties": {
          "spec": {
            "type": "object", "required": ["owner"],
            "x-kubernetes-validations": [
              {"rule": "self.owner == oldSelf.owner", "message": "owner is immutable"},
              {"rule": "!has(self.size) || self.size != 13", "message": "13 is unlucky"}],
            "properties": {
              "owner": {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z]+$"},
              "size": {"type": "integer", "minimum": 1, "maximum": 100},
              "shade": {"type": "string", "enum": ["Dark", "Light"], "default": "Dark"},
              "tags": {"type": "array", "maxItems": 10, "x-kubernetes-list-type": "set",
                       "items": {"type": "string", "maxLength": 20}},
              "ports": {"type": "array", "maxItems": 10, "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": {"type": "object", "required": ["name"], "properties": {
                          "name": {"type": "string", "maxLength": 20},
                          "number": {"type": "integer"}}}}}},
          "status": {
            "type": "object",
            "properties": {
              "phase": {"type": "string"},
              "conditions": {"type": "array", "x-kubernetes-list-type": "map",
                             "x-kubernetes-list-map-keys": ["type"],
                             "items": {"type": "object", "required": ["type", "status"],
                               "properties": {"type": {"type": "string"},
                                              "status": {"type": "string"}}}}}}}}}}]}})";

}  // namespace

const kubectl_lite::RestClient& cluster() {
  static const kubectl_lite::RestClient client = connected();
  return client;
}

bool is_in_memory() {
  return real_kubeconfig().empty();
}

Reply::Reply(int its_status, Json its_body, std::string its_warning)
    : status(its_status),
      owned_body(std::make_shared<Json>(std::move(its_body))),
      body(*owned_body),
      warning(std::move(its_warning)) {}

std::string Reply::reason() const {
  return body.value("reason", "");
}
std::string Reply::message() const {
  return body.value("message", "");
}
std::string Reply::version() const {
  return body["metadata"].value("resourceVersion", "");
}

Watch::Event::Event(std::string its_type, Json its_object)
    : type(std::move(its_type)),
      owned_object(std::make_shared<Json>(std::move(its_object))),
      object(*owned_object) {}

std::string Watch::Event::name() const {
  return object["metadata"].value("name", "");
}

Reply call(const std::string& method, const std::string& target) {
  return call(method, target, Json());
}

Reply call(const std::string& method, const std::string& target, const Json& body,
           const std::string& content_type) {
  const auto answered =
      cluster().send(method, target, body.is_null() ? "" : body.dump(), content_type);
  if (!answered) {
    ADD_FAILURE() << method << " " << target << ": " << answered.error().message;
    return {0, Json::object(), ""};
  }
  Json parsed = Json::parse(answered->body, nullptr, false);
  if (parsed.is_discarded()) parsed = Json::object();
  return {answered->status, std::move(parsed), answered->header("warning").value_or("")};
}

Watch::Watch(const std::string& target)
    : thread_([this, target](std::stop_token stop) {
        const auto watched = cluster().watch(
            target,
            [this](const std::string& line) {
              const Json event = Json::parse(line, nullptr, false);
              const std::lock_guard lock(mutex_);
              events_.emplace_back(event.value("type", "Status"), event.value("object", event));
              changed_.notify_all();
              return true;
            },
            stop);
        const std::lock_guard lock(mutex_);
        is_over_ = true;
        changed_.notify_all();
      }) {}

Watch::~Watch() {
  thread_.request_stop();
}

std::optional<Watch::Event> Watch::next() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(20),
                    [this] { return is_over_ || !events_.empty(); });
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<Watch::Event> Watch::next_change() {
  for (;;) {
    auto event = next();
    if (!event || event->type != "BOOKMARK") return event;
  }
}

void Contract::SetUpTestSuite() {
  const Reply defined = call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                             Json::parse(widget_definition));
  ASSERT_TRUE(defined.status == 201 || defined.reason() == "AlreadyExists") << defined.message();
  // A real server serves a new kind a moment later.
  for (int i = 0; i < 100; ++i) {
    if (call("GET", "/apis/contract.gatehouse.dev/v1/widgets").status == 200) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  FAIL() << "The kind Widget is not served";
}

void Contract::SetUp() {
  const Reply created = call(
      "POST", "/api/v1/namespaces",
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"generateName", "contract-"}}}});
  ASSERT_EQ(created.status, 201) << created.message();
  ns_ = created.body["metadata"]["name"];
}

void Contract::TearDown() {
  call("DELETE", "/api/v1/namespaces/" + ns_);
}

Json Contract::config_map(const std::string& name) const {
  return config_map(name, Json::object());
}

Json Contract::config_map(const std::string& name, const Json& data) const {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}, {"namespace", ns_}}},
          {"data", data}};
}

Json Contract::widget(const std::string& name, const Json& spec) const {
  return {{"apiVersion", "contract.gatehouse.dev/v1"},
          {"kind", "Widget"},
          {"metadata", {{"name", name}, {"namespace", ns_}}},
          {"spec", spec}};
}

Reply Contract::apply(const std::string& target, const Json& object, const std::string& manager,
                      const std::string& more) const {
  return call("PATCH", target + "?fieldManager=" + manager + more, object,
              "application/apply-patch+yaml");
}

}  // namespace fakes::api_server::contract
