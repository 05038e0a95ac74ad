#include "operator/program/published_configuration.h"

#include <utility>

#include "base/x509.h"

namespace program {

using certificate::Given;

PublishedConfiguration::Pointer PublishedConfiguration::get() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

bool PublishedConfiguration::is(const Pointer& config) const {
  return get() == config;
}

void PublishedConfiguration::replace(Pointer config,
                                     const std::function<void(const std::string&)>& on_changed) {
  Pointer before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(config_, config);
  }
  using Certificates = proxy::config::ProxyConfig::Section<proxy::config::Certificate>;
  static const Certificates kNone;
  Certificates::visit_differences(
      before ? before->certificates : kNone, config->certificates,
      [&](const std::string& secret, const auto*, const auto*) { on_changed(secret); });
}

Given PublishedConfiguration::given() const {
  return is_taken_over_() ? Given::taken_over : Given::on_its_way;
}

Given PublishedConfiguration::is_given_token(const std::string& host,
                                             const std::string& token) const {
  const Pointer config = get();
  if (!config) return Given::unknown;
  const auto answer = config->challenges.find(token);
  const bool is_given = answer != config->challenges.end() && answer->second->find(host) != nullptr;
  return is_given ? given() : Given::no;
}

Given PublishedConfiguration::is_given_certificate(const kube::ObjectKey& secret,
                                                   const std::string& fingerprint) const {
  const Pointer config = get();
  if (!config) return Given::unknown;
  const auto found = config->certificates.find(secret.text());
  if (found == config->certificates.end()) return Given::no;
  const auto given_one = base::leaf_fingerprint(found->second->chain_pem.text());
  const bool is_given = given_one && *given_one == fingerprint;
  return is_given ? given() : Given::no;
}

}  // namespace program
