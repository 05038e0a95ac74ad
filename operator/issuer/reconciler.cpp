#include "operator/issuer/reconciler.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "acme/account_key.h"
#include "acme/renewal_time.h"
#include "base/base64url.h"
#include "base/digest.h"
#include "kube/event_series.h"
#include "kube/resources/event.h"
#include "kube/resources/secret.h"
#include "operator/api/own_writes.h"
#include "operator/api/status_patch.h"
#include "operator/issuer/attempt_text.h"
#include "operator/issuer/registration.h"

namespace issuer {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kAccountKeyKey = "tls.key";  // as cert-manager has it
// Terms, profiles and URLs of a server change rarely.
constexpr hours kDirectoryAgeMax{1};
// Where orders are refused as if there were no such place, it is read again, but not by each order.
constexpr minutes kDirectoryLookAgain{5};
// An account that is lost again so soon after it was made anew is not made a third time.
constexpr hours kRecreateOnceIn{1};
constexpr std::size_t kAccountsAtOnce = 2;  // new ones within a day
// Another spec, or another key, is tried at once. So many that fail in a row are no person's any
// more, and the next ones wait.
constexpr int kWishesAtOnce = 3;
constexpr minutes kWishesApart{1};
// Where the Secrets of an issuer are not watched: how often its key is looked at, and how often
// while it is the trouble.
constexpr seconds kKeyLookNowAndThen{60};
constexpr seconds kKeyLookAgain{5};
// Of one request. A worker that waits for a server that hangs is no use to anybody; public CAs
// answer newOrder within seconds.
constexpr seconds kRequestTimeout{20};

// The definition has room for 32 KiB, and for more would refuse the whole status.
constexpr std::size_t kMessageBytesMax = 8192;

// What stopped a run: the server or the settings (shown in status), or the Kubernetes API (the
// controller's own back-off).
using Setback = std::variant<Trouble, base::Error>;
template <class T>
using Attempt = tl::expected<T, Setback>;

tl::unexpected<Setback> setback(Trouble trouble) {
  return tl::unexpected<Setback>(std::move(trouble));
}
tl::unexpected<Setback> setback(base::Error error) {
  return tl::unexpected<Setback>(std::move(error));
}

// The controller's own back-off would tell nobody.
bool needs_a_person(const base::Error& error) {
  return error.kind == base::ErrorKind::invalid || error.kind == base::ErrorKind::denied;
}

// Other names could say more in a field selector than they name.
bool is_secret_name(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
}

std::string content_of(const kube::Secret& secret) {
  std::string all;
  for (const auto& [name, value] : secret.data) {
    const std::string text = value.text();
    for (const std::string* part : {&name, &text}) {
      all += std::to_string(part->size()) + ":" + *part;
    }
  }
  return base::sha256(all);
}

nlohmann::json secret_json(const kube::ObjectKey& key, const base::PrivateKey& private_key) {
  return {{"metadata", {{"name", key.name}, {"namespace", key.namespace_}}},
          {"type", "Opaque"},
          {"data", {{kAccountKeyKey, base::base64_encode(private_key.to_pem())}}}};
}

}  // namespace

// Of one issuer, lost at a restart: it saves requests and keeps the pace of attempts.
struct Reconciler::Memory {
  api::OwnWrites<api::Issuer> own_writes;

  std::string server;
  std::string ca_bundle_pem;
  std::shared_ptr<base::HttpTransport> transport;
  std::shared_ptr<acme::Client> client;
  std::optional<acme::Directory> directory;
  base::SteadyTime directory_until{};
  base::SteadyTime directory_read_at{};

  int failures = 0;
  std::int64_t failed_generation = 0;
  base::SteadyTime failed_at{};
  base::SteadyTime next_attempt{};
  // A digest of what the Secrets that it names held, when they were read last; empty: it was not
  // there. Who only annotates one has not put another key there.
  std::map<kube::ObjectKey, std::string> secret_contents;
  bool is_about_key = false;     // the trouble: another key in a Secret would end it
  std::string lost_account_url;  // reported and not yet made good
  std::optional<base::SteadyTime> recreated_at;
  std::vector<base::SteadyTime> registered_at;  // accounts made within a day
  std::vector<base::SteadyTime> lost_at;        // times within a day when one was lost soon after
};

