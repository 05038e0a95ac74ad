#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "proxy/reason/words.h"
#include "proxy/session/exchange.h"
#include "proxy/session/suspended.h"

// A request that is compared with rules before it goes on. Its body is gathered first, as far as it
// is to be inspected; then both are looked at on another thread. Whatever comes of it, the request
// is decided anew, with what was found. A request whose body is a stream, as a gRPC call's is, or
// that asks for another protocol, goes on after its head was inspected.
namespace proxy::session {
namespace {

// Each of up to three guards, and a configuration or two that come meanwhile.
constexpr unsigned kInspectionsMax = 8;

bool lets_uninspected_pass(const config::Firewall& settings) {
  return settings.passes_uninspected || settings.mode == config::FirewallMode::detect;
}

std::string_view version_of(Exchange::Protocol protocol) {
  switch (protocol) {
    case Exchange::Protocol::http1_0:
      return "1.0";
    case Exchange::Protocol::http1_1:
      return "1.1";
    case Exchange::Protocol::http2:
      return "2.0";
  }
  return "1.1";
}

}  // namespace

// Only where its backends speak HTTP/2: elsewhere a client that says so would be a form's sender
// who wants not to be looked at.
bool Exchange::is_call_to(const router::Target& target) const {
  const auto speaks_http2 = [this](std::uint32_t cluster) {
    return cluster != router::Target::kNoCluster &&
           means_.clusters.at(cluster)->config().speaks_http2;
  };
  return is_grpc_ && speaks_http2(target.cluster) &&
         (target.rest().split == nullptr || speaks_http2(target.rest().split->cluster()));
}

void Exchange::begin_inspection(policy::Inspections::Settings settings,
                                const router::Target& target, const upstream::Piece& piece) {
  Suspended& suspended = *suspended_;
  body_bytes_max_ = target.policies->body_bytes_max;
  const std::uint64_t announced = request_.content_length.value_or(0);
  if (body_bytes_max_ != 0 && std::max(announced, request_bytes_) > body_bytes_max_) {
    answer(413, reason::body_too_large);
    return;
  }
  suspended.firewall = std::move(settings);
  // Over HTTP/2 what follows is the other protocol's from the beginning (RFC 8441 §5); over
  // HTTP/1.1 a body is one, whatever is asked for beside it.
  const bool is_upgrade = protocol_ == Protocol::http2 && !offered_upgrade_.empty();
  suspended.body_is_stream = is_upgrade || is_call_to(target);
  stage_ = Stage::guarded;
  suspended.body.append(piece.text());
  if (++suspended.inspected > kInspectionsMax) {
    conclude_soon({.trouble = reason::firewall_busy});
  } else if (!suspended.body_is_stream && announced > suspended.firewall->body_bytes_max &&
             !lets_uninspected_pass(*suspended.firewall)) {
    conclude_soon({.trouble = reason::firewall_body_too_large, .trouble_status = 413});
  } else {
    gather_for_inspection();
  }
  if (!suspended.awaits_body || stage_ != Stage::guarded) return;
  if (request_.expects_continue && suspended.body.empty()) downstream_->send_continue();
}

// There is more of the body, or it has just begun.
void Exchange::gather_for_inspection() {
  Suspended& suspended = *suspended_;
  const std::uint64_t bytes_max = suspended.firewall->body_bytes_max;
  const bool is_cut = suspended.body.size() > bytes_max;
  if (!hold_guarded()) {
    suspended.awaits_body = false;
    conclude_soon({.trouble = reason::firewall_memory_full});
    return;
  }
  suspended.awaits_body = !request_complete_ && !suspended.body_is_stream && !is_cut;
  watch_client();
  if (suspended.awaits_body) return;
  if (is_cut && !lets_uninspected_pass(*suspended.firewall)) {
    conclude_soon({.trouble = reason::firewall_body_too_large, .trouble_status = 413});
  } else {
    inspect();
  }
}

void Exchange::inspect() {
  Suspended& suspended = *suspended_;
  auto task = std::make_shared<InspectionTask>(suspended.firewall, request_);
  task->version = version_of(protocol_);
  task->client_address = suspended.client.address;
  if (!suspended.body_is_stream) {
    task->body = suspended.body.take();
    task->inspected_bytes =
        std::min<std::size_t>(task->body.size(), suspended.firewall->body_bytes_max);
  }
  task->body_is_cut = !request_complete_ || task->inspected_bytes < task->body.size();
  suspended.task = task;
  hold_guarded();
  means_.loop.arm(timer_, means_.options.inspectors.wait_max);
  if (means_.guarding.inspections.ask(suspended.client.address, task, suspended)) return;
  task->give_up();
  conclude_soon({.trouble = reason::firewall_busy});
}

// Not now: whoever is on the stack is in the middle of this request.
void Exchange::conclude_soon(policy::Inspection inspection) {
  suspended_->conclusion = std::move(inspection);
  means_.loop.arm(timer_, std::chrono::milliseconds(0));
}

void Exchange::on_guard_timer() {
  if (suspended_ == nullptr || suspended_->firewall == nullptr) return;
  if (suspended_->conclusion) {
    conclude(*std::exchange(suspended_->conclusion, std::nullopt));
  } else {
    conclude({.trouble = reason::firewall_too_slow});
  }
}

void Exchange::on_inspected(policy::Inspection inspection) {
  conclude(std::move(inspection));
}

void Exchange::conclude(policy::Inspection inspection) {
  timer_.disarm();
  const bool is_under_way =
      InspectionGate::is_waiting(*suspended_) && !means_.guarding.inspections.leave(*suspended_);
  take_body_back(is_under_way);
  suspended_->awaits_body = false;
  note_inspection(*suspended_->firewall, inspection, lets_uninspected_pass(*suspended_->firewall),
                  false);
  suspended_->inspections.add(std::exchange(suspended_->firewall, nullptr), std::move(inspection));
  decide_again();
}

// `is_looked_at`: by a thread that goes on, and needs it.
void Exchange::take_body_back(bool is_looked_at) {
  const auto task = std::exchange(suspended_->task, nullptr);
  if (task == nullptr || task->body.empty()) return;
  std::string body = is_looked_at ? task->body : std::exchange(task->body, {});
  body.append(suspended_->body.view());
  suspended_->body.take_over(std::move(body));
}

// `passes`: though it was not inspected.
void Exchange::note_inspection(const config::Firewall& settings,
                               const policy::Inspection& inspection, bool passes,
                               bool is_of_response) {
  const bool detects = settings.mode == config::FirewallMode::detect;
  admin::WorkerCounters& all = means_.counters;
  auto& counters = is_of_response ? all.firewall_responses[detects ? 1 : 0]
                                  : all.firewall[settings.core_rules ? 0 : 1][detects ? 1 : 0];
  if (!inspection.trouble.empty()) {
    counters.uninspected.add();
  } else if (inspection.is_attack) {
    counters.attacks.add();
  } else {
    counters.clean.add();
  }
  if (!inspection.trouble.empty() && passes) {
    granted().firewall = inspection.trouble;
  } else if (inspection.is_attack && detects) {
    granted().firewall = "detected";
  }
  for (const std::uint32_t rule : inspection.rules) {
    std::string& rules = granted().rules;
    if (!rules.empty()) rules += ',';
    rules += std::to_string(rule);
  }
}

}  // namespace proxy::session
