#include <algorithm>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "acme/csr.h"
#include "base/time_text.h"
#include "operator/certificate/issuance.h"
#include "operator/certificate/order_schedule.h"
#include "operator/certificate/preferred_chain.h"

namespace certificate {

namespace {

constexpr int kStepsMax = 1000;  // far more than 100 names take

// The preferred chain is worth a minute of a slow server, and not one for each that it names.
constexpr std::chrono::minutes kTimeOfAlternates{1};

// What the definition lets people ask for.
bool is_supported(base::KeySpec spec) {
  if (spec.algorithm == base::KeyAlgorithm::rsa) {
    return spec.bits == 2048 || spec.bits == 3072 || spec.bits == 4096;
  }
  return spec.algorithm == base::KeyAlgorithm::ecdsa && (spec.bits == 256 || spec.bits == 384);
}

}  // namespace

End Issuance::take_steps() {
  for (int steps = 0; steps < kStepsMax; ++steps) {
    if (issuer_.has_had_its_time()) return kube::Outcome::requeue(Delay(1));
    if (auto end = refresh_order()) return *std::move(end);
    acme::Progress progress;
    progress.is_published = [this](const acme::HttpChallenge& challenge) {
      return order().published.count(challenge.challenge_url) != 0;
    };
    progress.is_answered = [this](const acme::HttpChallenge& challenge) {
      return order().answered.count(challenge.challenge_url) != 0;
    };
    progress.polls = order().polls;
    progress.retry_after = order().retry_after;
    const acme::Step step = acme::next_step(order().order, order().authorizations, progress);
    if (auto end = std::visit([this](const auto& one) { return take(one); }, step)) {
      return *std::move(end);
    }
  }
  return fail({acme::ErrorClass::protocol, "the server leads the order in circles"});
}

// Asks for the order again, and for its authorizations where they can tell more.
std::optional<End> Issuance::refresh_order() {
  Memory::Order& memory = order();
  if (!memory.is_stale) return std::nullopt;
  if (steady_now() < memory.next_poll) {
    return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(memory.next_poll - steady_now())));
  }
  if (auto end = read_order()) return end;
  if (memory.order.status == acme::OrderStatus::invalid) {
    read_reasons();
    return std::nullopt;
  }
  // Mostly the order alone tells enough. Every other time we look closer, for a failure that it
  // does not show yet.
  if (memory.order.status != acme::OrderStatus::pending || memory.polls % 2 == 0) {
    return fetch_authorizations();
  }
  std::vector<acme::Authorization>& all = memory.authorizations;
  const auto is_valid = [](const acme::Authorization& authorization) {
    return authorization.status == acme::AuthorizationStatus::valid;
  };
  all.erase(std::stable_partition(all.begin(), all.end(), is_valid), all.end());
  if (auto end = fetch_authorizations()) return end;
  if (std::all_of(all.begin(), all.end(), is_valid)) return read_order();
  return std::nullopt;
}

std::optional<End> Issuance::read_order() {
  Memory::Order& memory = order();
  auto answer = issuer_.asked(
      account().client->get_order(account().session, memory.order.url, context_.stop));
  if (!answer) return set_back(answer.error());
  memory.retry_after = answer->retry_after;
  memory.is_stale = false;
  if (acme::is_step_back(memory.order.status, answer->value.status)) {
    memory.is_ready_again = answer->value.status == acme::OrderStatus::ready;
    return std::nullopt;
  }
  if (answer->value.status != memory.order.status) {
    memory.polls = 0;
    memory.changed_at = steady_now();
    memory_.setbacks = 0;
  }
  adopt(std::move(answer->value));
  return std::nullopt;
}

// What an order is for, and where its parts are, was checked when it was first seen and stays.
void Issuance::adopt(acme::Order newer) {
  acme::Order& known = order().order;
  newer.identifiers = std::move(known.identifiers);
  newer.authorization_urls = std::move(known.authorization_urls);
  newer.finalize_url = std::move(known.finalize_url);
  known = std::move(newer);
}

// The order is lost in any case; what can be learnt of the reason is learnt.
void Issuance::read_reasons() {
  order().authorizations.clear();
  for (const std::string& url : order().order.authorization_urls) {
    if (issuer_.has_had_its_time()) return;
    auto answer =
        issuer_.asked(account().client->get_authorization(account().session, url, context_.stop));
    if (answer) order().authorizations.push_back(std::move(answer->value));
  }
}

// ---- The steps

