#include "operator/control/token_reviewer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/digest.h"

namespace control {
namespace {

const kube::ResourceType& token_review_type() {
  static const kube::ResourceType type{"authentication.k8s.io", "v1", "TokenReview", "tokenreviews",
                                       false};
  return type;
}

// The API server puts it into the user of a token that is bound to a Pod.
constexpr const char* kPodNameKey = "authentication.kubernetes.io/pod-name";

std::string text_at(const nlohmann::json& object, const nlohmann::json::json_pointer& place) {
  if (!object.contains(place) || !object.at(place).is_string()) return {};
  return object.at(place).get<std::string>();
}

bool names_audience(const nlohmann::json& status, const std::string& audience) {
  if (!status.contains("audiences") || !status["audiences"].is_array()) return false;
  const auto& audiences = status["audiences"];
  return std::find(audiences.begin(), audiences.end(), nlohmann::json(audience)) != audiences.end();
}

std::string pod_name(const nlohmann::json& user) {
  if (!user.contains("extra") || !user["extra"].is_object()) return {};
  const auto names = user["extra"].find(kPodNameKey);
  if (names == user["extra"].end() || !names->is_array() || names->empty() ||
      !names->front().is_string()) {
    return {};
  }
  return names->front().get<std::string>();
}

}  // namespace

TokenReviewer::TokenReviewer(kube::Client& client, const base::Clock& clock, Options options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

std::optional<Verdict> TokenReviewer::remembered(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(base::sha256(token));
  if (found == entries_.end() || found->second.until <= clock_.steady_now()) return std::nullopt;
  return found->second.verdict;
}

Verdict TokenReviewer::check(const std::string& token, std::stop_token stop) {
  if (auto known = remembered(token)) return *known;
  Verdict verdict = ask(token, std::move(stop));
  // "Cannot be told" is no verdict about the token: the next one asks again.
  if (verdict.status != 503) remember(token, verdict);
  return verdict;
}

Verdict TokenReviewer::ask(const std::string& token, std::stop_token stop) {
  const nlohmann::json review = {{"spec", {{"token", token}, {"audiences", {options_.audience}}}}};
  const auto answer = client_.create(token_review_type(), review, std::move(stop));
  if (!answer) {
    return {503, "", "the API server cannot say whose token it is: " + answer.error().message};
  }
  const nlohmann::json status = answer->value("status", nlohmann::json::object());
  const bool is_authenticated = status.contains("authenticated") && status["authenticated"] == true;
  if (!is_authenticated || !names_audience(status, options_.audience)) {
    return {401, "",
            "the API server does not vouch for this token with audience " + options_.audience};
  }
  using Pointer = nlohmann::json::json_pointer;
  const std::string user = text_at(status, Pointer("/user/username"));
  const auto& account = options_.service_account;
  if (user != "system:serviceaccount:" + account.namespace_ + ":" + account.name) {
    return {403, "",
            user + " is not ServiceAccount " + account.text() +
                ", the only one that may ask for the configuration"};
  }
  const std::string pod = pod_name(status["user"]);
  return {200, pod.empty() ? account.text() : pod, ""};
}

void TokenReviewer::remember(const std::string& token, const Verdict& verdict) {
  const std::lock_guard lock(mutex_);
  const base::SteadyTime now = clock_.steady_now();
  const auto make_room = [&](auto&& is_dispensable) {
    if (entries_.size() < options_.remembered_max) return;
    std::erase_if(entries_, [&](const auto& entry) { return is_dispensable(entry.second); });
  };
  make_room([now](const Entry& entry) { return entry.until <= now; });
  // Whoever tries many tokens must not push out those that are allowed.
  make_room([](const Entry& entry) { return !entry.verdict.is_allowed(); });
  make_room([](const Entry&) { return true; });
  const auto life = verdict.is_allowed() ? options_.remember : options_.remember_denied;
  entries_[base::sha256(token)] = {verdict, now + life};
}

}  // namespace control
