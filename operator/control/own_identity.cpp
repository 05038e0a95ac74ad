#include "operator/control/own_identity.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/time_text.h"
#include "base/x509.h"

namespace control {
namespace {

constexpr const char* kFieldManager = "gatehouse-operator";
// A CA, its leaf, and what a rotation may have left over; more would be a plan that never ends.
constexpr int kStepsMax = 4;
// Somebody may set the wall clock, so nothing is slept through for longer.
constexpr auto kLookAgainMax = std::chrono::hours(1);

const char* deed(OwnCertificateAction action) {
  switch (action) {
    case OwnCertificateAction::keep:
      return "kept everything";
    case OwnCertificateAction::make_ca_and_leaf:
      return "made a CA and a certificate";
    case OwnCertificateAction::sign_leaf:
      return "signed a new certificate";
    case OwnCertificateAction::make_next_ca:
      return "made the next CA, which signs once the proxies know it";
    case OwnCertificateAction::let_next_ca_sign:
      return "let the next CA sign";
    case OwnCertificateAction::drop_previous_ca:
      return "dropped the previous CA";
  }
  return "";
}

}  // namespace

OwnIdentity::OwnIdentity(Options options, Stores stores, kube::Client& client,
                         const base::Clock& clock, std::stop_token stop)
    : options_(std::move(options)),
      stores_(stores),
      client_(client),
      clock_(clock),
      stop_(std::move(stop)),
      problem_("waiting for Secret " + options_.secret.text() + " and ConfigMap " +
               options_.config_map.text() + " of the control API's certificate") {}

base::Result<kube::Outcome> OwnIdentity::reconcile(const kube::ObjectKey&) {
  if (!stores_.secrets.has_synced() || !stores_.config_maps.has_synced()) {
    return kube::Outcome::await_change();
  }
  const auto secret = stores_.secrets.get(options_.secret);
  if (secret) serve(read_own_certificate(*secret));

  OwnCertificateVerdict verdict;
  const auto content = settle(secret.get(), verdict);
  if (!content) {
    note_problem(content.error().message);
    return base::failure(content.error());
  }
  if (const auto published = publish(bundle_of(*content)); !published) {
    note_problem(published.error().message);
    return base::failure(published.error());
  }
  const auto delay =
      std::chrono::duration_cast<std::chrono::milliseconds>(verdict.look_again_at - clock_.now());
  return kube::Outcome::requeue(
      std::clamp<std::chrono::milliseconds>(delay, std::chrono::seconds(1), kLookAgainMax));
}

// Writes until the Secret is as it should be; then verdict says when to look again.
base::Result<OwnCertificateContent> OwnIdentity::settle(const kube::Secret* secret,
                                                        OwnCertificateVerdict& verdict) {
  std::optional<kube::Secret> present;
  if (secret != nullptr) present = *secret;
  std::optional<PublishedBundle> published;
  if (const auto map = stores_.config_maps.get(options_.config_map)) {
    published = read_published_bundle(*map);
  }
  for (int step = 0; step < kStepsMax; ++step) {
    const base::WallTime now = clock_.now();
    const OwnCertificateContent content =
        present ? read_own_certificate(*present) : OwnCertificateContent{};
    verdict = plan_own_certificate({present ? &content : nullptr, published ? &*published : nullptr,
                                    options_.dns_names, now, options_.times});
    if (verdict.action == OwnCertificateAction::keep) return content;
    auto wanted = carry_out(verdict, content, now, options_.times);
    if (!wanted) return base::failure(std::move(wanted.error()));
    auto written = write(present ? &*present : nullptr, *wanted);
    if (!written) return base::failure(std::move(written.error()));
    spdlog::info("keeping the control API's certificate in Secret {}: {}, because {}",
                 options_.secret.text(), deed(verdict.action), verdict.reason);
    present = std::move(*written);
    serve(read_own_certificate(*present));
  }
  return base::failure(base::ErrorKind::unavailable,
                       "Secret " + options_.secret.text() + " does not keep what is written to it");
}

// conflict: another replica, or a human, wrote first; their change comes by the watch.
base::Result<kube::Secret> OwnIdentity::write(const kube::Secret* present,
                                              const OwnCertificateContent& content) {
  const kube::ResourceType& type = kube::Secret::type();
  const auto stored =
      present == nullptr
          ? client_.create(type, own_certificate_secret(options_.secret, content), stop_)
          : client_.patch(type, options_.secret, own_certificate_patch(content),
                          present->metadata.resource_version, stop_);
  if (!stored) return base::failure(stored.error());
  return kube::Secret::from_json(*stored);
}

base::Status OwnIdentity::publish(const std::string& bundle) {
  const auto map = stores_.config_maps.get(options_.config_map);
  if (map) {
    const PublishedBundle published = read_published_bundle(*map);
    if (published.pem == bundle && published.since) return {};
  }
  const auto applied = client_.apply(kube::ConfigMap::type(),
                                     bundle_config_map(options_.config_map, bundle, clock_.now()),
                                     {.field_manager = kFieldManager, .force = true}, stop_);
  if (!applied) return base::failure(applied.error());
  spdlog::info("publishing in ConfigMap {} which CAs the proxies are to trust for the control API",
               options_.config_map.text());
  return {};
}

// Takes the content over if it is good, and says so once.
void OwnIdentity::serve(const OwnCertificateContent& content) {
  if (const std::string problem = why_not_served(content, clock_.now()); !problem.empty()) {
    return note_problem("Secret " + options_.secret.text() + ": " + problem);
  }
  {
    const std::lock_guard lock(mutex_);
    if (identity_.chain_pem == content.leaf && identity_.key_pem == content.leaf_key) return;
    identity_ = {content.leaf, content.leaf_key};
    problem_.clear();
  }
  const auto chain = base::read_chain(content.leaf);
  spdlog::info("serving the control API with certificate {} from Secret {}, valid until {}",
               chain->front().serial, options_.secret.text(),
               base::to_rfc3339(chain->front().not_after));
}

void OwnIdentity::note_problem(std::string problem) {
  const std::lock_guard lock(mutex_);
  if (identity_.chain_pem.empty()) problem_ = std::move(problem);
}

base::HttpServer::TlsIdentity OwnIdentity::get() const {
  const std::lock_guard lock(mutex_);
  return identity_;
}

std::string OwnIdentity::why_not_ready() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace control
