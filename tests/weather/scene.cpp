#include "tests/weather/scene.h"

#include <map>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"

namespace weather {

namespace {

using nlohmann::json;
using operator_test::World;

// More than any case asks of one endpoint.
constexpr int kForEver = 20'000;
// Of one request to an ACME server (operator/issuer).
constexpr std::chrono::seconds kOurDeadline{20};

}  // namespace

Scene::Scene(fakes::AcmeServer::Options acme_options)
    : world_(std::make_unique<World>(std::move(acme_options))) {
  world_->apply_issuer();
  if (!world_->run_until([&] { return world_->issuer().is_ready(); })) {
    throw std::runtime_error("the issuer does not become ready");
  }
}

void Scene::issue(const std::string& name) {
  want(name);
  if (!world_->run_until_ready(name)) {
    throw std::runtime_error("not issued in good weather: " + world_->message(api::kIssuing, name));
  }
}

void Scene::want(const std::string& name, const std::vector<std::string>& names) {
  const std::vector<std::string> one = {name + ".shop.example"};
  want(World::certificate_json(names.empty() ? one : names, name));
}

void Scene::want(json certificate) {
  names_.insert(certificate["metadata"]["name"]);
  world_->apply_certificate(std::move(certificate));
}

void Scene::renew(const std::string& name, int time) {
  world_->annotate(name, api::kRenewRequestedAnnotation, std::to_string(time));
}

void Scene::delete_secret(const std::string& name) {
  world_->cluster.remove(kube::Secret::type(), {"shop", name});
}

// As server-side apply of another controller leaves it.
void Scene::overwrite_secret(const std::string& chain, const std::string& key,
                             const std::string& name) {
  change_secret(
      [&](json& secret) {
        secret["data"] = {{"tls.crt", base::base64_encode(chain)},
                          {"tls.key", base::base64_encode(key)}};
        secret["metadata"]["managedFields"] = {{{"manager", "argocd"},
                                                {"operation", "Apply"},
                                                {"fieldsV1", {{"f:data", {{"f:tls.crt", {}}}}}}}};
      },
      name);
}

void Scene::change_secret(const std::function<void(json&)>& change, const std::string& name) {
  json secret = world_->secret(name);
  if (secret.is_null()) return;
  change(secret);
  world_->cluster.put(kube::Secret::type(), secret);
}

std::string Scene::chain(const std::string& name) const {
  return world_->secret_value("tls.crt", name);
}

std::string Scene::key(const std::string& name) const {
  return world_->secret_value("tls.key", name);
}

void Scene::refuse(const std::string& endpoint, int status, const std::string& type,
                   const std::string& retry_after, const std::string& detail) {
  fakes::AcmeServer::Refusal refusal;
  refusal.status = status;
  refusal.type = type;
  refusal.detail = detail;
  refusal.retry_after = retry_after;
  world_->ca.refuse(endpoint, refusal, kForEver);
}

void Scene::rewrite(const std::string& endpoint, std::function<void(json&)> change) {
  world_->ca.rewrite(endpoint, std::move(change), kForEver);
}

void Scene::answer_with(const std::string& endpoint,
                        std::function<base::HttpResponse(base::HttpResponse)> change) {
  world_->ca.answer_with(endpoint, std::move(change), kForEver);
}

void Scene::lose_requests(const std::string& endpoint) {
  world_->ca.lose_requests(endpoint, kForEver);
}

void Scene::hang(const std::string& endpoint) {
  world_->ca.hang(
      endpoint, [this] { world_->clock.advance(kOurDeadline); }, kForEver);
}

void Scene::start_counting() {
  orders_before_ = orders_in_all();
  requests_before_ = requests_in_all();
  world_->cluster.forget_writes();
}

int Scene::orders_in_all() const {
  return world_->ca.count("newOrder") + world_->other_ca.count("newOrder");
}

int Scene::requests_in_all() const {
  return static_cast<int>(world_->ca.requests().size() + world_->other_ca.requests().size());
}

int Scene::orders() const {
  return orders_in_all() - orders_before_;
}

int Scene::requests() const {
  return requests_in_all() - requests_before_;
}

int Scene::writes() const {
  return static_cast<int>(world_->cluster.writes().size());
}

std::string Scene::described(const std::string& name) const {
  const json object = world_->cluster.get(api::Certificate::type(), {"shop", name});
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (object.contains("/status/conditions"_json_pointer)) {
    for (const json& condition : object["status"]["conditions"]) {
      const std::string type = condition.at("type");
      const bool is_told =
          type == "Issuing" || (type == "Serving" && condition["status"] != "True");
      add(type + "=" + condition.value("status", "") + " " + condition.value("reason", "") +
          (is_told ? ": " + condition.value("message", "") : ""));
    }
  }
  std::map<std::string, int> warnings;
  for (const kube::Occurrence& event : world_->events.events) {
    const bool is_about_it = event.regarding.kind == "Certificate" && event.regarding.name == name;
    if (is_about_it && event.type == kube::EventType::warning) ++warnings[event.reason];
  }
  for (const auto& [reason, count] : warnings) {
    add("Warning " + reason + (count == 1 ? "" : " x" + std::to_string(count)));
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace weather
