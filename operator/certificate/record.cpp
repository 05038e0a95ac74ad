#include "operator/certificate/record.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/resources/ingress.h"
#include "operator/api/issuer.h"
#include "operator/api/status_patch.h"
#include "operator/certificate/secret_writers.h"
#include "operator/certificate/status_report.h"

namespace certificate {

Record::Record(Context& context, Memory& memory, api::Certificate certificate)
    : context_(context),
      memory_(memory),
      certificate_(std::move(certificate)),
      written_(certificate_.status) {}

void Record::take_over(api::Certificate newer) {
  certificate_ = std::move(newer);
  written_ = certificate_.status;
}

std::vector<acme::Identifier> Record::identifiers() const {
  std::vector<acme::Identifier> result;
  for (std::string& name : certificate_.dns_names()) result.push_back({"dns", std::move(name)});
  for (std::string& name : certificate_.ip_addresses()) result.push_back({"ip", std::move(name)});
  return result;
}

std::optional<Verdict> Record::judge(const SecretContent* content) const {
  const auto account = context_.accounts.find(issuer_key());
  return needs_reissue({certificate_, content, context_.now(),
                        account ? account->client->directory_url() : std::string()});
}

// Status remembers what we issued, also where somebody took our annotations from the Secret.
bool Record::is_foreign(const SecretContent& content) const {
  const bool is_issued_by_us = status().revision > 0 && content.leaf &&
                               content.leaf->fingerprint_sha256 == status().fingerprint_sha256;
  return content.is_foreign() && !is_issued_by_us;
}

bool Record::is_renewal_requested() const {
  const std::string request = certificate_.metadata.annotation(api::kRenewRequestedAnnotation);
  return !request.empty() && request != status().last_renewal_request;
}

base::Status Record::write_status() {
  // Mostly nothing has changed, and its JSON is made for nothing.
  nlohmann::json patch;
  if (!(certificate_.status == written_)) {
    patch =
        api::status_patch(api::status_to_json(written_), api::status_to_json(certificate_.status));
  }
  if (!patch.empty()) {
    const std::string replaced = certificate_.metadata.resource_version;
    const auto object = context_.client.patch_status(
        api::Certificate::type(), certificate_.metadata.key(), patch, replaced, context_.stop);
    if (!object) {
      memory_.own_writes.forget();
      return base::failure(base::while_doing("writing the status of " + name(), object.error()));
    }
    auto parsed = api::Certificate::read(*object);
    if (!parsed) return base::failure(parsed.error());
    memory_.own_writes.add(replaced, *parsed);
    certificate_ = *std::move(parsed);
    written_ = certificate_.status;
  }
  context_.metrics.show(certificate_);
  return {};
}

base::Status Record::read_secret() {
  memory_.secret.is_known = false;
  memory_.secret.present.reset();
  memory_.secret.is_immutable = false;
  memory_.secret.other_writers.clear();
  const auto object = context_.client.get(kube::Secret::type(), secret_key(), context_.stop);
  if (object) {
    auto secret = kube::Secret::from_json(*object);
    if (!secret) return base::failure(std::move(secret.error()));
    memory_.secret.present = *std::move(secret);
    memory_.secret.is_immutable = object->contains("immutable") && (*object)["immutable"] == true;
    memory_.secret.other_writers = other_writers(*object);
  } else if (object.error().kind != base::ErrorKind::not_found) {
    return base::failure(object.error());
  }
  memory_.secret.is_known = true;
  return {};
}

base::Status Record::write_secret(const nlohmann::json& object) {
  memory_.secret.is_known = false;  // until we know better
  const auto written = context_.client.apply(
      kube::Secret::type(), object, kube::ApplyOptions{api::kFieldManager, true}, context_.stop);
  if (!written) {
    base::Error error = base::while_doing("writing Secret " + secret_key().text() + " of " + name(),
                                          written.error());
    // Deleted or changed since it was read: that is to be read again and no person's business,
    // whatever words the API server has for it.
    const std::string sent = object["metadata"].value("resourceVersion", "");
    const bool is_refused =
        error.kind == base::ErrorKind::invalid || error.kind == base::ErrorKind::conflict;
    if (is_refused && !sent.empty() && read_secret()) {
      const bool is_another =
          !memory_.secret.present || memory_.secret.present->metadata.resource_version != sent;
      if (is_another) error.kind = base::ErrorKind::conflict;
    }
    return base::failure(std::move(error));
  }
  auto parsed = kube::Secret::from_json(*written);
  if (!parsed) return base::failure(parsed.error());
  memory_.secret.present = *std::move(parsed);
  memory_.secret.is_known = true;
  return {};
}

End Record::after_write(base::Status status, End end) {
  if (status) return end;
  // Deleted meanwhile: there is nobody left to tell.
  if (status.error().kind == base::ErrorKind::not_found) return kube::Outcome::await_change();
  return base::failure(std::move(status.error()));
}

End Record::block(const std::string& reason, const std::string& message,
                  const std::optional<Verdict>& verdict, std::optional<Delay> look_again) {
  const kube::Condition* before = kube::find_condition(written_.conditions, api::kIssuing);
  const bool is_new = !before || before->reason != reason;
  show_blocked(certificate_, reason, message, verdict, context_.now());
  const base::Status written = write_status();
  // A status that the schema refuses, because spec is older than it, leaves the Event alone.
  const bool is_refused = !written && written.error().kind == base::ErrorKind::invalid;
  if (is_new && (written || is_refused)) warn(reason, message);
  // The change that removes the obstacle wakes us, save where somebody says when to look.
  return after_write(
      written, look_again ? kube::Outcome::requeue(*look_again) : kube::Outcome::await_change());
}

void Record::tell_trouble(const std::string& message) {
  certificate_.status = written_;
  show_trouble(certificate_, message, context_.now());
  if (write_status()) warn(kKubernetesApi, message);
}

void Record::warn(const std::string& reason, const std::string& message) {
  spdlog::warn("{}: {}", name(), message);
  context_.events.warning(kube::reference_to(api::Certificate::type(), certificate_.metadata),
                          reason, "Issuing", message);
  for (const kube::ObjectReference& ingress : ingresses()) {
    context_.events.warning(ingress, "CertificateNotIssued", "Issuing",
                            name() + ": " + reason + ": " + message);
  }
}

// That asked for the certificate, or use it. One that is shared by many is told to a few.
std::vector<kube::ObjectReference> Record::ingresses() const {
  constexpr std::size_t kIngressesMax = 10;
  std::vector<kube::ObjectReference> all;
  for (const kube::OwnerReference& owner : certificate_.metadata.owner_references) {
    if (owner.kind != kube::Ingress::type().kind) continue;
    kube::ObjectMeta ingress;
    ingress.name = owner.name;
    ingress.namespace_ = certificate_.metadata.namespace_;
    ingress.uid = owner.uid;
    all.push_back(kube::reference_to(kube::Ingress::type(), ingress));
  }
  if (!context_.options.ingresses_of) return all;
  for (kube::ObjectReference& user : context_.options.ingresses_of(secret_key())) {
    if (all.size() >= kIngressesMax) break;
    const bool is_known = std::any_of(all.begin(), all.end(),
                                      [&](const auto& known) { return known.uid == user.uid; });
    if (!is_known) all.push_back(std::move(user));
  }
  return all;
}

}  // namespace certificate
