#include "kube/leader_election.h"

#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/outage_log.h"

namespace kube {

namespace {

// client-go's: candidates that start together do not try together for ever.
constexpr double kJitterFactor = 1.2;

std::chrono::seconds whole_seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration);
}

}  // namespace

base::Status check(const LeaderElectionOptions& options) {
  const auto invalid = [](const char* message) {
    return base::failure(base::ErrorKind::invalid, message);
  };
  if (options.lease.name.empty() || options.lease.namespace_.empty()) {
    return invalid("leader election needs the name and namespace of a Lease");
  }
  if (options.identity.empty()) return invalid("leader election needs an identity");
  if (options.retry_period.count() <= 0) return invalid("the retry period must be over zero");
  if (whole_seconds(options.lease_duration) != options.lease_duration) {
    return invalid("the lease duration must be in whole seconds");
  }
  if (options.lease_duration <= options.renew_deadline) {
    return invalid("the lease duration must be longer than the renew deadline");
  }
  if (options.renew_deadline <= options.retry_period * kJitterFactor) {
    return invalid("the renew deadline must be longer than 1.2 times the retry period");
  }
  return {};
}

// ---- The rules

LeaderRules::Step LeaderRules::next(const std::optional<Lease>& seen, base::SteadyTime now,
                                    base::WallTime wall) {
  if (!seen) {
    // Nothing keeps others out any more, so it is not ours until it is written again.
    observed_.reset();
    renewed_at_.reset();
    Create create;
    create.lease.metadata.namespace_ = options_.lease.namespace_;
    create.lease.metadata.name = options_.lease.name;
    create.lease.spec = {options_.identity, whole_seconds(options_.lease_duration), wall, wall, 0};
    describe(create.lease);
    return create;
  }
  if (!observed_ || observed_->spec != seen->spec) changed_at_ = now;
  observed_ = seen;
  if (!is_ours()) renewed_at_.reset();

  const LeaseSpec& record = seen->spec;
  // Its holder promised to renew within the duration that it wrote, whatever ours is.
  const base::SteadyTime expires_at =
      changed_at_ + (record.lease_duration.count() > 0
                         ? std::chrono::milliseconds(record.lease_duration)
                         : options_.lease_duration);
  if (!record.holder_identity.empty() && !is_ours() && now < expires_at) {
    return Stand{record.holder_identity};
  }
  Update update{*seen};
  update.lease.spec.renew_time = wall;
  update.lease.spec.lease_duration = whole_seconds(options_.lease_duration);
  if (!is_ours()) {
    update.lease.spec.holder_identity = options_.identity;
    update.lease.spec.acquire_time = wall;
    ++update.lease.spec.lease_transitions;
  }
  describe(update.lease);
  return update;
}

void LeaderRules::describe(Lease& lease) const {
  for (const auto& [name, value] : options_.labels) lease.metadata.labels[name] = value;
  for (const auto& [name, value] : annotations_) lease.metadata.annotations[name] = value;
}

LeaderRules::Update LeaderRules::renew(base::WallTime wall) const {
  Update update{*observed_};
  update.lease.spec.renew_time = wall;
  return update;
}

LeaderRules::Update LeaderRules::release(base::WallTime wall) const {
  Update update{*observed_};
  update.lease.spec.holder_identity.clear();
  update.lease.spec.lease_duration = std::chrono::seconds(1);
  update.lease.spec.acquire_time = wall;
  update.lease.spec.renew_time = wall;
  return update;
}

void LeaderRules::on_written(const Lease& lease, base::SteadyTime sent_at) {
  observed_ = lease;
  changed_at_ = sent_at;
  renewed_at_.reset();
  if (is_ours()) renewed_at_ = sent_at;
}

bool LeaderRules::holds(base::SteadyTime now) const {
  return renewed_at_ && now - *renewed_at_ < options_.renew_deadline;
}

bool LeaderRules::is_ours() const {
  return observed_ && observed_->spec.holder_identity == options_.identity;
}

// ---- The shell

LeaderElector::LeaderElector(Client& client, const base::Clock& clock,
                             LeaderElectionOptions options, Callbacks callbacks, Pause pause,
                             Random random)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      pause_(std::move(pause)),
      random_(std::move(random)),
      rules_(options_) {}

LeaderElector::~LeaderElector() {
  stop();
}

void LeaderElector::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void LeaderElector::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool LeaderElector::is_leader() const {
  const std::lock_guard lock(mutex_);
  return leading_ && rules_.holds(clock_.steady_now());
}

bool LeaderElector::wait_until_leader(const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [this] { return leading_; });
}

std::string LeaderElector::holder() const {
  const std::lock_guard lock(mutex_);
  return rules_.observed() ? rules_.observed()->spec.holder_identity : std::string();
}

void LeaderElector::run(const std::stop_token& stop) {
  while (!stop.stop_requested() && !try_to_lead(stop)) {
    pause_(std::chrono::duration_cast<std::chrono::milliseconds>(options_.retry_period *
                                                                 (1.0 + kJitterFactor * random_())),
           stop);
  }
  if (!holds()) return;
  spdlog::info("electing a leader by lease {}: {} leads now", options_.lease.text(),
               options_.identity);
  set_leading(true);
  if (callbacks_.on_elected) callbacks_.on_elected();

  // Once overdue it is lost for good, even if the lease could still be had: is_leader() has said
  // no.
  while (holds() && pause_(options_.retry_period, stop) && holds()) try_to_hold(stop);
  const bool is_lost = !holds();
  set_leading(false);
  if (!is_lost) return release();
  spdlog::error("electing a leader by lease {}: {} leads no longer", options_.lease.text(),
                options_.identity);
  if (callbacks_.on_lost) callbacks_.on_lost();
}

