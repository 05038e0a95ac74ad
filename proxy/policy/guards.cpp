#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

constexpr Verdict kUnknownGuard{503, "unknown_guard"};
constexpr Verdict kUnchecked{503, "password_unchecked"};

}  // namespace

Guards::Guards(const config::Guards& config)
    : closed_(config.closed),
      access_list_(config.denied, config.allowed),
      satisfy_any_(config.satisfy_any) {
  if (config.client_certificates) client_certificate_.emplace(*config.client_certificates);
  if (config.basic_auth) basic_auth_.emplace(*config.basic_auth);
  if (config.limits) limits_.emplace(*config.limits);
}

Verdict Guards::check(const Asker& asker, PasswordQuestion& question, std::string& storage) const {
  if (closed_) return kUnknownGuard;
  // No browser shows one with a preflight, either (Fetch §4.8).
  if (client_certificate_ && !asker.is_preflight) {
    const Verdict verdict = client_certificate_->check(asker.presented);
    if (!verdict.passes()) return verdict;
  }
  bool needs_password = basic_auth_.has_value();
  if (needs_password && satisfy_any_) {
    // As nginx has it, but for who is denied, who never passes: an address is enough when it is on
    // the list, and without a list none is.
    const AccessList::Place place = access_list_.place_of(asker.address);
    if (place == AccessList::Place::denied) {
      const Verdict verdict = access_list_.check(asker.address);
      return verdict.passes() ? Verdict{} : verdict;  // an address that is none, and no list
    }
    needs_password = place != AccessList::Place::allowed;
  } else {
    const Verdict verdict = access_list_.check(asker.address);
    if (!verdict.passes()) return verdict;
  }
  const Verdict verdict = check_limits(asker);
  if (!verdict.passes()) return verdict;
  return needs_password ? check_password(asker, question, storage) : kPasses;
}

Verdict Guards::check_limits(const Asker& asker) const {
  if (!limits_) return kPasses;
  if (asker.limits == nullptr || asker.counted == nullptr) return {};
  return limits_->enter(asker.address, asker.now, *asker.limits, *asker.counted);
}

Verdict Guards::check_password(const Asker& asker, PasswordQuestion& question,
                               std::string& storage) const {
  if (asker.is_preflight) return kPasses;
  const auto refuse = [&](std::string_view reason) {
    return Verdict{401, reason, basic_auth_->challenge()};
  };
  if (asker.authorization.empty()) return refuse("credentials_missing");
  const auto credentials = read_credentials(asker.authorization, storage);
  if (!credentials) return refuse("credentials_unreadable");
  if (asker.remembered == nullptr) return {};
  const auto hash = basic_auth_->hash_for(credentials->user);
  if (!hash) return refuse("credentials_wrong");
  const CredentialsDigest digest = asker.remembered->digest_of(*hash->text, *credentials);
  if (asker.wrong != nullptr && *asker.wrong == digest) return refuse("credentials_wrong");
  if (hash->is_of_user && asker.remembered->has(digest, asker.now)) return kPasses;
  question = {hash->text, credentials->password, hash->is_of_user, digest};
  return kUnchecked;
}

}  // namespace proxy::policy