// One reconcile of one issuer.
class Reconciler::Run {
 public:
  Run(Reconciler& owner, Memory& memory, api::Issuer issuer)
      : owner_(owner),
        memory_(memory),
        issuer_(std::move(issuer)),
        before_(issuer_),
        key_{issuer_.is_cluster_issuer, issuer_.metadata.key()} {}

  base::Result<kube::Outcome> go();

 private:
  Attempt<Account> make_ready();
  void follow_secrets();
  kube::Outcome look_again_in(std::chrono::milliseconds delay) const;
  bool has_another_key();
  base::SteadyTime attempt_at(bool is_another_key) const;
  std::string new_account_remedy() const;
  static void note(Turns::Turn& turn, const Attempt<Account>& attempt);
  void choose_client();
  Attempt<acme::Directory> read_directory();
  Attempt<acme::AccountKey> read_key();
  Attempt<acme::AccountKey> make_key(const kube::ObjectKey& secret);
  Attempt<std::optional<acme::ExternalAccount>> read_external_account();
  Attempt<std::string> keep_account(const acme::Directory& directory, const acme::AccountKey& key);
  Attempt<std::string> register_account(const acme::Directory& directory,
                                        const acme::AccountKey& key);
  std::optional<Trouble> registered_too_often();
  Attempt<std::string> update_contact(const acme::Directory& directory,
                                      const acme::AccountKey& key);
  base::Result<kube::Outcome> report_ready(Account account);
  base::Result<kube::Outcome> report(const Trouble& trouble);
  base::Status write_status();
  void set_ready(kube::ConditionStatus status, std::string reason, std::string message);
  std::string secret_namespace() const {
    return issuer_.is_cluster_issuer ? owner_.options_.operator_namespace
                                     : issuer_.metadata.namespace_;
  }

  Reconciler& owner_;
  Memory& memory_;
  api::Issuer issuer_;
  const api::Issuer before_;
  const IssuerKey key_;
  bool is_watched_ = false;  // its Secrets are
};

Reconciler::Reconciler(ReconcilerOptions options, kube::Store<api::Issuer>& issuers,
                       kube::Client& client, Accounts& accounts, TransportFactory transports,
                       const base::Clock& clock, kube::EventSink& events, RequestCounts& requests,
                       std::stop_token stop)
    : options_(std::move(options)),
      issuers_(issuers),
      client_(client),
      accounts_(accounts),
      transports_(std::move(transports)),
      clock_(clock),
      events_(events),
      requests_(requests),
      stop_(std::move(stop)),
      turns_(Turns::Limits::of_one_kind(options_.workers)) {}

Reconciler::~Reconciler() = default;

void Reconciler::wake_with(std::function<void(const kube::ObjectKey&)> enqueue) {
  turns_.wake_with(enqueue);
  accounts_.on_lost([this, enqueue = std::move(enqueue)](const IssuerKey& key) {
    if (key.is_cluster_issuer == options_.cluster_issuers) enqueue(key.key);
  });
}

std::shared_ptr<Reconciler::Memory> Reconciler::memory_of(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  auto& memory = memories_[key];
  if (!memory) memory = std::make_shared<Memory>();
  return memory;
}

void Reconciler::forget(const kube::ObjectKey& key) {
  const IssuerKey issuer{options_.cluster_issuers, key};
  accounts_.withdraw(issuer);
  turns_.forget(key);
  turns_.forget_issuer(issuer.text());
  if (options_.follow_secrets) options_.follow_secrets(issuer, {});
  const std::lock_guard lock(mutex_);
  memories_.erase(key);
}

base::Result<kube::Outcome> Reconciler::reconcile(const kube::ObjectKey& key) {
  const auto stored = issuers_.get(key);
  if (!stored || stored->metadata.is_being_deleted) {
    forget(key);
    return kube::Outcome::await_change();
  }
  if (options_.is_ours && !options_.is_ours(stored->ingress_class)) {
    forget(key);
    return kube::Outcome::await_change();
  }
  const auto memory = memory_of(key);
  return Run(*this, *memory, memory->own_writes.freshest(*stored)).go();
}

