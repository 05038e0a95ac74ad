#include "operator/certificate/renewal_info_watch.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "acme/renewal_info.h"
#include "acme/renewal_time.h"
#include "operator/certificate/status_report.h"

namespace certificate {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kSpreadAfterRestart{10};
constexpr minutes kWithoutAnIssuer{5};  // until it is thought of again
constexpr minutes kWithoutATurn{5};

// Never 0. There are ten thousand that are remembered, and a text would take six times the room.
std::size_t hash_of(const std::string& serial) {
  return std::max<std::size_t>(std::hash<std::string>()(serial), 1);
}

}  // namespace

void RenewalInfoWatch::look(const base::CertificateInfo& leaf) {
  const std::size_t serial = hash_of(leaf.serial);
  if (std::exchange(memory_.serial, serial) != serial) begin();
  if (!memory_.next_fetch || *memory_.next_fetch <= context_.steady_now()) fetch(leaf);
  if (!memory_.info) return;
  // A later time of the next check alone is not worth a write.
  const api::RenewalInfoStatus& next = *memory_.info;
  std::optional<api::RenewalInfoStatus>& shown = record_.status().renewal_info;
  if (shown && shown->window_start == next.window_start && shown->window_end == next.window_end &&
      shown->explanation_url == next.explanation_url) {
    return;
  }
  shown = next;
  show_ready(record_.certificate(), leaf, context_.now());
}

void RenewalInfoWatch::begin() {
  const std::optional<api::RenewalInfoStatus>& shown = record_.status().renewal_info;
  memory_.info = shown;
  memory_.next_fetch.reset();
  if (!shown) return;
  const auto spread = record_.chance() * std::chrono::duration<double>(kSpreadAfterRestart);
  // Never later than the longest pause from now: it may be of a clock that was ahead.
  const base::WallTime now = context_.now();
  const base::WallTime latest = now + acme::renewal_info_refetch_delay(seconds::max());
  const auto planned = std::clamp<base::WallTime>(shown->next_check, now, latest) +
                       std::chrono::duration_cast<seconds>(spread);
  memory_.next_fetch =
      context_.steady_now() + std::chrono::duration_cast<base::SteadyTime::duration>(planned - now);
}

void RenewalInfoWatch::fetch(const base::CertificateInfo& leaf) {
  const auto account = context_.accounts.find(issuer_.key());
  memory_.next_fetch =
      context_.steady_now() + (account ? acme::renewal_info_refetch_delay(std::nullopt)
                                       : std::chrono::duration_cast<seconds>(kWithoutAnIssuer));
  if (!account || !account->session.directory.has_renewal_info()) return;
  // RFC 9773 §4.3: not once it has expired.
  if (context_.now() >= leaf.not_after) return;
  if (!issuer_.try_turn()) {
    memory_.next_fetch = context_.steady_now() + kWithoutATurn;
    return;
  }
  const auto id = acme::certificate_id(leaf);
  if (!id) return;
  const auto answer =
      issuer_.asked(account->client->renewal_info(account->session.directory, *id, context_.stop));
  if (!answer) {
    spdlog::warn("{}: asking for renewal information: {}", record_.name(),
                 answer.error().error.message);
    return;
  }
  const seconds refetch = acme::renewal_info_refetch_delay(answer->retry_after);
  memory_.next_fetch = context_.steady_now() + refetch;
  memory_.info = api::RenewalInfoStatus{answer->value.window_start, answer->value.window_end,
                                        answer->value.explanation_url, context_.now() + refetch};
}

}  // namespace certificate
