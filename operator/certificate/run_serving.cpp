#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "acme/renewal_info.h"
#include "acme/renewal_time.h"
#include "operator/certificate/renewal.h"
#include "operator/certificate/run.h"

namespace certificate {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// How often a served certificate is looked at; after a restart the looks are spread over it.
constexpr hours kServingSample{12};
constexpr minutes kRenewalInfoSpreadAfterRestart{10};
constexpr minutes kWithoutAnIssuer{5};  // until renewal information is thought of again
constexpr minutes kWithoutATurn{5};
constexpr hours kLookAtLeast{24};

milliseconds serving_delay(int looks) {
  return std::min<milliseconds>(seconds(1) * (1 << std::clamp(looks - 1, 0, 9)), minutes(5));
}

}  // namespace

// Handshakes prove a new certificate. Once it was served by everybody it is not asked for again
// because a proxy comes or goes: a proxy is ready when it lives by the configuration, which has
// this certificate. Now and then a look proves that, too.
void Reconciler::Run::look_at_serving(const base::CertificateInfo& leaf) {
  if (owner_.options_.is_used && !owner_.options_.is_used(secret_key()).value_or(true)) {
    // Whoever names it later starts afresh.
    memory_.serving = {};
    memory_.serving_seen.clear();
    memory_.next_serving_look.reset();
    return show_not_used(certificate_, now());
  }
  const bool is_the_same = memory_.serving_seen == leaf.serial;
  const bool was_served =
      kube::is_true(written_.conditions, api::kServing) && written_.serial_number == leaf.serial;
  if (memory_.serving_seen.empty() && !memory_.next_serving_look && was_served) {
    memory_.next_serving_look =
        steady_now() + std::chrono::duration_cast<milliseconds>(chance() * kServingSample);
  }
  // Others may be asked now than those that did not serve it.
  const std::string proxies = owner_.data_plane_.proxies();
  const bool are_others =
      is_the_same && !memory_.serving.is_all_heard() && memory_.serving_proxies != proxies;
  // A wait without anything seen is the one after a restart.
  const bool may_wait = (is_the_same || memory_.serving_seen.empty()) && !are_others;
  if (may_wait && memory_.next_serving_look && steady_now() < *memory_.next_serving_look) {
    if (is_the_same) show_serving(certificate_, leaf.serial, memory_.serving, now());
    return;
  }
  memory_.serving = owner_.data_plane_.check_serial(certificate_.all_names().front(), leaf.serial);
  memory_.serving_looks = is_the_same ? memory_.serving_looks + 1 : 1;
  memory_.serving_seen = leaf.serial;
  memory_.serving_proxies = proxies;
  memory_.next_serving_look =
      steady_now() + (memory_.serving.is_all_heard() ? milliseconds(kServingSample)
                                                     : serving_delay(memory_.serving_looks));
  show_serving(certificate_, leaf.serial, memory_.serving, now());
}

void Reconciler::Run::look_at_renewal_info(const base::CertificateInfo& leaf) {
  api::CertificateStatus& status = certificate_.status;
  if (memory_.renewal_info_of != leaf.serial) {
    memory_.renewal_info_of = leaf.serial;
    memory_.renewal_info = status.renewal_info;
    memory_.next_renewal_info.reset();
    if (status.renewal_info) {
      const double chance = acme::chance_of(certificate_.metadata.uid);
      const auto spread = chance * std::chrono::duration<double>(kRenewalInfoSpreadAfterRestart);
      const auto planned = std::max(status.renewal_info->next_check, now()) +
                           std::chrono::duration_cast<seconds>(spread);
      memory_.next_renewal_info =
          steady_now() + std::chrono::duration_cast<base::SteadyTime::duration>(planned - now());
    }
  }
  if (!memory_.next_renewal_info || *memory_.next_renewal_info <= steady_now()) {
    fetch_renewal_info(leaf);
  }
  if (!memory_.renewal_info) return;
  // A later time of the next check alone is not worth a write.
  const api::RenewalInfoStatus& next = *memory_.renewal_info;
  if (status.renewal_info && status.renewal_info->window_start == next.window_start &&
      status.renewal_info->window_end == next.window_end &&
      status.renewal_info->explanation_url == next.explanation_url) {
    return;
  }
  status.renewal_info = next;
  show_ready(certificate_, leaf, now());
}

void Reconciler::Run::fetch_renewal_info(const base::CertificateInfo& leaf) {
  const auto account = owner_.accounts_.find(issuer_key());
  memory_.next_renewal_info =
      steady_now() + (account ? acme::renewal_info_refetch_delay(std::nullopt)
                              : std::chrono::duration_cast<seconds>(kWithoutAnIssuer));
  if (!account || !account->session.directory.has_renewal_info()) return;
  // RFC 9773 §4.3: not once it has expired.
  if (now() >= leaf.not_after) return;
  if (!turn_) {
    auto turn = owner_.turns_.try_take(issuer_key().text());
    if (!turn) {
      memory_.next_renewal_info = steady_now() + kWithoutATurn;
      return;
    }
    turn_.emplace(*std::move(turn));
  }
  const auto id = acme::certificate_id(leaf);
  if (!id) return;
  const auto answer =
      asked(account->client->renewal_info(account->session.directory, *id, owner_.stop_));
  if (!answer) {
    spdlog::warn("{}: asking for renewal information: {}", name(), answer.error().error.message);
    return;
  }
  const seconds refetch = acme::renewal_info_refetch_delay(answer->retry_after);
  memory_.next_renewal_info = steady_now() + refetch;
  memory_.renewal_info =
      api::RenewalInfoStatus{answer->value.window_start, answer->value.window_end,
                             answer->value.explanation_url, now() + refetch};
}

milliseconds Reconciler::Run::until_next_look(const base::CertificateInfo& leaf) const {
  milliseconds delay = kLookAtLeast;
  const auto by_wall = [&](base::WallTime time) {
    delay = std::min(delay, std::chrono::ceil<milliseconds>(time - now()));
  };
  const auto by_steady = [&](const std::optional<base::SteadyTime>& time) {
    if (time) delay = std::min(delay, std::chrono::ceil<milliseconds>(*time - steady_now()));
  };
  by_wall(renewal_time(certificate_, leaf));
  by_steady(memory_.next_renewal_info);
  // Without proxies there is nothing to ask until there are some.
  const bool is_settled = !memory_.serving_seen.empty() && memory_.serving.ready == 0;
  if (!is_settled) by_steady(memory_.next_serving_look);
  return std::max(delay, milliseconds(100));
}

}  // namespace certificate
