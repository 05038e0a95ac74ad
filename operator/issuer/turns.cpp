#include "operator/issuer/turns.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

namespace issuer {

namespace {

// Of IssuerKey::text(): "Issuer shop" of "Issuer shop/in-house"; nothing of a ClusterIssuer.
std::string namespace_of(const std::string& issuer) {
  const std::size_t slash = issuer.find('/');
  return slash == std::string::npos ? std::string() : issuer.substr(0, slash);
}

}  // namespace

Turns::Limits Turns::Limits::of(int workers) {
  const auto half = static_cast<std::size_t>(std::max(1, workers / 2));
  const auto most = static_cast<std::size_t>(std::max(1, workers - std::max(1, workers / 4)));
  return {half, half, most};
}

Turns::Limits Turns::Limits::of_one_kind(int workers) {
  Limits limits = of(workers);
  limits.of_namespaces = Limits().of_namespaces;
  return limits;
}

Turns::Turn::Turn(Turn&& other) noexcept
    : turns_(std::exchange(other.turns_, nullptr)),
      issuer_(std::move(other.issuer_)),
      heard_(other.heard_) {}

Turns::Turn::~Turn() {
  if (turns_ != nullptr) turns_->give_back(issuer_, heard_);
}

bool Turns::has_room_in_namespace(const std::string& issuer, const Called& called) const {
  const std::string namespace_ = namespace_of(issuer);
  if (namespace_.empty()) return true;
  const auto of_namespace = [&](const std::map<std::string, std::size_t>& counts) {
    const auto found = counts.find(namespace_);
    return found == counts.end() ? 0 : found->second;
  };
  const std::size_t taken =
      of_namespace(in_use_of_namespaces_) + of_namespace(called.of_namespaces);
  return taken < limits_.per_issuer &&
         in_use_of_all_namespaces_ + called.of_all_namespaces < limits_.of_namespaces;
}

bool Turns::is_free(const std::string& issuer, const Place& place, const Called& called) const {
  if (!has_room_in_namespace(issuer, called)) return false;
  if (!place.is_silent) return place.in_use < limits_.per_issuer;
  return place.in_use == 0 && silent_in_use_ + called.silent < limits_.silent;
}

Turns::Turn Turns::give(const std::string& issuer, Place& place) {
  ++place.in_use;
  place.is_gone = false;
  if (place.is_silent) ++silent_in_use_;
  if (std::string namespace_ = namespace_of(issuer); !namespace_.empty()) {
    ++in_use_of_namespaces_[std::move(namespace_)];
    ++in_use_of_all_namespaces_;
  }
  return Turn(*this, issuer);
}

bool Turns::Place::is_first(const kube::ObjectKey& key, Purpose purpose) {
  const std::deque<kube::ObjectKey>& line = line_for(purpose);
  const bool is_at_head = line.empty() || line.front() == key;
  return is_at_head && (purpose == Purpose::step || steps.empty());
}

void Turns::Place::leave(const kube::ObjectKey& key) {
  std::erase(steps, key);
  std::erase(beginnings, key);
}

std::optional<Turns::Turn> Turns::take(const std::string& issuer, const kube::ObjectKey& key,
                                       Purpose purpose) {
  const std::lock_guard lock(mutex_);
  Place& place = places_[issuer];
  const bool is_called = called_.erase(key) != 0;
  std::deque<kube::ObjectKey>& line = place.line_for(purpose);
  const bool stands_in_line = std::find(line.begin(), line.end(), key) != line.end();
  // Nobody is left to give a turn back and call: those in front want something else by now.
  const bool is_left_behind = stands_in_line && place.in_use == 0;
  if (is_free(issuer, place, {}) && (is_called || place.is_first(key, purpose) || is_left_behind)) {
    place.leave(key);
    return give(issuer, place);
  }
  if (!stands_in_line) {
    place.leave(key);
    // Whoever was called and came too late has its place again.
    is_called ? line.push_front(key) : line.push_back(key);
  }
  return std::nullopt;
}

std::optional<Turns::Turn> Turns::try_take(const std::string& issuer) {
  const std::lock_guard lock(mutex_);
  Place& place = places_[issuer];
  if (!is_free(issuer, place, {}) || place.has_line()) return std::nullopt;
  return give(issuer, place);
}

bool Turns::is_silent(const std::string& issuer) const {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(issuer);
  return found != places_.end() && found->second.is_silent;
}

void Turns::forget(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  called_.erase(key);
  for (auto& [issuer, place] : places_) place.leave(key);
}

void Turns::forget_issuer(const std::string& issuer) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(issuer);
  if (found == places_.end()) return;
  Place& place = found->second;
  if (place.is_silent) silent_in_use_ -= place.in_use;
  place.is_silent = false;
  place.is_gone = true;
  place.steps.clear();
  place.beginnings.clear();
  if (place.in_use == 0) places_.erase(found);  // else with the last turn that is given back
}

std::size_t Turns::remembered() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

void Turns::leave_namespace(const std::string& issuer) {
  const auto found = in_use_of_namespaces_.find(namespace_of(issuer));
  if (found == in_use_of_namespaces_.end()) return;
  --in_use_of_all_namespaces_;
  if (--found->second == 0) in_use_of_namespaces_.erase(found);
}

void Turns::give_back(const std::string& issuer, Turn::Heard heard) {
  std::vector<kube::ObjectKey> called;
  {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(issuer);
    assert(found != places_.end() && found->second.in_use > 0);
    Place& place = found->second;
    // What is in use counts as silent or not by what the issuer is now, whenever it was given.
    const std::size_t silent_before = place.is_silent ? place.in_use : 0;
    --place.in_use;
    leave_namespace(issuer);
    if (heard == Turn::Heard::silence && !place.is_gone) place.is_silent = true;
    if (heard == Turn::Heard::answer) place.is_silent = false;
    const std::size_t silent_after = place.is_silent ? place.in_use : 0;
    silent_in_use_ = silent_in_use_ + silent_after - silent_before;
    called = call_next(issuer);
    // An issuer that nobody talks to is remembered only while its server is silent.
    const auto now = places_.find(issuer);
    if (now->second.in_use == 0 && !now->second.has_line() && !now->second.is_silent) {
      places_.erase(now);
    }
  }
  if (!wake_) return;
  for (const kube::ObjectKey& key : called) wake_(key);
}

// Round the lines, beginning behind the issuer that gave its turn back: each that may go on calls
// its first. Those who share turns are called for as many as there are: a thousand Issuers of one
// namespace do not all come for one.
std::vector<kube::ObjectKey> Turns::call_next(const std::string& after) {
  std::vector<kube::ObjectKey> called;
  Called shares;
  auto place = places_.upper_bound(after);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (place == places_.end()) place = places_.begin();
    Place& one = place->second;
    if (one.has_line() && is_free(place->first, one, shares)) {
      std::deque<kube::ObjectKey>& line = one.steps.empty() ? one.beginnings : one.steps;
      called.push_back(line.front());
      called_.insert(line.front());
      line.pop_front();
      if (one.is_silent) ++shares.silent;
      if (std::string namespace_ = namespace_of(place->first); !namespace_.empty()) {
        ++shares.of_namespaces[std::move(namespace_)];
        ++shares.of_all_namespaces;
      }
    }
    ++place;
  }
  return called;
}

}  // namespace issuer
