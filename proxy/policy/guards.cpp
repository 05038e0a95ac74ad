#include "proxy/policy/guards.h"

#include "proxy/reason/words.h"

namespace proxy::policy {
namespace {

constexpr Verdict kUnknownGuard{503, reason::unknown_guard};
constexpr Verdict kUnchecked{503, reason::password_unchecked};
constexpr Verdict kUnasked{503, reason::auth_unasked};
constexpr Verdict kUninspected{503, reason::firewall_uninspected};

bool is_success(int status) {
  return status >= 200 && status <= 299;
}

}  // namespace

Guards::Guards(const config::Guards& config, std::uint32_t auth_cluster)
    : closed_(config.closed),
      only_limit_(!config.closed && config.denied.empty() && config.allowed.empty() &&
                  !config.client_certificates && !config.basic_auth && !config.external_auth &&
                  !config.firewall),
      access_list_(config.denied, config.allowed),
      satisfy_any_(config.satisfy_any) {
  if (config.client_certificates) client_certificate_.emplace(*config.client_certificates);
  if (config.basic_auth) basic_auth_.emplace(*config.basic_auth);
  if (config.limits) limits_.emplace(*config.limits);
  if (config.external_auth) external_auth_.emplace(*config.external_auth, auth_cluster);
  if (external_auth_ && !external_auth_->is_known()) closed_ = true;
  if (config.firewall) firewall_ = std::make_shared<const config::Firewall>(*config.firewall);
}

Verdict Guards::check(const Asker& asker, OpenQuestion& question, std::string& storage) const {
  if (closed_) return kUnknownGuard;
  // No browser shows one with a preflight, either (Fetch §4.8).
  if (client_certificate_ && !asker.is_preflight) {
    const Verdict verdict = client_certificate_->check(asker.presented);
    if (!verdict.passes()) return verdict;
  }
  bool must_be_known = basic_auth_ || external_auth_;
  if (must_be_known && satisfy_any_) {
    // As nginx has it, but for who is denied, who never passes: an address is enough when it is on
    // the list, and without a list none is.
    const AccessList::Place place = access_list_.place_of(asker.address);
    if (place == AccessList::Place::denied) {
      const Verdict verdict = access_list_.check(asker.address);
      return verdict.passes() ? Verdict{} : verdict;  // an address that is none, and no list
    }
    must_be_known = place != AccessList::Place::allowed;
  } else {
    const Verdict verdict = access_list_.check(asker.address);
    if (!verdict.passes()) return verdict;
  }
  Verdict verdict = check_limits(asker);
  if (!verdict.passes()) return verdict;
  if (must_be_known) verdict = check_who_it_is(asker, question, storage);
  return verdict.passes() ? check_firewall(asker, question) : verdict;
}

// A preflight goes no further than to the edge.
Verdict Guards::check_firewall(const Asker& asker, OpenQuestion& question) const {
  if (firewall_ == nullptr || asker.is_preflight) return kPasses;
  const Inspection* const found =
      asker.inspections == nullptr ? nullptr : asker.inspections->find(*firewall_);
  if (found != nullptr) return verdict_on(*found, *firewall_);
  question.firewall = firewall_;
  return kUninspected;
}

// What is here before what is elsewhere.
Verdict Guards::check_who_it_is(const Asker& asker, OpenQuestion& question,
                                std::string& storage) const {
  if (asker.is_preflight) return kPasses;
  if (!basic_auth_) return check_external(asker, question);
  const Verdict verdict = check_password(asker, question.password, storage);
  if (!external_auth_ || question.password.hash != nullptr) return verdict;
  if (verdict.passes() == satisfy_any_) return verdict;
  Verdict other = check_external(asker, question);
  // Where either would do, a client is told of both.
  if (other.status == 401) other.challenge = verdict.challenge;
  return other;
}

Verdict Guards::check_external(const Asker& asker, OpenQuestion& question) const {
  const AuthAnswer* const answer =
      asker.answers == nullptr ? nullptr : asker.answers->find(*external_auth_->config());
  if (answer == nullptr) {
    question.external = &*external_auth_;
    return kUnasked;
  }
  if (is_success(answer->status)) return kPasses;
  Verdict verdict{500, reason::auth_answer_unexpected};
  if (answer->status == 0) verdict.reason = answer->failure;
  if (answer->status == 401) verdict = {401, reason::auth_unauthorized};
  if (answer->status == 403) verdict = {403, reason::auth_forbidden};
  verdict.external = &*external_auth_;
  verdict.answer = answer;
  return verdict;
}

Verdict Guards::check_limits(const Asker& asker) const {
  if (!limits_) return kPasses;
  if (asker.limits == nullptr || asker.counted == nullptr) return {};
  return limits_->enter(asker.address, asker.now, *asker.limits, *asker.counted);
}

Verdict Guards::check_password(const Asker& asker, PasswordQuestion& question,
                               std::string& storage) const {
  const auto refuse = [&](std::string_view reason) {
    return Verdict{401, reason, basic_auth_->challenge()};
  };
  if (asker.authorization.empty()) return refuse(reason::credentials_missing);
  const auto credentials = read_credentials(asker.authorization, storage);
  if (!credentials) return refuse(reason::credentials_unreadable);
  if (asker.remembered == nullptr) return {};
  const auto hash = basic_auth_->hash_for(credentials->user);
  if (!hash) return refuse(reason::credentials_wrong);
  const CredentialsDigest digest = asker.remembered->digest_of(*hash->text, *credentials);
  if (asker.wrong != nullptr && *asker.wrong == digest) return refuse(reason::credentials_wrong);
  if (hash->is_of_user && asker.remembered->has(digest, asker.now)) {
    question.known_user = credentials->user;
    return kPasses;
  }
  question = {hash->text, credentials->password, hash->is_of_user, digest};
  return kUnchecked;
}

}  // namespace proxy::policy
