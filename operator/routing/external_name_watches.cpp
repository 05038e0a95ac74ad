#include "operator/routing/external_name_watches.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "operator/routing/equal_share.h"

namespace routing {

using proxy::config::IpAddress;

std::chrono::seconds NameState::take(const base::NameAnswer& answer,
                                     const std::optional<IpAddress>& api_server) {
  ResolvedName now;
  if (answer.kind == base::NameAnswer::Kind::failed) {
    if (known) now.addresses = known->addresses;
    now.problem = answer.problem;
    if (!known || !(*known == now)) known = std::make_shared<const ResolvedName>(std::move(now));
    const auto after = kAgainAfterMin * (1u << std::min(failures, 5u));
    ++failures;
    return std::min<std::chrono::seconds>(after, kAgainAfterFailureMax);
  }
  failures = 0;
  now.problem = answer.problem;
  for (const std::string& text : answer.addresses) {
    const auto address = IpAddress::parse(text);
    if (address && may_be_external(*address, api_server)) {
      now.addresses.push_back(address->text());
    } else {
      now.problem = "it leads to " + text + ", where nobody is sent";
    }
  }
  std::sort(now.addresses.begin(), now.addresses.end());
  now.addresses.erase(std::unique(now.addresses.begin(), now.addresses.end()), now.addresses.end());
  if (!known || !(*known == now)) known = std::make_shared<const ResolvedName>(std::move(now));
  return std::clamp(answer.ttl, kAgainAfterMin, kAgainAfterMax);
}

namespace {

// What is an address already is asked of nobody, so it takes nobody's place either.
bool is_address(const std::string& name) {
  return IpAddress::parse(name).has_value();
}

struct Chosen {
  std::set<std::string> names;
  std::set<std::string> left_out;
};

// Whoever names more than the share of his namespace has that, and one more while there is room:
// where there are more namespaces than names may be, the share is none.
Chosen choose(const std::set<NamedOutside>& names, std::size_t names_max) {
  std::map<std::string, std::uint64_t> wanted;
  Chosen chosen;
  for (const NamedOutside& one : names) {
    if (is_address(one.name)) continue;
    ++wanted[one.namespace_];
    chosen.names.insert(one.name);
  }
  // All namespaces may name one and the same.
  if (chosen.names.size() <= names_max) return chosen;
  std::set<std::string> all = std::exchange(chosen.names, {});
  std::vector<std::uint64_t> counts;
  counts.reserve(wanted.size());
  for (const auto& [namespace_, count] : wanted) counts.push_back(count);
  const std::uint64_t share = equal_share(std::move(counts), names_max).value_or(names_max);
  std::vector<std::string> next;
  std::map<std::string, std::uint64_t> held;
  for (const NamedOutside& one : names) {
    if (is_address(one.name)) continue;
    const std::uint64_t count = ++held[one.namespace_];
    if (count <= share) chosen.names.insert(one.name);
    if (count == share + 1) next.push_back(one.name);
  }
  for (const std::string& name : next) {
    if (chosen.names.size() < names_max) chosen.names.insert(name);
  }
  std::set_difference(all.begin(), all.end(), chosen.names.begin(), chosen.names.end(),
                      std::inserter(chosen.left_out, chosen.left_out.end()));
  return chosen;
}

}  // namespace

ExternalNameWatches::ExternalNameWatches(LookUp look_up, Options options, Wake wake)
    : look_up_(std::move(look_up)), options_(options), wake_(std::move(wake)) {}

ExternalNameWatches::~ExternalNameWatches() {
  stop();
}

void ExternalNameWatches::stop() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    threads.swap(threads_);
  }
  for (std::jthread& thread : threads) thread.request_stop();
}

void ExternalNameWatches::follow(const std::set<NamedOutside>& names) {
  Chosen chosen = choose(names, options_.names_max);
  std::set<std::string> news;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    std::erase_if(names_, [&](const auto& one) { return chosen.names.count(one.first) == 0; });
    for (const std::string& name : chosen.names) names_.try_emplace(name);
    std::set_difference(chosen.left_out.begin(), chosen.left_out.end(), left_out_.begin(),
                        left_out_.end(), std::inserter(news, news.end()));
    left_out_ = std::move(chosen.left_out);
    begin_to_ask();
  }
  // Somebody may have heard that they are being asked for.
  for (const std::string& name : news) wake_(name);
}

void ExternalNameWatches::begin_to_ask() {
  // Where no Service has such a name, nobody is there to ask.
  while (!names_.empty() && threads_.size() < options_.threads) {
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
  changed_.notify_all();
}

bool ExternalNameWatches::are_known() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(names_.begin(), names_.end(),
                     [](const auto& one) { return one.second.state.known != nullptr; });
}

std::shared_ptr<const ResolvedName> ExternalNameWatches::get(const std::string& name) const {
  if (is_address(name)) {
    NameState state;
    state.take({.kind = base::NameAnswer::Kind::found, .addresses = {name}}, options_.api_server);
    return state.known;
  }
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second.state.known;
  if (left_out_.count(name) == 0) return nullptr;
  return std::make_shared<const ResolvedName>(
      ResolvedName{{},
                   "there are more than " + std::to_string(options_.names_max) +
                       " external names, of which its namespace has no more than its share"});
}

std::map<std::string, ExternalNameWatches::Watched>::iterator ExternalNameWatches::next_due() {
  auto next = names_.end();
  for (auto one = names_.begin(); one != names_.end(); ++one) {
    if (one->second.is_under_way) continue;
    if (next == names_.end() || one->second.due < next->second.due) next = one;
  }
  return next;
}

void ExternalNameWatches::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto next = next_due();
    const Time now = std::chrono::steady_clock::now();
    if (next == names_.end()) {
      changed_.wait(lock, stop, [this] { return next_due() != names_.end(); });
      continue;
    }
    if (next->second.due > now) {
      const Time due = next->second.due;
      changed_.wait_until(lock, stop, due, [&] {
        const auto other = next_due();
        return other == names_.end() || other->second.due < due;
      });
      continue;
    }
    const std::string name = next->first;
    next->second.is_under_way = true;
    lock.unlock();
    const base::NameAnswer answer = look_up_(name);
    lock.lock();
    const auto found = names_.find(name);
    if (found == names_.end()) continue;  // nobody wants to know any more
    Watched& watched = found->second;
    watched.is_under_way = false;
    const auto before = watched.state.known;
    const auto after = watched.state.take(answer, options_.api_server);
    watched.due = std::chrono::steady_clock::now() + after;
    const bool has_changed = watched.state.known != before;
    changed_.notify_all();
    if (!has_changed) continue;
    lock.unlock();
    wake_(name);
    lock.lock();
  }
}

}  // namespace routing