std::optional<End> Issuance::take(const acme::Publish& step) {
  if (auto end = ensure_next_key()) return end;
  const auto waited =
      memory_.wait.since ? steady_now() - *memory_.wait.since : base::SteadyTime::duration::zero();
  for (const acme::HttpChallenge& challenge : step.challenges) {
    const std::string& host = challenge.identifier.value;
    const Given given =
        context_.data_plane.is_given_token(challenge.identifier.value, challenge.token);
    if (!may_ask_proxies(given, waited)) {
      return wait_for_proxies("proxies: they have yet to take over the answer for " + host);
    }
    const auto heard = context_.data_plane.check_challenge(
        record_.key(), host, challenge.token,
        account().session.key.key_authorization(challenge.token));
    if (!heard) return End(kube::Outcome::requeue(kAnswersLost));  // woken before
    const ProxyAnswers& answers = *heard;
    if (!is_enough_to_ask_the_server(answers, waited)) {
      return wait_for_proxies(answers.ready == 0
                                  ? "proxies: none is ready to answer the challenge for " + host
                                  : "proxies: " + answers.count() + " answer the challenge for " +
                                        host + "; " + answers.problems_text());
    }
    if (!answers.is_all()) {
      record_.warn("ProxyNotAnswering", "asking the server to look although " + answers.count() +
                                            " proxies answer the challenge for " + host + ": " +
                                            answers.problems_text());
    }
    order().published.insert(challenge.challenge_url);
  }
  memory_.wait.looks = 0;
  memory_.wait.since.reset();
  context_.proxy_waiters.remove(record_.key());
  return std::nullopt;
}

std::optional<End> Issuance::take(const acme::AnswerChallenge& step) {
  const std::string& url = step.challenge.challenge_url;
  auto answer =
      issuer_.asked(account().client->answer_challenge(account().session, url, context_.stop));
  if (answer) {
    memory_.setbacks = 0;
    order().answered.insert(url);
    order().retry_after = answer->retry_after;
    order().polls = 0;
    return std::nullopt;
  }
  // Refused perhaps because an answer that we do not remember has already been accepted.
  if (loses_order(answer.error()) && order().doubted.insert(url).second) {
    order().authorizations.clear();
    order().is_stale = true;
    order().next_poll = steady_now();
    return std::nullopt;
  }
  return set_back(answer.error());
}

std::optional<End> Issuance::take(const acme::Finalize&) {
  if (auto end = ensure_next_key()) return end;
  const auto key = next_key();
  const auto csr = acme::make_order_csr(*key, record_.identifiers(), account().session.key);
  if (!csr) return fail({acme::ErrorClass::bad_csr, "making the request: " + csr.error().message});
  auto answer = issuer_.asked(
      account().client->finalize(account().session, order().order, *csr, context_.stop));
  if (!answer) return set_back(answer.error());
  memory_.setbacks = 0;
  if (!order().is_answered_again) order().changed_at = steady_now();
  // Accepted: what is left is the server's to do, even where its answer does not show it yet.
  if (acme::is_step_back(acme::OrderStatus::processing, answer->value.status)) {
    answer->value.status = acme::OrderStatus::processing;
  }
  adopt(std::move(answer->value));
  order().retry_after = answer->retry_after;
  order().polls = 0;
  return std::nullopt;
}

std::optional<End> Issuance::take(const acme::Download& step) {
  const auto key = next_key();
  // A failure, with its schedule: whoever deletes the Secret each time that it appears would else
  // cost an order each time.
  if (!key) {
    return fail({acme::ErrorClass::other,
                 "the server has issued for a private key that Secret " +
                     record_.secret_key().text() +
                     " does not hold: it was deleted in the middle of the order, or the order is "
                     "another one's"});
  }
  const auto chain = download_chain(step.certificate_url);
  if (!chain) return set_back(chain.error());
  const nlohmann::json object = secret_with_chain(
      certificate(), memory_.secret.present ? &*memory_.secret.present : nullptr, *chain,
      key->to_pem(), {status().order->url, account().client->directory_url()},
      record_.metadata_options());
  auto secret = kube::Secret::from_json(object);
  if (!secret) return End(base::failure(secret.error()));
  // What would have to be issued anew at once is no use, and asking for it in a loop would be
  // worse.
  const SecretContent content = read_content(*secret);
  if (const auto flaw = record_.judge(&content); flaw && !flaw->is_usable_meanwhile) {
    const std::string why = flaw->reason == kExpired ? ", so its clock or ours is wrong" : "";
    return fail({acme::ErrorClass::other,
                 "the server issued a certificate that cannot be used: " + flaw->message + why});
  }
  if (const base::Status written = record_.write_secret(object); !written) {
    return set_back(written.error());
  }
  return conclude(content);
}

