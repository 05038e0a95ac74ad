#include "operator/certificate/probe_threads.h"

#include <utility>

namespace certificate {

ProbeThreads::ProbeThreads(Options options, ProxyQuestions& questions, const base::Clock& clock)
    : options_(std::move(options)), questions_(questions), clock_(clock) {
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

ProbeThreads::~ProbeThreads() {
  stop();
}

void ProbeThreads::request_stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ProbeThreads::stop() {
  request_stop();
  threads_.clear();
}

std::optional<ProxyAnswers> ProbeThreads::check_challenge(const kube::ObjectKey& certificate,
                                                          const std::string& host,
                                                          const std::string& token,
                                                          const std::string& key_authorization) {
  return ask(certificate, "challenge " + host + " " + token, [=](ProxyQuestions& proxies) {
    return proxies.check_challenge(host, token, key_authorization);
  });
}

std::optional<ProxyAnswers> ProbeThreads::check_serial(const kube::ObjectKey& certificate,
                                                       const std::string& host,
                                                       const std::string& serial) {
  return ask(certificate, "serial " + host + " " + serial,
             [=](ProxyQuestions& proxies) { return proxies.check_serial(host, serial); });
}

std::optional<ProxyAnswers> ProbeThreads::ask(const kube::ObjectKey& certificate,
                                              const std::string& name, Question question) {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(certificate);
  if (found != asked_.end() && found->second.name == name) {
    Asked& known = found->second;
    if (!known.answers) return std::nullopt;
    const bool is_fresh = clock_.steady_now() - known.answered_at <= options_.fresh_for;
    std::optional<ProxyAnswers> answers = std::move(known.answers);
    asked_.erase(found);
    if (is_fresh) return answers;
  }
  Asked& asked = asked_[certificate];
  const bool has_a_place = asked.number != 0 && asked.is_waiting;
  asked = Asked{name, std::move(question), next_number_++};
  if (!has_a_place) waiting_.push_back(certificate);
  changed_.notify_one();
  return std::nullopt;
}

void ProbeThreads::forget(const kube::ObjectKey& certificate) {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find(certificate);
  if (found == asked_.end()) return;
  if (found->second.is_waiting) std::erase(waiting_, certificate);
  asked_.erase(found);
}

void ProbeThreads::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    if (stop.stop_requested()) return;
    const kube::ObjectKey certificate = waiting_.front();
    waiting_.pop_front();
    Asked& asked = asked_.at(certificate);
    asked.is_waiting = false;
    const std::uint64_t number = asked.number;
    const Question question = asked.question;
    lock.unlock();
    ProxyAnswers answers = question(questions_);
    lock.lock();
    // Forgotten, or something else is asked by now.
    const auto still = asked_.find(certificate);
    if (still == asked_.end() || still->second.number != number) continue;
    still->second.answers = std::move(answers);
    still->second.answered_at = clock_.steady_now();
    lock.unlock();
    if (wake_) wake_(certificate);
    lock.lock();
  }
}

}  // namespace certificate
