#include <utility>

#include <nlohmann/json.hpp>

#include "operator/api/issuer.h"
#include "operator/api/status_patch.h"
#include "operator/certificate/run.h"
#include "operator/certificate/secret_writer.h"
#include "operator/certificate/secret_writers.h"

namespace certificate {

// Only what differs, and only upon the version that was decided on.
base::Status Reconciler::Run::write_status() {
  const nlohmann::json patch =
      api::status_patch(api::status_to_json(written_), api::status_to_json(certificate_.status));
  if (!patch.empty()) {
    const std::string replaced = certificate_.metadata.resource_version;
    const auto object = owner_.client_.patch_status(
        api::Certificate::type(), certificate_.metadata.key(), patch, replaced, owner_.stop_);
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
  owner_.metrics_.show(certificate_);
  return {};
}

base::Status Reconciler::Run::read_secret() {
  memory_.is_secret_known = false;
  memory_.secret.reset();
  memory_.secret_writers.clear();
  const auto object = owner_.client_.get(kube::Secret::type(), secret_key(), owner_.stop_);
  if (object) {
    auto secret = kube::Secret::from_json(*object);
    if (!secret) return base::failure(std::move(secret.error()));
    memory_.secret = *std::move(secret);
    memory_.secret_writers = other_writers(*object);
  } else if (object.error().kind != base::ErrorKind::not_found) {
    return base::failure(object.error());
  }
  memory_.is_secret_known = true;
  return {};
}

base::Status Reconciler::Run::write_secret(const nlohmann::json& object) {
  memory_.is_secret_known = false;  // until we know better
  const auto written = owner_.client_.apply(
      kube::Secret::type(), object, kube::ApplyOptions{api::kFieldManager, true}, owner_.stop_);
  if (!written) {
    base::Error error = base::while_doing("writing Secret " + secret_key().text() + " of " + name(),
                                          written.error());
    // Deleted or changed since it was read: that is to be read again and no person's business,
    // whatever words the API server has for it.
    const std::string sent = object["metadata"].value("resourceVersion", "");
    const bool is_refused =
        error.kind == base::ErrorKind::invalid || error.kind == base::ErrorKind::conflict;
    if (is_refused && !sent.empty() && read_secret()) {
      const bool is_another = !memory_.secret || memory_.secret->metadata.resource_version != sent;
      if (is_another) error.kind = base::ErrorKind::conflict;
    }
    return base::failure(std::move(error));
  }
  auto parsed = kube::Secret::from_json(*written);
  if (!parsed) return base::failure(parsed.error());
  memory_.secret = *std::move(parsed);
  memory_.is_secret_known = true;
  return {};
}

base::Result<kube::Outcome> Reconciler::Run::finish_write(base::Status status, End end) {
  if (status) return end;
  // Deleted meanwhile: there is nobody left to tell.
  if (status.error().kind == base::ErrorKind::not_found) return kube::Outcome::await_change();
  return base::failure(std::move(status.error()));
}

}  // namespace certificate
