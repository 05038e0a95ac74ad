#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "acme/csr.h"
#include "operator/certificate/preferred_chain.h"
#include "operator/certificate/run.h"

namespace certificate {

namespace {

using std::chrono::seconds;

// Proxies take over a configuration within a second; those that do not report here are asked then.
constexpr seconds kTakeOverMax{2};
constexpr seconds kAdviceMax{30};

// What the definition lets people ask for.
bool is_supported(base::KeySpec spec) {
  if (spec.algorithm == base::KeyAlgorithm::rsa) {
    return spec.bits == 2048 || spec.bits == 3072 || spec.bits == 4096;
  }
  return spec.algorithm == base::KeyAlgorithm::ecdsa && (spec.bits == 256 || spec.bits == 384);
}

}  // namespace

// ---- The steps. Nothing returned: on to the next.

std::optional<base::Result<kube::Outcome>> Reconciler::Run::take(const acme::Publish& step) {
  if (auto end = ensure_next_key()) return end;
  // What the data plane says is advice. The server may see proxies that we cannot reach, and one
  // that is out of our reach is not to stop issuance for ever.
  const auto waited = memory_.waiting_since ? steady_now() - *memory_.waiting_since
                                            : base::SteadyTime::duration::zero();
  for (const acme::HttpChallenge& challenge : step.challenges) {
    if (waited < kTakeOverMax && !owner_.data_plane_.is_taken_over(challenge.token)) {
      return wait_for_proxies("proxies: they have yet to take over the answer for " +
                              challenge.identifier.value);
    }
    const ProxyAnswers answers = owner_.data_plane_.check_challenge(
        challenge.identifier.value, challenge.token,
        account_->session.key.key_authorization(challenge.token));
    const bool is_enough = answers.is_all() || (answers.is_all_heard() && answers.is_most()) ||
                           (answers.ready > 0 && waited >= kAdviceMax);
    if (is_enough && !answers.is_all()) tell_of_proxies(challenge, answers);
    if (!is_enough) {
      return wait_for_proxies(
          answers.ready == 0
              ? "proxies: none is ready to answer the challenge for " + challenge.identifier.value
              : "proxies: " + answers.count() + " answer the challenge for " +
                    challenge.identifier.value + "; " + answers.problems_text());
    }
    order().published.insert(challenge.challenge_url);
  }
  memory_.looks = 0;
  memory_.waiting_since.reset();
  wait_for_proxies_no_more();
  return std::nullopt;
}

void Reconciler::Run::tell_of_proxies(const acme::HttpChallenge& challenge,
                                      const ProxyAnswers& answers) {
  warn("ProxyNotAnswering", "asking the server to look although " + answers.count() +
                                " proxies answer the challenge for " + challenge.identifier.value +
                                ": " + answers.problems_text());
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::take(
    const acme::AnswerChallenge& step) {
  const std::string& url = step.challenge.challenge_url;
  auto answer = asked(account_->client->answer_challenge(account_->session, url, owner_.stop_));
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

std::optional<base::Result<kube::Outcome>> Reconciler::Run::take(const acme::Finalize&) {
  if (auto end = ensure_next_key()) return end;
  const auto key = next_key();
  const auto csr = acme::make_order_csr(*key, identifiers(), account_->session.key);
  if (!csr) return fail({acme::ErrorClass::bad_csr, "making the request: " + csr.error().message});
  auto answer =
      asked(account_->client->finalize(account_->session, order().order, *csr, owner_.stop_));
  if (!answer) return set_back(answer.error());
  memory_.setbacks = 0;
  adopt(std::move(answer->value));
  // Accepted: what is left is the server's to do, even where its answer does not show it yet.
  if (order().order.status == acme::OrderStatus::ready) {
    order().order.status = acme::OrderStatus::processing;
  }
  order().retry_after = answer->retry_after;
  order().polls = 0;
  return std::nullopt;
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::take(const acme::Download& step) {
  const auto key = next_key();
  // A failure, with its schedule: whoever deletes the Secret each time that it appears would else
  // cost an order each time.
  if (!key) {
    return fail({acme::ErrorClass::other,
                 "the private key of the order is gone with Secret " + secret_key().text()});
  }
  const auto chain = download_chain(step.certificate_url);
  if (!chain) return set_back(chain.error());
  const nlohmann::json object = secret_with_chain(
      certificate_, memory_.secret ? &*memory_.secret : nullptr, *chain, key->to_pem(),
      {certificate_.status.order->url, account_->client->directory_url()}, metadata_options());
  auto secret = kube::Secret::from_json(object);
  if (!secret) return End(base::failure(secret.error()));
  // What would have to be issued anew at once is no use, and asking for it in a loop would be
  // worse.
  const SecretContent content = read_content(*secret);
  if (const auto flaw = judge(&content); flaw && !flaw->is_usable_meanwhile) {
    return fail({acme::ErrorClass::protocol,
                 "the server issued a certificate that cannot be used: " + flaw->message});
  }
  if (const base::Status written = write_secret(object); !written) {
    return set_back(written.error());
  }
  return conclude(content);
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::take(const acme::Wait& step) {
  if (auto end = end_the_wait(step.what_for)) return end;
  if (is_to_be_answered_again()) {
    order().is_answered_again = true;
    order().answered.clear();
    return std::nullopt;
  }
  order().is_stale = true;
  order().next_poll = steady_now() + step.delay;
  ++order().polls;
  note_waiting(step.what_for);
  return finish_write(write_status(), kube::Outcome::requeue(step.delay));
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::take(const acme::Fail& step) {
  show_progress(certificate_, order().order, order().authorizations);
  return fail({step.error_class, step.reason});
}

// ---- Keys and chains

std::optional<base::PrivateKey> Reconciler::Run::next_key() const {
  auto stored = stored_next_key();
  if (!stored && memory_.order) return memory_.order->key;
  return stored;
}

std::optional<base::PrivateKey> Reconciler::Run::stored_next_key() const {
  if (!memory_.secret) return std::nullopt;
  const auto parse = [](const std::string& pem) -> std::optional<base::PrivateKey> {
    auto key = base::PrivateKey::from_pem(pem);
    return key ? std::optional(*std::move(key)) : std::nullopt;
  };
  const std::string& next = memory_.secret->value(kNextPrivateKeyKey);
  if (!next.empty()) return parse(next);
  if (certificate_.spec.rotation_policy != api::RotationPolicy::never) return std::nullopt;
  return parse(memory_.secret->value(kPrivateKeyKey));
}

std::optional<base::Result<kube::Outcome>> Reconciler::Run::ensure_next_key() {
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
  const base::Status written =
      write_secret(secret_with_next_key(certificate_, memory_.secret ? &*memory_.secret : nullptr,
                                        key->to_pem(), metadata_options()));
  if (!written) return set_back(written.error());
  return std::nullopt;
}

// A key that nobody asked for follows the one that is there, as cert-manager's RSA keys do.
base::KeySpec Reconciler::Run::wanted_key() const {
  std::optional<base::KeySpec> present;
  if (memory_.secret) {
    const auto key = base::PrivateKey::from_pem(memory_.secret->value(kPrivateKeyKey));
    if (key && is_supported(key->spec())) present = key->spec();
  }
  return certificate_.spec.key_after(present);
}

// The first chain, or the first alternate (RFC 8555 §7.4.2) that ends at the preferred root.
acme::AcmeResult<std::string> Reconciler::Run::download_chain(const std::string& url) {
  const auto fetch = [this](const std::string& chain_url) {
    return asked(
        account_->client->download_certificate(account_->session, chain_url, owner_.stop_));
  };
  auto first = fetch(url);
  if (!first) return tl::unexpected(first.error());
  const std::string& preferred = account_->preferred_chain;
  if (preferred.empty() || ends_at(first->value.pem, preferred)) return first->value.pem;
  for (const std::string& alternate_url : first->value.alternate_urls) {
    auto alternate = fetch(alternate_url);
    if (alternate && ends_at(alternate->value.pem, preferred)) return alternate->value.pem;
  }
  spdlog::warn("{}: no chain of {} ends at \"{}\"; the server's first is used", name(), url,
               preferred);
  return first->value.pem;
}

}  // namespace certificate
