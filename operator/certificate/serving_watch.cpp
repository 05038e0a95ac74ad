#include "operator/certificate/serving_watch.h"

#include <string>

#include "operator/certificate/status_report.h"

namespace certificate {

void ServingWatch::look(const base::CertificateInfo& leaf) {
  const auto& is_used = context_.options.is_used;
  if (is_used && !is_used(record_.secret_key()).value_or(true)) {
    looks_ = {};  // whoever names it later starts afresh
    return show_not_used(record_.certificate(), context_.now());
  }
  const bool is_the_same = looks_.serial == leaf.serial;
  const api::CertificateStatus& written = record_.written();
  const bool was_served =
      kube::is_true(written.conditions, api::kServing) && written.serial_number == leaf.serial;
  if (looks_.serial.empty() && !looks_.next_look && was_served) {
    looks_.next_look = context_.steady_now() + until_first_sample(record_.chance());
  }
  const std::string proxies = context_.data_plane.proxies();
  if (is_look_due(looks_, leaf.serial, proxies, context_.steady_now())) {
    const std::string host = record_.certificate().all_names().front();
    looks_.answers = context_.data_plane.check_serial(host, leaf.serial);
    looks_.looks = is_the_same ? looks_.looks + 1 : 1;
    looks_.serial = leaf.serial;
    looks_.proxies = proxies;
    looks_.next_look = context_.steady_now() + until_next_look(looks_.answers, looks_.looks);
  }
  if (looks_.serial != leaf.serial) return;  // status is believed until then
  show_serving(record_.certificate(), leaf.serial, looks_.answers, context_.now());
}

void ServingWatch::end_quick_looks() {
  looks_.looks = 1;
  if (looks_.next_look && !looks_.answers.is_all_heard()) {
    looks_.next_look = context_.steady_now() + until_next_look(looks_.answers, looks_.looks);
  }
}

std::optional<base::SteadyTime> ServingWatch::next_look() const {
  // Without proxies there is nothing to ask until there are some.
  const bool is_settled = !looks_.serial.empty() && looks_.answers.ready == 0;
  return is_settled ? std::nullopt : looks_.next_look;
}

}  // namespace certificate