base::Result<kube::Outcome> Reconciler::Run::go() {
  follow_secrets();
  const std::string lost = owner_.accounts_.take_lost(key_);
  if (!lost.empty()) memory_.lost_account_url = lost;
  const base::SteadyTime now = owner_.clock_.steady_now();
  const bool is_doubtful = owner_.accounts_.take_doubtful(key_);
  if (is_doubtful && now - memory_.directory_read_at >= kDirectoryLookAgain) {
    memory_.directory_until = now;
  }
  // Our own status write brings us back here: that is no reason to try earlier.
  const bool is_another_key = has_another_key();
  const base::SteadyTime attempt = attempt_at(is_another_key);
  if (memory_.failures > 0 && lost.empty() && now < attempt) {
    return look_again_in(std::chrono::ceil<std::chrono::milliseconds>(attempt - now));
  }
  if (is_another_key) {
    // What was said of the old key's account says nothing of the next one's.
    memory_.is_about_key = false;
    memory_.lost_account_url.clear();
    memory_.recreated_at.reset();
  }
  if (!issuer_.problem.empty()) {
    return report({"InvalidSpec", issuer_.problem + "; leaving it as it is until that is mended",
                   "", acme::ErrorClass::invalid_profile});
  }
  auto turn = owner_.turns_.take(key_.text(), issuer_.metadata.key());
  if (!turn) return kube::Outcome::requeue(Turns::kLookAgain);  // or when it is called
  auto account = make_ready();
  note(*turn, account);
  turn.reset();
  if (account) return report_ready(*std::move(account));
  if (const auto* error = std::get_if<base::Error>(&account.error())) {
    return base::failure(base::while_doing("keeping " + issuer_.display_name(), *error));
  }
  return report(std::get<Trouble>(account.error()));
}

// Before they are read, so that no change falls in between.
void Reconciler::Run::follow_secrets() {
  if (!owner_.options_.follow_secrets) return;
  std::set<kube::ObjectKey> secrets{{secret_namespace(), issuer_.account_key_secret_name()}};
  const auto& binding = issuer_.acme.external_account_binding;
  if (binding) secrets.insert({secret_namespace(), binding->key_secret_ref.name});
  std::erase_if(secrets, [](const auto& secret) { return !is_secret_name(secret.name); });
  is_watched_ = owner_.options_.follow_secrets(key_, secrets);
}

kube::Outcome Reconciler::Run::look_again_in(std::chrono::milliseconds delay) const {
  if (is_watched_) return kube::Outcome::requeue(delay);
  const seconds key_look = memory_.is_about_key ? kKeyLookAgain : kKeyLookNowAndThen;
  return kube::Outcome::requeue(std::min<std::chrono::milliseconds>(delay, key_look));
}

// The remedy of a bad key is to put another there, or to delete it, and who does so waits for us.
bool Reconciler::Run::has_another_key() {
  if (!memory_.is_about_key) return false;
  for (const auto& [name, content] : memory_.secret_contents) {
    const auto secret = owner_.client_.get<kube::Secret>(name, owner_.stop_);
    if (secret && content_of(*secret) != content) return true;
    const bool is_gone = !secret && secret.error().kind == base::ErrorKind::not_found;
    if (is_gone && !content.empty()) return true;
  }
  return false;
}

// After a failure.
base::SteadyTime Reconciler::Run::attempt_at(bool is_another_key) const {
  const bool is_wish = is_another_key || memory_.failed_generation != issuer_.metadata.generation;
  if (!is_wish) return memory_.next_attempt;
  // To say what is wrong with a spec costs the server nothing.
  if (memory_.failures < kWishesAtOnce || !issuer_.problem.empty()) return memory_.failed_at;
  return std::min(memory_.next_attempt, memory_.failed_at + kWishesApart);
}

std::string Reconciler::Run::new_account_remedy() const {
  return "delete Secret " + secret_namespace() + "/" + issuer_.account_key_secret_name() +
         " to have a new account made";
}

