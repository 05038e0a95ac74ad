#include "operator/ingress/class_reporter.h"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "operator/api/status_patch.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/class_parameters.h"

namespace ingress {
namespace {

constexpr const char* kAccepted = "Accepted";

kube::Condition condition_of(const api::EdgeParameters& parameters) {
  const bool is_accepted = parameters.problem.empty();
  return {.type = kAccepted,
          .status = is_accepted ? kube::ConditionStatus::is_true : kube::ConditionStatus::is_false,
          .reason = is_accepted ? "Accepted" : "Invalid",
          .message = is_accepted
                         ? "holds for the Ingresses of the classes that name it"
                         : parameters.problem +
                               "; what could be read of it last holds, and where nothing could "
                               "the Ingresses of the class answer 503",
          .observed_generation = parameters.metadata.generation};
}

}  // namespace

base::Result<kube::Outcome> ClassReporter::reconcile(const kube::ObjectKey& key) {
  const auto ingress_class = classes_.get(key);
  const bool is_ours = ingress_class && ingress_class->controller == kControllerName &&
                       options_.class_names.count(key.name) != 0;
  if (!is_ours || !ingress_class->parameters || !parameters_.has_synced()) {
    told_.erase(key.name);
    told_distrust_.erase(key.name);
    return kube::Outcome::await_change();
  }
  tell_of_distrust(*ingress_class);
  const std::string name = named_parameters(*ingress_class);
  const auto parameters = name.empty() ? nullptr : parameters_.get({"", name});
  if (!parameters) {
    const auto& named = *ingress_class->parameters;
    tell_of_missing(*ingress_class,
                    "spec.parameters names " + named.kind + " " + named.name +
                        (name.empty() ? ", and only EdgeParameters of gatehouse.dev are known."
                                      : ", which does not exist.") +
                        " It may say who is to be kept out: what could be read of it last holds, "
                        "and where nothing could the Ingresses of the class answer 503.");
    return kube::Outcome::await_change();
  }
  told_.erase(key.name);
  if (const auto written = write_status(*parameters); !written) {
    return base::failure(written.error());
  }
  return kube::Outcome::await_change();
}

void ClassReporter::tell_of_missing(const kube::IngressClass& ingress_class,
                                    const std::string& why) {
  std::string& told = told_[ingress_class.metadata.name];
  if (told == why) return;
  told = why;
  spdlog::warn("IngressClass {}: {}", ingress_class.metadata.name, why);
  if (!options_.tells_at_class) return;
  events_.warning(kube::reference_to(kube::IngressClass::type(), ingress_class.metadata),
                  "ParametersNotFound", "Compiling", why);
}

// At the class, and not in the status of its parameters: those may be another release's, too, which
// has other classes.
void ClassReporter::tell_of_distrust(const kube::IngressClass& ingress_class) {
  const std::string& name = ingress_class.metadata.name;
  const TrustedByClass trusted = trusted_proxies();
  const auto said = trusted.find(name);
  if (said == trusted.end() || !is_narrowed(said->second, trusted_by_all(trusted))) {
    told_distrust_.erase(name);
    return;
  }
  std::string others;
  for (const auto& [other, networks] : trusted) {
    if (other == name) continue;
    if (!others.empty()) others += ", ";
    others += other;
  }
  const std::string why =
      "trustedProxies of EdgeParameters " + named_parameters(ingress_class) +
      " names networks that are not trusted: one list is for all classes of a release, and of "
      "those that name some (beside this one: " +
      others +
      ") all have to trust an address. Who comes by the others is taken for the client. Write the "
      "same networks for all of these classes, or give this one a release of its own.";
  std::string& told = told_distrust_[name];
  if (told == why) return;
  told = why;
  spdlog::warn("IngressClass {}: {}", name, why);
  if (!options_.tells_at_class) return;
  events_.warning(kube::reference_to(kube::IngressClass::type(), ingress_class.metadata),
                  "TrustedProxiesDiffer", "Compiling", why);
}

// As the compiler sees them, so that what is told is what holds.
TrustedByClass ClassReporter::trusted_proxies() const {
  return ClassOwnership(classes_.list(), kControllerName, options_.class_names, in_force_.now())
      .trusted_proxies();
}

base::Status ClassReporter::write_status(const api::EdgeParameters& before) {
  const kube::Condition wanted = condition_of(before);
  const kube::Condition* const known = kube::find_condition(before.conditions, kAccepted);
  // Words are no reason to write: another release has its own.
  const bool is_known = known != nullptr && known->status == wanted.status &&
                        known->reason == wanted.reason &&
                        known->observed_generation == wanted.observed_generation;
  if (is_known) return {};
  const bool is_news = known == nullptr || known->reason != wanted.reason;
  api::EdgeParameters after = before;
  kube::set_condition(after.conditions, wanted, clock_.now());
  after.observed_generation = before.metadata.generation;
  const nlohmann::json patch =
      api::status_patch(api::status_to_json(before), api::status_to_json(after));
  const auto written = client_.patch_status(api::EdgeParameters::type(), before.metadata.key(),
                                            patch, before.metadata.resource_version, stop_);
  if (!written && written.error().kind != base::ErrorKind::not_found) {
    return base::failure(base::while_doing(
        "writing the status of EdgeParameters " + before.metadata.name, written.error()));
  }
  if (before.problem.empty() || !is_news) return {};
  spdlog::warn("EdgeParameters {}: {}", before.metadata.name, wanted.message);
  if (!options_.tells_at_class) return {};
  events_.warning(kube::reference_to(api::EdgeParameters::type(), before.metadata), "Invalid",
                  "Compiling", wanted.message);
  return {};
}

}  // namespace ingress
