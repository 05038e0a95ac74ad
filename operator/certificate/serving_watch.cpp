#include "operator/certificate/serving_watch.h"

#include <algorithm>
#include <chrono>

#include "operator/certificate/status_report.h"

namespace certificate {

void ServingWatch::look(const base::CertificateInfo& leaf) {
  is_awaited_ = false;
  is_asking_ = false;
  const auto& is_used = context_.options.is_used;
  if (is_used && !is_used(record_.secret_key()).value_or(true)) {
    looks_ = {};  // whoever names it later starts afresh
    return show_not_used(record_.certificate(), context_.now());
  }
  const api::CertificateStatus& written = record_.written();
  const bool was_served =
      kube::is_true(written.conditions, api::kServing) && written.serial_number == leaf.serial;
  if (looks_.serial.empty() && !looks_.next_look && was_served) {
    looks_.next_look = context_.steady_now() + until_first_sample(record_.chance());
  }
  const ServingInput input{
      leaf.serial, context_.data_plane.proxies(),
      context_.data_plane.is_given_certificate(record_.secret_key(), leaf.fingerprint_sha256)};
  note_waits(looks_, input, context_.steady_now());
  ServingStep step = next_serving_step(looks_, input, context_.steady_now());
  if (step == ServingStep::ask) {
    step = ask(input) ? ServingStep::say_known : ServingStep::keep;
  }
  const bool is_shown = looks_.serial == leaf.serial && looks_.answers.is_all_heard();
  is_awaited_ = !input.proxies.empty() && (!is_shown || step == ServingStep::say_not_given);
  switch (step) {
    case ServingStep::say_known:
      return show_serving(record_.certificate(), leaf.serial, looks_.answers, context_.now());
    case ServingStep::say_no_proxies:
      return show_serving(record_.certificate(), leaf.serial, ProxyAnswers{}, context_.now());
    case ServingStep::say_not_given:
      return show_not_given(record_.certificate(), leaf.serial, context_.now());
    case ServingStep::ask:
    case ServingStep::keep:
      return;
  }
}

// Whether there are answers; else the proxies are being asked.
bool ServingWatch::ask(const ServingInput& input) {
  const std::string host = record_.certificate().all_names().front();
  auto answers = context_.data_plane.check_serial(record_.key(), host, input.serial);
  is_asking_ = !answers;
  if (!answers) return false;
  note_answers(looks_, input, *std::move(answers), context_.steady_now());
  return true;
}

void ServingWatch::end_quick_looks() {
  looks_.looks = 1;
  if (looks_.next_look && !looks_.answers.is_all_heard()) {
    looks_.next_look = context_.steady_now() + until_next_look(looks_.answers, looks_.looks);
  }
}

std::optional<base::SteadyTime> ServingWatch::next_look() const {
  const auto end = end_of_wait(looks_, context_.steady_now());
  // Without proxies there is nothing to ask until there are some.
  if (looks_.no_proxies_since) return end;
  if (is_asking_) return context_.steady_now() + kAnswersLost;
  if (end && looks_.next_look) return std::min(*end, *looks_.next_look);
  return end ? end : looks_.next_look;
}

}  // namespace certificate