void Reconciler::Run::note(Turns::Turn& turn, const Attempt<Account>& attempt) {
  const auto* trouble = attempt ? nullptr : std::get_if<Trouble>(&attempt.error());
  if (trouble && trouble->error_class == acme::ErrorClass::network) {
    turn.note_silence();
  } else {
    turn.note_answer();
  }
}

Attempt<Account> Reconciler::Run::make_ready() {
  memory_.secret_contents.clear();
  choose_client();
  auto directory = read_directory();
  if (!directory) return tl::unexpected(directory.error());
  issuer_.acme_status.terms_of_service = directory->terms_of_service;
  issuer_.acme_status.profiles = profile_texts(*directory);
  if (auto unmet = unmet_demand(issuer_, *directory)) return setback(*std::move(unmet));
  auto key = read_key();
  if (!key) return tl::unexpected(key.error());
  auto url = keep_account(*directory, *key);
  if (!url) return tl::unexpected(url.error());
  return Account{memory_.transport, memory_.client, acme::Session{*directory, *key, *url},
                 issuer_.acme.preferred_chain, issuer_.acme.profile};
}

// One client for one server and its trust: it keeps connections and nonces.
void Reconciler::Run::choose_client() {
  const api::AcmeSpec& spec = issuer_.acme;
  if (memory_.client && memory_.server == spec.server &&
      memory_.ca_bundle_pem == spec.ca_bundle_pem) {
    return;
  }
  acme::ClientOptions options;
  options.user_agent = owner_.options_.user_agent;
  options.timeout = kRequestTimeout;
  options.body_bytes_max = kAnswerBytesMax;
  memory_.transport = owner_.transports_(spec.ca_bundle_pem);
  memory_.client = std::make_shared<acme::Client>(*memory_.transport, owner_.clock_, spec.server,
                                                  std::move(options));
  memory_.server = spec.server;
  memory_.ca_bundle_pem = spec.ca_bundle_pem;
  memory_.directory.reset();
}

Attempt<acme::Directory> Reconciler::Run::read_directory() {
  const base::SteadyTime now = owner_.clock_.steady_now();
  if (memory_.directory && now < memory_.directory_until) return *memory_.directory;
  auto answer = owner_.requests_.count(memory_.client->get_directory(owner_.stop_));
  if (answer) {
    memory_.directory = std::move(answer->value);
    memory_.directory_read_at = now;
    memory_.directory_until = now + kDirectoryAgeMax;
    return *memory_.directory;
  }
  if (answer.error().error.kind == base::ErrorKind::cancelled) return setback(answer.error().error);
  if (memory_.directory) {
    // What worked an hour ago is better than nothing; the next look is sooner.
    spdlog::warn("{}: reading the directory again: {}; keeping the last one",
                 issuer_.display_name(), answer.error().error.message);
    memory_.directory_until = now + minutes(5);
    return *memory_.directory;
  }
  return setback(trouble_of("DirectoryNotRead", answer.error()));
}

Attempt<acme::AccountKey> Reconciler::Run::read_key() {
  const kube::ObjectKey name{secret_namespace(), issuer_.account_key_secret_name()};
  const auto secret = owner_.client_.get<kube::Secret>(name, owner_.stop_);
  memory_.secret_contents[name] = secret ? content_of(*secret) : "";
  if (!secret) {
    if (secret.error().kind == base::ErrorKind::not_found) return make_key(name);
    // An account that is ready outlives a refusal that may pass.
    if (needs_a_person(secret.error()) && !owner_.accounts_.find(key_)) {
      return setback(Trouble{
          "AccountKeyNotRead", "the account's key cannot be read: " + secret.error().message,
          "see spec.acme.privateKeySecretRef and the operator's rights", acme::ErrorClass::other});
    }
    return setback(secret.error());
  }
  auto key = base::PrivateKey::from_pem(secret->value(kAccountKeyKey));
  auto account_key = key ? acme::AccountKey::from(*key)
                         : base::Result<acme::AccountKey>(tl::unexpected(key.error()));
  if (account_key) return *account_key;
  return setback(Trouble{"AccountKeyBroken",
                         "Secret " + name.text() + " holds no account key under " + kAccountKeyKey +
                             ": " + account_key.error().message,
                         "put the account's private key there, or delete the Secret to have a new "
                         "account made",
                         acme::ErrorClass::other, std::nullopt, false, true});
}

