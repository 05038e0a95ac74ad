#include "operator/control/token_reviewer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "operator/control/token_claims.h"

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

std::string user_of(const kube::ObjectKey& service_account) {
  return "system:serviceaccount:" + service_account.namespace_ + ":" + service_account.name;
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
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      tokens_are_jwts_(options_.tokens_are_jwts) {}

std::optional<Verdict> TokenReviewer::remembered(const std::string& token) {
  const std::string hash = base::sha256(token);
  const base::SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  const auto admitted = admitted_.find(hash);
  if (admitted != admitted_.end() && admitted->second.until > now) {
    admitted->second.used_at = now;
    return admitted->second.verdict;
  }
  const auto refused = refused_.find(hash);
  if (refused != refused_.end() && refused->second.until > now) return refused->second.verdict;
  return refuse_unasked(token);
}

// With the lock held. What the token says is not verified, and serves to refuse alone.
std::optional<Verdict> TokenReviewer::refuse_unasked(const std::string& token) const {
  if (!looks_like_jwt(token) && !tokens_are_jwts_) return std::nullopt;
  const auto claims = read_token_claims(token);
  if (!claims) return Verdict{401, "", "this is no token of a ServiceAccount"};
  const auto& audiences = claims->audiences;
  if (std::find(audiences.begin(), audiences.end(), options_.audience) == audiences.end()) {
    return Verdict{401, "", "this token is not for audience " + options_.audience};
  }
  if (claims->expires + options_.clock_skew < clock_.now()) {
    return Verdict{401, "", "this token has expired"};
  }
  if (claims->subject != user_of(options_.service_account)) {
    return Verdict{403, "",
                   "this token is of another account than ServiceAccount " +
                       options_.service_account.text() +
                       ", the only one that may ask for the configuration"};
  }
  return std::nullopt;
}

Verdict TokenReviewer::check(const std::string& token, std::stop_token stop) {
  if (auto known = remembered(token)) return *known;
  Verdict verdict = ask(token, std::move(stop));
  // "Cannot be told" is no verdict about the token: the next one asks again.
  if (verdict.status != 503) remember(token, verdict);
  note_used(token);
  return verdict;
}

base::SteadyTime TokenReviewer::renew_one(std::stop_token stop) {
  std::string token;
  {
    const std::lock_guard lock(mutex_);
    const base::SteadyTime now = clock_.steady_now();
    base::SteadyTime next = now + options_.renew_again;
    for (auto& [hash, admitted] : admitted_) {
      if (admitted.until <= now || now - admitted.used_at > options_.unused_max) continue;
      if (admitted.renew_at > now) {
        next = std::min(next, admitted.renew_at);
        continue;
      }
      admitted.renew_at = now + options_.renew_again;
      token = admitted.token;
      break;
    }
    if (token.empty()) return next;
  }
  const Verdict verdict = ask(token, std::move(stop));
  if (verdict.status != 503) remember(token, verdict);
  return clock_.steady_now();
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
  if (user != user_of(account)) {
    return {403, "",
            user + " is not ServiceAccount " + account.text() +
                ", the only one that may ask for the configuration"};
  }
  const std::string pod = pod_name(status["user"]);
  return {200, pod.empty() ? account.text() : pod, ""};
}

// Whoever comes back after its verdict ended is renewed again, as one that never was away.
void TokenReviewer::note_used(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto known = admitted_.find(base::sha256(token));
  if (known != admitted_.end()) known->second.used_at = clock_.steady_now();
}

void TokenReviewer::remember(const std::string& token, const Verdict& verdict) {
  const std::string hash = base::sha256(token);
  const std::lock_guard lock(mutex_);
  if (verdict.is_allowed()) {
    admit(hash, token, verdict);
  } else {
    refuse(hash, verdict);
  }
}

// With the lock held; so is refuse().
void TokenReviewer::admit(const std::string& hash, const std::string& token,
                          const Verdict& verdict) {
  const base::SteadyTime now = clock_.steady_now();
  if (looks_like_jwt(token)) tokens_are_jwts_ = true;
  if (const auto known = admitted_.find(hash); known != admitted_.end()) {
    known->second.verdict = verdict;
    known->second.until = now + options_.remember;
    known->second.renew_at = now + options_.renew_after;
    return;
  }
  if (admitted_.size() >= options_.remembered_max) {
    std::erase_if(admitted_, [now](const auto& entry) { return entry.second.until <= now; });
    // More proxies than this are asked about each time.
    if (admitted_.size() >= options_.remembered_max) return;
  }
  admitted_[hash] = {verdict, token, now + options_.remember, now + options_.renew_after, now};
}

// Strangers' tokens have room of their own: whoever tries many pushes out no proxy.
void TokenReviewer::refuse(const std::string& hash, const Verdict& verdict) {
  admitted_.erase(hash);
  const bool is_new =
      refused_
          .insert_or_assign(hash, Refused{verdict, clock_.steady_now() + options_.remember_denied})
          .second;
  if (!is_new) return;
  refused_in_order_.push_back(hash);
  if (refused_in_order_.size() <= options_.remembered_max) return;
  refused_.erase(refused_in_order_.front());
  refused_in_order_.pop_front();
}

}  // namespace control
