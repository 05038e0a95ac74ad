#include "proxy/session/inspectors.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <utility>

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/firewall/decoded_body.h"
#include "proxy/policy/response_inspection.h"
#include "proxy/reason/words.h"

namespace proxy::session {
namespace {

constexpr policy::Inspection kUnavailable{.trouble = reason::firewall_unavailable};

// It takes no longer than what a small request may take.
bool is_small(const InspectionTask& task) {
  const bool is_of_request = task.request != nullptr;
  const std::size_t head_bytes =
      is_of_request ? task.request->get().views_bytes() : task.response->get().views_bytes();
  // A kilobyte that is coded may be a megabyte of text.
  const bool is_coded = task.response_coding != http::ContentCoding::identity;
  const std::uint64_t body_bytes =
      is_coded ? task.settings->responses->body_bytes_max : task.inspected_bytes;
  return head_bytes <= Inspectors::kSmallHeadBytesMax && body_bytes <= Inspectors::kSmallBytesMax;
}

// On Linux it is the calling thread's alone.
void yield_to_those_who_serve() {
  constexpr int kNice = 5;
  [[maybe_unused]] const int result =
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
}

}  // namespace

InspectionTask::InspectionTask(policy::Inspections::Settings by, const http::RequestHead& head)
    : settings(std::move(by)), request(std::make_shared<const Request>(head)) {}

InspectionTask::InspectionTask(policy::Inspections::Settings by,
                               std::shared_ptr<const Response> answer,
                               std::shared_ptr<const std::string> answer_body,
                               http::ContentCoding coding)
    : settings(std::move(by)),
      response(std::move(answer)),
      response_body(std::move(answer_body)),
      response_coding(coding),
      inspected_bytes(
          std::min<std::size_t>(response_body->size(), settings->responses->body_bytes_max)) {}

Inspectors::Inspectors(const Options& options)
    : options_(options),
      small_({options.limits.waiting_max, options.limits.waiting_of_one_max,
              options.limits.under_way_of_one_max}),
      large_({options.limits.waiting_max, options.limits.waiting_of_one_max,
              options.limits.under_way_of_one_max}) {
  assert(options.threads > 0);
}

Inspectors::~Inspectors() {
  stop();
}

void Inspectors::prepare(bool inspects_responses) {
  using About = firewall::RuleSet::About;
  bool lacks_rules = false;
  bool lacks_response_rules = false;
  {
    const std::lock_guard lock(mutex_);
    lacks_rules = rules_ == nullptr && !options_.inspect;
    lacks_response_rules =
        inspects_responses && response_rules_ == nullptr && !options_.inspect_response;
  }
  Rules rules = lacks_rules ? load(About::requests) : nullptr;
  Rules response_rules = lacks_response_rules ? load(About::responses) : nullptr;
  const std::lock_guard lock(mutex_);
  if (rules != nullptr) rules_ = std::move(rules);
  if (response_rules != nullptr) response_rules_ = std::move(response_rules);
}

Inspectors::Rules Inspectors::load(firewall::RuleSet::About about) const {
  const char* const messages =
      about == firewall::RuleSet::About::requests ? "requests" : "responses";
  auto loaded = firewall::RuleSet::load(options_.rules, about);
  if (!loaded) {
    spdlog::error("{}; where {} are to be inspected, none passes", loaded.error().message,
                  messages);
    return nullptr;
  }
  spdlog::info("the firewall is ready for {}: its rules are those of {}", messages, options_.rules);
  return std::move(*loaded);
}

bool Inspectors::ask(const config::IpAddress& address, std::shared_ptr<InspectionTask> task) {
  const bool goes_first = is_small(*task);
  const std::lock_guard lock(mutex_);
  Queue& queue = goes_first ? small_ : large_;
  if (is_stopped_ || !queue.push(address, std::move(task))) return false;
  if (threads_.empty()) {
    for (std::size_t i = 0; i < options_.threads; ++i) {
      const bool takes_large = i > 0 || options_.threads == 1;
      threads_.emplace_back(
          [this, takes_large](const std::stop_token& stop) { run(stop, takes_large); });
      ::pthread_setname_np(threads_.back().native_handle(), "firewall");
    }
  }
  // Not one: it might be the one that does not take it.
  changed_.notify_all();
  return true;
}

void Inspectors::stop() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    threads.swap(threads_);
  }
  for (std::jthread& thread : threads) thread.request_stop();
}

// Who takes both takes large ones first: the others have a thread of their own.
Inspectors::Queue* Inspectors::next(bool takes_large) {
  if (takes_large && large_.has_turn()) return &large_;
  return small_.has_turn() ? &small_ : nullptr;
}

void Inspectors::run(const std::stop_token& stop, bool takes_large) {
  yield_to_those_who_serve();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    Queue* const queue = next(takes_large);
    if (queue == nullptr) {
      changed_.wait(lock, stop, [&] { return next(takes_large) != nullptr; });
      continue;
    }
    auto taken = queue->take();
    lock.unlock();
    const InspectionTask& task = *taken->job;
    if (taken->job->begin()) task.done(inspect(task));
    taken->job.reset();
    lock.lock();
    queue->finish(taken->key);
    // Another one of this address may have its turn now.
    if (queue->has_turn()) changed_.notify_all();
  }
}

policy::Inspection Inspectors::inspect(const InspectionTask& task) {
  if (task.request != nullptr) {
    const firewall::Subject subject{
        .head = task.request->get(),
        .version = task.version,
        .client_address = task.client_address,
        .body = std::string_view(task.body).substr(0, task.inspected_bytes),
        .body_is_cut = task.body_is_cut};
    return compare(subject, options_.inspect, rules_, *task.settings);
  }
  const http::ResponseHead& head = task.response->get();
  std::string_view body = std::string_view(*task.response_body).substr(0, task.inspected_bytes);
  std::optional<firewall::DecodedBody> decoded;  // while `body` is in it
  if (task.response_coding != http::ContentCoding::identity && !body.empty()) {
    decoded = firewall::decode_body(*task.response_body, task.response_coding,
                                    task.settings->responses->body_bytes_max);
    if (!decoded) return {.trouble = reason::firewall_response_encoded};
    if (!decoded->is_whole && policy::has_to_be_whole(*task.settings)) {
      return {.trouble = reason::firewall_response_too_large};
    }
    body = decoded->bytes;
  }
  const firewall::ResponseSubject subject{
      .status = head.status, .fields = head.fields, .body = body};
  return compare(subject, options_.inspect_response, response_rules_, *task.settings);
}

// `of_test`: what says what is found where the rules do not. `loaded`: which may be loaded now.
template <class Message, class Comparison>
policy::Inspection Inspectors::compare(const Message& message, const Comparison& of_test,
                                       const Rules& loaded, const config::Firewall& settings) {
  Rules rules;
  {
    const std::lock_guard lock(mutex_);
    rules = loaded;
  }
  if (rules == nullptr && !of_test) return kUnavailable;
  auto found = of_test ? of_test(message, settings) : rules->inspect(message, settings);
  if (!found) {
    spdlog::warn("{}", found.error().message);
    return {.trouble = reason::firewall_failed};
  }
  return {.is_attack = found->is_attack, .rules = std::move(found->rules)};
}

}  // namespace proxy::session