// Written before it is used: a key that is lost would leave an account that nobody can reach.
Attempt<acme::AccountKey> Reconciler::Run::make_key(const kube::ObjectKey& secret) {
  const base::KeySpec spec = issuer_.acme.rsa_account_key
                                 ? base::KeySpec{base::KeyAlgorithm::rsa, 2048}
                                 : base::KeySpec{base::KeyAlgorithm::ecdsa, 256};
  auto key = base::PrivateKey::generate(spec);
  if (!key) return setback(key.error());
  const auto written =
      owner_.client_.create(kube::Secret::type(), secret_json(secret, *key), owner_.stop_);
  if (!written && needs_a_person(written.error())) {
    return setback(Trouble{"AccountKeyNotStored",
                           "Secret " + secret.text() +
                               " with the account's key cannot be made: " + written.error().message,
                           "see spec.acme.privateKeySecretRef and the operator's rights",
                           acme::ErrorClass::other});
  }
  if (!written) return setback(written.error());
  // Our own is none that somebody else has put there.
  if (const auto made = kube::Secret::from_json(*written)) {
    memory_.secret_contents[secret] = content_of(*made);
  }
  spdlog::info("{}: made an account key in Secret {}", issuer_.display_name(), secret.text());
  if (!issuer_.acme_status.uri.empty()) {
    owner_.events_.warning(
        kube::reference_to(api::Issuer::type(issuer_.is_cluster_issuer), issuer_.metadata),
        "AccountKeyMissing", "Registering",
        "Secret " + secret.text() + " with the key of account " + issuer_.acme_status.uri +
            " is gone; a new key is made there, and a new account with it");
  }
  auto account_key = acme::AccountKey::from(*std::move(key));
  if (!account_key) return setback(account_key.error());
  return *std::move(account_key);
}

Attempt<std::optional<acme::ExternalAccount>> Reconciler::Run::read_external_account() {
  const auto& binding = issuer_.acme.external_account_binding;
  if (!binding) return std::nullopt;
  const kube::ObjectKey name{secret_namespace(), binding->key_secret_ref.name};
  const std::string place = "key " + binding->key_secret_ref.key + " of Secret " + name.text();
  const auto secret = owner_.client_.get<kube::Secret>(name, owner_.stop_);
  if (!secret && secret.error().kind != base::ErrorKind::not_found) return setback(secret.error());
  memory_.secret_contents[name] = secret ? content_of(*secret) : "";
  const std::string text = secret ? secret->value(binding->key_secret_ref.key) : std::string();
  const std::size_t end = text.find_last_not_of(" \t\r\n=");
  const auto mac_key = base::base64url_decode(
      std::string_view(text).substr(0, end == std::string::npos ? 0 : end + 1));
  if (!mac_key || mac_key->empty()) {
    return setback(Trouble{"ExternalAccountKeyMissing",
                           "the key of the external account binding is not in " + place,
                           "put the base64url text that the certificate authority gave you there",
                           acme::ErrorClass::external_account_required, minutes(1), false, true});
  }
  return acme::ExternalAccount{binding->key_id, *mac_key};
}

Attempt<std::string> Reconciler::Run::keep_account(const acme::Directory& directory,
                                                   const acme::AccountKey& key) {
  switch (next_registration(issuer_, base::sha256_hex(key.jwk()), memory_.lost_account_url)) {
    case Registration::none:
      break;
    case Registration::register_:
      return register_account(directory, key);
    case Registration::update_contact:
      return update_contact(directory, key);
  }
  return issuer_.acme_status.uri;
}