std::optional<End> Issuance::take(const acme::Wait& step) {
  switch (standstill_of(order(), now(), steady_now())) {
    case Standstill::expired:
      return fail({acme::ErrorClass::other, "the order expired at " +
                                                base::to_rfc3339(*order().order.expires) +
                                                " while we waited for " + step.what_for});
    case Standstill::too_long:
      return fail({acme::ErrorClass::other, "the order is given up: for an hour we waited for " +
                                                step.what_for + " and nothing changed"});
    case Standstill::answer_again:
      order().is_answered_again = true;
      order().answered.clear();
      if (order().is_ready_again) order().order.status = acme::OrderStatus::ready;
      return std::nullopt;
    case Standstill::none:
      break;
  }
  order().is_stale = true;
  order().next_poll = steady_now() + step.delay;
  ++order().polls;
  note_waiting(step.what_for);
  return Record::after_write(record_.write_status(), kube::Outcome::requeue(step.delay));
}

std::optional<End> Issuance::take(const acme::Fail& step) {
  show_progress(certificate(), order().order, order().authorizations);
  return fail({step.error_class, step.reason});
}

// ---- Keys and chains

std::optional<base::PrivateKey> Issuance::next_key() const {
  auto stored = stored_next_key();
  if (!stored && memory_.order) return memory_.order->key;
  return stored;
}

std::optional<base::PrivateKey> Issuance::stored_next_key() const {
  if (!memory_.secret.present) return std::nullopt;
  const auto parse = [](const std::string& pem) -> std::optional<base::PrivateKey> {
    auto key = base::PrivateKey::from_pem(pem);
    return key ? std::optional(*std::move(key)) : std::nullopt;
  };
  const std::string next = memory_.secret.present->value(kNextPrivateKeyKey);
  if (!next.empty()) return parse(next);
  if (record_.certificate().spec.rotation_policy != api::RotationPolicy::never) return std::nullopt;
  return parse(memory_.secret.present->value(kPrivateKeyKey));
}

std::optional<End> Issuance::ensure_next_key() {
  const auto present = stored_next_key();
  const base::KeySpec wanted = wanted_key();
  if (present && present->spec() == wanted) {
    order().key = present;
    return std::nullopt;
  }
  if (!order().key || order().key->spec() != wanted) {
    auto made = base::PrivateKey::generate(wanted);
    if (!made) return End(base::failure(made.error()));
    order().key = *std::move(made);
  }
  const std::optional<base::PrivateKey> key = order().key;
  const base::Status written = record_.write_secret(secret_with_next_key(
      certificate(), memory_.secret.present ? &*memory_.secret.present : nullptr, key->to_pem(),
      record_.metadata_options()));
  if (!written) return set_back(written.error());
  return std::nullopt;
}

// A key that nobody asked for follows the one that is there, as cert-manager's RSA keys do.
base::KeySpec Issuance::wanted_key() const {
  std::optional<base::KeySpec> present;
  if (memory_.secret.present) {
    const auto key = base::PrivateKey::from_pem(memory_.secret.present->value(kPrivateKeyKey));
    if (key && is_supported(key->spec())) present = key->spec();
  }
  return record_.certificate().spec.key_after(present);
}

// The first chain, or the first alternate (RFC 8555 §7.4.2) that ends at the preferred root.
acme::AcmeResult<std::string> Issuance::download_chain(const std::string& url) {
  const auto fetch = [this](const std::string& chain_url) {
    return issuer_.asked(
        account().client->download_certificate(account().session, chain_url, context_.stop));
  };
  const base::SteadyTime began = steady_now();
  auto first = fetch(url);
  if (!first) return tl::unexpected(first.error());
  const std::string& preferred = account().preferred_chain;
  if (preferred.empty() || ends_at(first->value.pem, preferred)) return first->value.pem;
  for (const std::string& alternate_url : first->value.alternate_urls) {
    if (steady_now() - began > kTimeOfAlternates) break;
    auto alternate = fetch(alternate_url);
    if (alternate && ends_at(alternate->value.pem, preferred)) return alternate->value.pem;
  }
  spdlog::warn("{}: no chain of {} that was read ends at \"{}\"; the server's first is used",
               record_.name(), url, preferred);
  return first->value.pem;
}

}  // namespace certificate
