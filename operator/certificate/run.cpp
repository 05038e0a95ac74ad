#include "operator/certificate/run.h"

#include <chrono>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/time_text.h"
#include "operator/certificate/pace.h"
#include "operator/certificate/status_report.h"

namespace certificate {

namespace {

// What the Kubernetes API refuses for longer is a reason of its own, in status.
constexpr std::chrono::seconds kTroubleUnsaid{30};
// Labels that the API server refuses; the certificate may be due for renewal meanwhile.
constexpr std::chrono::hours kRefusedLookAgain{1};

}  // namespace

Run::Run(Context& context, Memory& memory, api::Certificate certificate)
    : context_(context),
      memory_(memory),
      record_(context, memory, std::move(certificate)),
      issuer_(context, record_.issuer_key()),
      permission_(context, memory, record_, issuer_),
      serving_(context, memory.serving, record_),
      renewal_info_(context, memory.renewal_info, record_, issuer_),
      issuance_(context, memory, record_, issuer_, permission_, serving_, renewal_info_) {}

End Run::go() {
  End end = look();
  account_for_order();
  if (end) {
    memory_.api_trouble_since.reset();
  } else {
    tell_of_trouble(end.error());
  }
  return end;
}

// The controller's own back-off would tell nobody why nothing happens: a conflict or a server that
// is busy passes within seconds, what lasts is said.
void Run::tell_of_trouble(const base::Error& error) {
  if (error.kind == base::ErrorKind::cancelled) return;
  if (!memory_.api_trouble_since) memory_.api_trouble_since = context_.steady_now();
  const bool needs_a_person =
      error.kind == base::ErrorKind::denied || error.kind == base::ErrorKind::invalid;
  const auto lasts = context_.steady_now() - *memory_.api_trouble_since;
  if (!needs_a_person && lasts < kTroubleUnsaid) return;
  const kube::Condition* said = kube::find_condition(record_.written().conditions, api::kIssuing);
  if (said && said->reason == kKubernetesApi) return;
  record_.tell_trouble(error.message);
}

// Whether this Certificate counts among those that have an order under way: one that cannot be gone
// on with, because of its issuer or its spec, does not.
void Run::account_for_order() {
  const bool is_placing = context_.steady_now() < memory_.next_try;
  if (memory_.order && has_order_under_way(status())) {
    context_.orders.hold(issuer_.key().text(), record_.key(), memory_.order->changed_at);
  } else if (!memory_.order && !is_placing && !permission_.is_in_line()) {
    context_.orders.release(record_.key(), context_.steady_now());
  }
}

End Run::look() {
  if (!certificate().problem.empty()) {
    // The definition let it pass and we cannot read it: its author is told where they look.
    const Verdict verdict{"InvalidSpec",
                          certificate().problem + "; leaving it as it is until that is mended"};
    record_.status().observed_generation = certificate().metadata.generation;
    return record_.block(verdict.reason, verdict.message, verdict);
  }
  if (const auto claimant = older_claimant()) {
    const Verdict verdict{"SecretConflict", "Secret " + record_.secret_key().text() +
                                                " belongs to " + claimant->display_name() +
                                                ", which is older; use another secretName"};
    return record_.block(verdict.reason, verdict.message, verdict);
  }
  if (context_.steady_now() < memory_.next_try) {
    return kube::Outcome::requeue(
        std::chrono::ceil<Delay>(memory_.next_try - context_.steady_now()));
  }
  return has_order_under_way(status()) ? go_on_with_order() : decide();
}

// Two owners of one Secret would order against each other for ever: the older one has it.
std::shared_ptr<const api::Certificate> Run::older_claimant() const {
  const auto is_older = [](const kube::ObjectMeta& left, const kube::ObjectMeta& right) {
    return std::pair(left.creation_timestamp, left.key()) <
           std::pair(right.creation_timestamp, right.key());
  };
  const std::string secret = record_.secret_key().text();
  for (const auto& other : context_.stores.certificates.find(kBySecret, secret)) {
    if (other->metadata.is_being_deleted) continue;
    if (is_older(other->metadata, record_.certificate().metadata)) return other;
  }
  return nullptr;
}

End Run::go_on_with_order() {
  if (auto end = issuance_.go_on()) return *std::move(end);
  return decide();
}

End Run::decide() {
  const auto secret = context_.stores.tls_secrets.get(record_.secret_key());
  if (!secret) return start(*record_.judge(nullptr));
  const SecretContent content = read_content(*secret);
  if (const auto verdict = record_.judge(&content)) return start(*verdict);
  const std::string& order = status().last_order_url;
  if (!order.empty() && content.order_url == order) memory_.secret.kept = secret;
  return keep(*secret, content);
}

// Nothing is wanted: say what there is, and when to look again.
End Run::keep(const kube::Secret& secret, const SecretContent& content) {
  const base::CertificateInfo& leaf = *content.leaf;
  // A change of spec may have taken something out of secretTemplate: an apply without it removes
  // it.
  const bool is_kept_by_us =
      secret.metadata.annotation(api::kCertificateNameAnnotation) == certificate().metadata.name;
  const bool is_edited =
      is_kept_by_us && status().observed_generation != certificate().metadata.generation;
  if (!record_.is_foreign(content) &&
      (is_edited || !has_wanted_metadata(certificate(), secret, record_.metadata_options()))) {
    if (const auto end = renew_metadata(is_edited)) return *end;
  }
  if (status().serial_number.empty()) {
    spdlog::info("{}: orders nothing: Secret {} holds serial {}, valid until {}", record_.name(),
                 record_.secret_key().text(), leaf.serial, base::to_rfc3339(leaf.not_after));
  }
  issuance_.forget();
  memory_.without_issuer_since.reset();
  show_ready(certificate(), leaf, context_.now());
  show_view(certificate(), content);
  renewal_info_.look(leaf);
  serving_.look(leaf);
  if (const base::Status written = record_.write_status(); !written) {
    return Record::after_write(written, kube::Outcome::await_change());
  }
  memory_.past = Memory::Past::at_rest;
  return kube::Outcome::requeue(issuance_.until_next_look(leaf));
}

// The store's view is old after our own write: the API server says whether it is still to be done.
std::optional<End> Run::renew_metadata(bool is_edited) {
  if (const base::Status read = record_.read_secret(); !read) {
    return End(base::failure(read.error()));
  }
  const auto& present = memory_.secret.present;
  if (!present || present->type_name != kube::kTlsSecretType) return std::nullopt;
  if (!is_edited && has_wanted_metadata(certificate(), *present, record_.metadata_options())) {
    return std::nullopt;
  }
  const base::Status written = record_.write_secret(
      secret_with_new_metadata(certificate(), *present, record_.metadata_options()));
  if (written) return std::nullopt;
  const base::Error& error = written.error();
  const bool needs_a_person =
      error.kind == base::ErrorKind::invalid || error.kind == base::ErrorKind::denied;
  if (!needs_a_person) return End(base::failure(error));
  return record_.block("SecretNotWritten", error.message, std::nullopt, kRefusedLookAgain);
}

// ---- From the wish to an order

End Run::start(const Verdict& verdict) {
  if (auto end = put_back()) return *std::move(end);
  if (auto end = permission_.to_begin(verdict)) return *std::move(end);
  // Only what the API server itself says now may cost an order; a store may lag behind.
  const auto object = context_.client.get(api::Certificate::type(), record_.key(), context_.stop);
  if (!object) {
    if (object.error().kind == base::ErrorKind::not_found) return kube::Outcome::await_change();
    return base::failure(object.error());
  }
  auto fresh = api::Certificate::from_json(*object);
  if (!fresh) return base::failure(fresh.error());  // the change is on its way to us
  if (fresh->metadata.resource_version != certificate().metadata.resource_version) {
    memory_.own_writes.add(certificate().metadata.resource_version, *fresh);
    record_.take_over(*std::move(fresh));
    if (certificate().metadata.is_being_deleted) return kube::Outcome::await_change();
    const bool is_dropped = status().order && status().order->url == issuance_.dropped_url();
    if (has_order_under_way(status()) && !is_dropped) return go_on_with_order();
    if (is_dropped) record_.status().order.reset();
    if (auto end = permission_.to_begin(verdict)) return *std::move(end);
  }
  if (const base::Status read = record_.read_secret(); !read) return base::failure(read.error());
  const auto& present = memory_.secret.present;
  if (!present) return begin(*record_.judge(nullptr));
  if (present->type_name != kube::kTlsSecretType) {
    return record_.block("SecretTypeConflict",
                         "Secret " + record_.secret_key().text() + " is of type " +
                             present->type_name +
                             " and is left alone; delete it, or use another secretName",
                         verdict, std::chrono::minutes(1));  // only TLS Secrets are watched
  }
  if (memory_.secret.is_immutable) {
    return record_.block("SecretImmutable",
                         verdict.message + "; Secret " + record_.secret_key().text() +
                             " is immutable, so nothing can be written into it; remedy: delete it, "
                             "or use another secretName",
                         verdict);
  }
  const SecretContent content = read_content(*present);
  const auto confirmed = record_.judge(&content);
  if (!confirmed) return keep(kube::Secret(*present), content);
  // Not in our memory any more, and good enough: until its renewal nothing is gained by a new one.
  if (confirmed->reason == kSecretContested && confirmed->is_usable_meanwhile &&
      !record_.is_renewal_requested() && status().renewal_time &&
      context_.now() < *status().renewal_time) {
    return leave_to_others(*confirmed,
                           std::chrono::ceil<Delay>(*status().renewal_time - context_.now()));
  }
  if (record_.is_foreign(content)) {
    return record_.block(
        "SecretNotOurs",
        confirmed->message + "; Secret " + record_.secret_key().text() +
            " holds a certificate of \"" + content.leaf->issuer +
            "\" that nobody gave into our keeping, so it is left alone; remedy: use another "
            "secretName, delete the Secret, or annotate it with " +
            api::kCertificateNameAnnotation + "=" + certificate().metadata.name,
        confirmed);
  }
  return begin(*confirmed);
}

End Run::begin(const Verdict& verdict) {
  if (!issuance_.has_begun()) {
    if (auto end = permission_.to_order(verdict)) return *std::move(end);
    if (auto end = issuance_.begin(verdict)) return *std::move(end);
  }
  if (auto end = issuance_.place(verdict)) return *std::move(end);
  return decide();
}

// ---- A Secret that others write, too

// What was issued is known and still wanted: it is written again, and costs no order. Once in a
// while, that is: two controllers that both insist would else write for ever.
std::optional<End> Run::put_back() {
  if (!memory_.secret.kept) return std::nullopt;
  const SecretContent issued = read_content(*memory_.secret.kept);
  if (record_.judge(&issued)) return std::nullopt;
  if (const base::Status read = record_.read_secret(); !read) {
    return End(base::failure(read.error()));
  }
  const auto& present = memory_.secret.present;
  std::optional<Verdict> verdict;
  if (present) {
    if (present->type_name != kube::kTlsSecretType) return std::nullopt;
    const SecretContent content = read_content(*present);
    verdict = record_.judge(&content);
    if (!verdict) return keep(kube::Secret(*present), content);
  } else {
    verdict = record_.judge(nullptr);
    // To delete the Secret is how people ask for a new key. They get one, at the pace of orders.
    if (!paced_until(status(), context_.now(), record_.chance())) return std::nullopt;
  }
  const base::SteadyTime truce_until = memory_.secret.truce_until;
  if (context_.steady_now() < truce_until) {
    return leave_to_others(*verdict, std::chrono::ceil<Delay>(truce_until - context_.steady_now()));
  }
  return write_again();
}

End Run::write_again() {
  const auto& present = memory_.secret.present;
  const bool is_deleted = !present;
  const std::string writers = memory_.secret.other_writers;
  kube::Secret wanted = *memory_.secret.kept;
  wanted.metadata.resource_version = is_deleted ? "" : present->metadata.resource_version;
  const base::Status written = record_.write_secret(
      secret_with_new_metadata(certificate(), wanted, record_.metadata_options()));
  if (!written) return issuance_.set_back(written.error());
  memory_.secret.truce_until = context_.steady_now() + kube::kTruce;
  record_.warn(kSecretContested,
               "Secret " + record_.secret_key().text() + " was " +
                   (is_deleted ? std::string("deleted again")
                               : "changed by " + (writers.empty() ? "somebody" : writers)) +
                   "; what was issued into it, serial " + status().serial_number +
                   ", is written again and no new one is ordered");
  const SecretContent content = read_content(*present);
  return keep(kube::Secret(*present), content);
}

End Run::leave_to_others(const Verdict& verdict, Delay look_again) {
  const std::string& writers = memory_.secret.other_writers;
  std::string message = verdict.message + "; " + (writers.empty() ? "somebody else" : writers) +
                        " writes it, too, and it is left so for now; remedy: let one program alone "
                        "keep this Secret, or use another secretName";
  // Whoever writes it each second, each time by another name, is no reason for a write of ours each
  // second.
  const auto& conditions = record_.written().conditions;
  const kube::Condition* said = kube::find_condition(conditions, api::kIssuing);
  const kube::Condition* ready = kube::find_condition(conditions, api::kReady);
  const bool is_said_not_ready = ready && ready->reason == kSecretContested;
  if (said && said->reason == kSecretContested &&
      is_said_not_ready != verdict.is_usable_meanwhile) {
    message = said->message;
  }
  return record_.block(kSecretContested, message, verdict, look_again);
}

}  // namespace certificate