bool LeaderElector::holds() const {
  const std::lock_guard lock(mutex_);
  return rules_.holds(clock_.steady_now());
}

void LeaderElector::set_leading(bool leading) {
  {
    const std::lock_guard lock(mutex_);
    leading_ = leading;
  }
  changed_.notify_all();
}

// One try to take the lease, and to keep it although others may be in the way.
bool LeaderElector::try_to_lead(const std::stop_token& stop) {
  if (!try_to_hold(stop)) return false;
  const auto around = look_around(stop);
  std::unique_lock lock(mutex_);
  const bool stays = around && around->refusal.empty() && rules_.says(around->annotations);
  lock.unlock();
  if (!stays) release();
  return stays;
}

// A refusal is told when it is news.
base::Result<LeaderElector::Surroundings> LeaderElector::look_around(const std::stop_token& stop) {
  if (!callbacks_.look_around) return Surroundings{};
  auto around = callbacks_.look_around(stop);
  if (!around || around->refusal == refusal_) return around;
  refusal_ = around->refusal;
  if (refusal_.empty()) return around;
  spdlog::warn("electing a leader by lease {}: {} does not lead: {}", options_.lease.text(),
               options_.identity, refusal_);
  if (callbacks_.on_refused) callbacks_.on_refused(refusal_);
  return around;
}

// One try to take or to renew the lease; true when it is ours.
bool LeaderElector::try_to_hold(const std::stop_token& stop) {
  base::Status tried = holds() ? renew(stop) : read_and_take(stop);
  // Somebody else wrote or deleted the Lease since we read it: look at once.
  if (!tried && (tried.error().kind == base::ErrorKind::conflict ||
                 tried.error().kind == base::ErrorKind::not_found)) {
    tried = read_and_take(stop);
  }
  if (!tried && tried.error().kind != base::ErrorKind::cancelled) {
    spdlog::log(is_outage(tried.error()) ? spdlog::level::debug : spdlog::level::warn,
                "electing a leader by lease {}: {}", options_.lease.text(), tried.error().message);
  }
  return holds();
}

base::Status LeaderElector::renew(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const LeaderRules::Step step = rules_.renew(clock_.now());
  lock.unlock();
  return write(step, stop);
}

base::Status LeaderElector::read_and_take(const std::stop_token& stop) {
  std::optional<Lease> seen;
  auto read = client_.get<Lease>(options_.lease, stop);
  if (read) {
    seen = std::move(*read);
  } else if (read.error().kind != base::ErrorKind::not_found) {
    return base::failure(std::move(read.error()));
  }
  std::unique_lock lock(mutex_);
  LeaderRules::Step step = rules_.next(seen, clock_.steady_now(), clock_.now());
  lock.unlock();
  if (const auto* stand = std::get_if<LeaderRules::Stand>(&step)) {
    spdlog::debug("electing a leader by lease {}: {} leads", options_.lease.text(), stand->holder);
    return {};
  }
  if (leading_) return write(step, stop);  // whoever comes now is the one to give way
  auto around = look_around(stop);
  if (!around) return base::failure(std::move(around.error()));
  if (!around->refusal.empty()) return {};
  lock.lock();
  rules_.annotate(std::move(around->annotations));
  step = rules_.next(seen, clock_.steady_now(), clock_.now());
  lock.unlock();
  return write(step, stop);
}

base::Status LeaderElector::write(const LeaderRules::Step& step, const std::stop_token& stop) {
  // The time before the request: our claim must not outlive what others may count from.
  const base::SteadyTime sent_at = clock_.steady_now();
  base::Result<nlohmann::json> stored = base::failure(base::ErrorKind::invalid, "");
  if (const auto* create = std::get_if<LeaderRules::Create>(&step)) {
    stored = client_.create(Lease::type(), create->lease.to_json(), stop);
  } else {
    const Lease& lease = std::get<LeaderRules::Update>(step).lease;
    stored = client_.update(Lease::type(), lease.to_json(), stop);
  }
  if (!stored) return base::failure(std::move(stored.error()));
  const auto lease = Lease::from_json(*stored);
  if (!lease) return base::failure(lease.error());
  const std::lock_guard lock(mutex_);
  rules_.on_written(*lease, sent_at);
  return {};
}

// The thread's stop was requested already, so this has no stop: the client's timeout bounds it.
void LeaderElector::release() {
  std::unique_lock lock(mutex_);
  if (!rules_.holds(clock_.steady_now())) return;
  const LeaderRules::Step step = rules_.release(clock_.now());
  lock.unlock();
  base::Status released = write(step, {});
  if (!released && released.error().kind == base::ErrorKind::conflict) {
    released = read_and_release();
  }
  if (!released) {
    spdlog::warn("giving up lease {}: {}", options_.lease.text(), released.error().message);
  }
}

// A renewal that the stop interrupted may have been stored all the same: then the Lease is ours in
// a version that we have not seen.
base::Status LeaderElector::read_and_release() {
  const auto seen = client_.get<Lease>(options_.lease, {});
  if (!seen) return base::failure(seen.error());
  if (seen->spec.holder_identity != options_.identity) return {};
  std::unique_lock lock(mutex_);
  rules_.next(*seen, clock_.steady_now(), clock_.now());
  const LeaderRules::Step step = rules_.release(clock_.now());
  lock.unlock();
  return write(step, {});
}

}  // namespace kube