Attempt<std::string> Reconciler::Run::register_account(const acme::Directory& directory,
                                                       const acme::AccountKey& key) {
  const base::SteadyTime now = owner_.clock_.steady_now();
  if (!memory_.lost_account_url.empty() && memory_.recreated_at &&
      now - *memory_.recreated_at < kRecreateOnceIn) {
    return setback(Trouble{"AccountLost",
                           "the server does not know the account " + memory_.lost_account_url +
                               " that was made a moment ago",
                           std::string(acme::remedy_for(acme::ErrorClass::account_does_not_exist)),
                           acme::ErrorClass::account_does_not_exist, std::nullopt, true});
  }
  if (auto often = registered_too_often()) return setback(*std::move(often));
  auto external = read_external_account();
  if (!external) return tl::unexpected(external.error());
  const acme::NewAccount wanted{contact_of(issuer_), issuer_.acme.terms_of_service_agreed, false,
                                *std::move(external)};
  auto answer =
      owner_.requests_.count(memory_.client->new_account(directory, key, wanted, owner_.stop_));
  if (!answer) {
    if (answer.error().error.kind == base::ErrorKind::cancelled) {
      return setback(answer.error().error);
    }
    Trouble trouble = trouble_of("RegistrationFailed", answer.error());
    // RFC 8555 §7.3.6: what a server says to the key of an account that was deactivated.
    if (trouble.error_class == acme::ErrorClass::unauthorized) {
      trouble.reason = "AccountNotValid";
      trouble.remedy = new_account_remedy();
      trouble.is_about_key = true;
    }
    return setback(std::move(trouble));
  }
  const acme::Account& account = answer->value;
  if (account.status != acme::AccountStatus::valid) {
    return setback(Trouble{"AccountNotValid",
                           "the account " + account.url + " of this key is " +
                               std::string(acme::name_of(account.status)),
                           new_account_remedy(), acme::ErrorClass::user_action_required,
                           std::nullopt, false, true});
  }
  spdlog::info("{}: {} account {}", issuer_.display_name(),
               account.was_created ? "registered" : "found", account.url);
  if (account.was_created) memory_.registered_at.push_back(now);
  if (!memory_.lost_account_url.empty()) memory_.recreated_at = now;
  memory_.lost_account_url.clear();
  issuer_.acme_status.uri = account.url;
  issuer_.acme_status.server = issuer_.acme.server;
  issuer_.acme_status.last_registered_email = issuer_.acme.email;
  issuer_.acme_status.last_private_key_hash = base::sha256_hex(key.jwk());
  return account.url;
}

// Whoever deletes the key's Secret whenever it appears would else have an account made each time;
// Let's Encrypt allows ten within three hours. As for certificates: the third waits as after a
// failure.
std::optional<Trouble> Reconciler::Run::registered_too_often() {
  std::vector<base::SteadyTime>& made = memory_.registered_at;
  const base::SteadyTime now = owner_.clock_.steady_now();
  std::erase_if(made, [now](base::SteadyTime one) { return now - one >= hours(24); });
  if (made.size() < kAccountsAtOnce) return std::nullopt;
  const auto delay = acme::next_attempt_delay(acme::ErrorClass::other, std::nullopt,
                                              static_cast<int>(made.size() + 1 - kAccountsAtOnce),
                                              acme::chance_of(issuer_.metadata.uid));
  const auto left = std::chrono::ceil<seconds>(made.back() + delay - now);
  if (left <= seconds(0)) return std::nullopt;
  return Trouble{"RegisteredTooOften",
                 std::to_string(made.size()) + " accounts were made within a day",
                 "find out who deletes Secret " + secret_namespace() + "/" +
                     issuer_.account_key_secret_name() + ", or changes the issuer's server",
                 acme::ErrorClass::other, left};
}

Attempt<std::string> Reconciler::Run::update_contact(const acme::Directory& directory,
                                                     const acme::AccountKey& key) {
  const acme::Session session{directory, key, issuer_.acme_status.uri};
  auto answer = owner_.requests_.count(
      memory_.client->update_contact(session, contact_of(issuer_), owner_.stop_));
  if (!answer) {
    if (answer.error().error.kind == base::ErrorKind::cancelled) {
      return setback(answer.error().error);
    }
    Trouble trouble = trouble_of("ContactNotUpdated", answer.error());
    if (answer.error().error_class == acme::ErrorClass::account_does_not_exist) {
      trouble.is_account_lost = true;
    }
    return setback(std::move(trouble));
  }
  issuer_.acme_status.last_registered_email = issuer_.acme.email;
  return session.account_url;
}

