#include <utility>

#include <nlohmann/json.hpp>

#include "operator/api/issuer.h"
#include "operator/api/status_patch.h"
#include "operator/certificate/run.h"
#include "operator/certificate/secret_writer.h"

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
    auto parsed = api::Certificate::from_json(*object);
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
  auto secret = owner_.client_.get<kube::Secret>(secret_key(), owner_.stop_);
  if (secret) {
    memory_.secret = *std::move(secret);
  } else if (secret.error().kind != base::ErrorKind::not_found) {
    return base::failure(secret.error());
  }
  memory_.is_secret_known = true;
  return {};
}

base::Status Reconciler::Run::write_secret(const nlohmann::json& object) {
  memory_.is_secret_known = false;  // until we know better
  const auto written = owner_.client_.apply(
      kube::Secret::type(), object, kube::ApplyOptions{api::kFieldManager, true}, owner_.stop_);
  if (!written) {
    return base::failure(base::while_doing(
        "writing Secret " + secret_key().text() + " of " + name(), written.error()));
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