void Reconciler::Run::set_ready(kube::ConditionStatus status, std::string reason,
                                std::string message) {
  kube::Condition ready;
  ready.type = "Ready";
  ready.status = status;
  ready.reason = std::move(reason);
  ready.message = kube::shortened(std::move(message), kMessageBytesMax);
  ready.observed_generation = issuer_.metadata.generation;
  kube::set_condition(issuer_.conditions, std::move(ready), owner_.clock_.now());
  issuer_.observed_generation = issuer_.metadata.generation;
}

base::Result<kube::Outcome> Reconciler::Run::report_ready(Account account) {
  memory_.failures = 0;
  memory_.is_about_key = false;
  set_ready(kube::ConditionStatus::is_true, "AccountRegistered",
            "the account " + account.session.account_url + " is registered");
  const base::Status written = write_status();
  if (!written) return base::failure(written.error());
  owner_.accounts_.publish(key_, std::move(account));
  const auto left = memory_.directory_until - owner_.clock_.steady_now();
  return look_again_in(std::chrono::ceil<std::chrono::milliseconds>(left) + seconds(1));
}

base::Result<kube::Outcome> Reconciler::Run::report(const Trouble& trouble) {
  ++memory_.failures;
  memory_.failed_generation = issuer_.metadata.generation;
  memory_.is_about_key = trouble.is_about_key;
  const base::SteadyTime steady_now = owner_.clock_.steady_now();
  // A server that makes accounts and does not know them has a registration that succeeds in
  // between, which says nothing.
  std::erase_if(memory_.lost_at,
                [=](base::SteadyTime one) { return steady_now - one >= hours(24); });
  if (trouble.is_account_lost) memory_.lost_at.push_back(steady_now);
  const int failures = std::max(
      memory_.failures, trouble.is_account_lost ? static_cast<int>(memory_.lost_at.size()) : 0);
  const seconds delay = acme::next_attempt_delay(trouble.error_class, trouble.retry_after, failures,
                                                 acme::chance_of(issuer_.metadata.uid));
  memory_.failed_at = steady_now;
  memory_.next_attempt = steady_now + delay;
  if (trouble.is_account_lost) {
    issuer_.acme_status.uri.clear();  // the next attempt registers
    memory_.lost_account_url.clear();
  }
  const base::WallTime now = owner_.clock_.now();
  const std::string message = failure_text(trouble.message, now + delay, trouble.remedy, now);
  const kube::Condition* ready = kube::find_condition(before_.conditions, "Ready");
  const bool is_new = !ready || ready->reason != trouble.reason;
  set_ready(kube::ConditionStatus::is_false, trouble.reason, message);
  owner_.accounts_.withdraw(key_);
  const base::Status written = write_status();
  // A status that the schema refuses, because spec is older than it, leaves the Event alone.
  const bool is_refused = !written && written.error().kind == base::ErrorKind::invalid;
  if (!written && !is_refused) return base::failure(written.error());
  if (is_new) {
    spdlog::warn("{} is not ready: {}", issuer_.display_name(), message);
    owner_.events_.warning(
        kube::reference_to(api::Issuer::type(issuer_.is_cluster_issuer), issuer_.metadata),
        trouble.reason, "Registering", message);
  }
  return look_again_in(std::chrono::ceil<std::chrono::milliseconds>(memory_.next_attempt -
                                                                    owner_.clock_.steady_now()));
}

base::Status Reconciler::Run::write_status() {
  const nlohmann::json patch =
      api::status_patch(api::status_to_json(before_), api::status_to_json(issuer_));
  if (patch.empty()) return {};
  const auto& type = api::Issuer::type(issuer_.is_cluster_issuer);
  const auto written = owner_.client_.patch_status(type, issuer_.metadata.key(), patch,
                                                   before_.metadata.resource_version, owner_.stop_);
  if (!written) {
    if (written.error().kind == base::ErrorKind::not_found) return {};  // deleted meanwhile
    memory_.own_writes.forget();
    return base::failure(
        base::while_doing("writing the status of " + issuer_.display_name(), written.error()));
  }
  auto parsed = api::Issuer::read(*written);
  if (!parsed) return base::failure(parsed.error());
  memory_.own_writes.add(before_.metadata.resource_version, *std::move(parsed));
  return {};
}

}  // namespace issuer
