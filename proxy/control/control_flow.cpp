#include "proxy/control/control_flow.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "proxy/config/certificate_hashes.h"
#include "proxy/config/dialect.h"

namespace proxy::control {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t kReasonBytesMax = 300;
constexpr std::size_t kReplicaBytesMax = 64;
// Of all rounds of a doubt.
constexpr seconds kDoubtTime = [] {
  seconds all{0};
  for (const seconds wait : ControlFlow::kDoubtWaits) all += wait;
  return all;
}();

// RFC 3986 §2.1: everything but unreserved characters.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

base::Status refused(const char* what, int status) {
  const bool is_denied = status == 401 || status == 403;
  return base::failure(is_denied ? base::ErrorKind::denied : base::ErrorKind::unavailable,
                       std::string(what) + ": the operator answered HTTP " +
                           std::to_string(status) +
                           (is_denied ? ": it does not accept this proxy's token" : ""));
}

// Those of what is held that a delta names.
config::CertificatesByHash held_certificates(const config::CertificateIndex& held,
                                             const config::Delta& delta) {
  config::CertificatesByHash found;
  for (const auto& [id, hash] : delta.certificates.set) {
    if (auto certificate = held.find(hash)) found.emplace(hash, std::move(certificate));
  }
  return found;
}

}  // namespace

ControlFlow::ControlFlow(std::string_view name) : name_(percent_encoded(name)) {
  poll();
}

void ControlFlow::begin_with(std::shared_ptr<const Snapshot> live, config::ValidConfig valid) {
  live_ = std::move(live);
  held_.follow({}, valid.config().certificates);
  live_valid_ = std::move(valid);
  poll();
}

void ControlFlow::poll() {
  std::string path = "/v1/config?after=";
  if (live_ != nullptr && !wants_full_) path += live_->revision;
  auto wait = kPollWait;
  if (doubt_) {
    wait = doubt_->rounds < kDoubtWaits.size() ? kDoubtWaits.at(doubt_->rounds) : seconds(0);
  }
  path += "&wait=" + std::to_string(wait.count()) + "s";
  if (doubt_) path += "&doubted=" + doubt_->revision;
  if (!name_.empty()) path += "&proxy=" + name_;
  if (rejection_) {
    path += "&rejected=" + percent_encoded(rejection_->revision);
    path += "&reason=" + percent_encoded(rejection_->reason);
  }
  path += "&speaks=" + percent_encoded(config::Dialect::own().text());
  next_ = Poll{std::move(path), doubt_.has_value()};
}

void ControlFlow::wait_after_failure(double jitter, std::chrono::milliseconds at_least) {
  constexpr int kDoublingsMax = 10;
  const auto doubled = kFirstDelay * (1 << std::min(failures_, kDoublingsMax));
  ++failures_;
  const auto delay =
      std::max(std::min<std::chrono::milliseconds>(doubled, kLongestDelay), at_least);
  // From half of it to all of it, so that many proxies do not come back together.
  next_ = Wait{std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(delay.count()) * (0.5 + jitter / 2)))};
}

base::Status ControlFlow::on_polled(int status, std::string_view body,
                                    std::chrono::milliseconds took, double jitter,
                                    std::string_view replica) {
  replica_ = replica.substr(0, kReplicaBytesMax);
  if (status == 304) {
    failures_ = 0;
    // A poll that names another revision gets 304 for that one, too.
    if (took >= kDoubtTime && !doubt_ && !rejection_) live_from_ = replica_;
    doubt_.reset();
    poll();
    if (took < kPollAtLeast) next_ = Wait{kPollAtLeast - took};
    return {};
  }
  if (status != 200) {
    wait_after_failure(jitter);
    return refused("asking for the configuration", status);
  }
  took_ = took;
  answer_ = '#' + std::to_string(std::hash<std::string_view>{}(body));
  auto delta = config::delta_from_json(body);
  if (!delta) {
    base::Error error =
        base::while_doing("reading the operator's configuration", std::move(delta.error()));
    std::string revision = config::revision_in_json(body);
    if (is_rejected_already(revision, jitter)) return {};
    if (revision.empty()) {
      wait_after_failure(jitter);
    } else {
      reject(std::move(revision), error.message, jitter);
    }
    return base::failure(std::move(error));
  }
  if (live_ != nullptr && delta->revision == live_->revision) {
    wants_full_ = false;
    rejection_.reset();
    doubt_.reset();
    poll();
    if (took < kPollAtLeast) next_ = Wait{kPollAtLeast - took};
    return {};
  }
  if (is_live(*delta)) {
    // As said by an operator whose revisions are of the other kind: from here on we say it so, too.
    wants_full_ = false;
    auto renamed = std::make_shared<Snapshot>(*live_);
    renamed->revision = std::move(delta->revision);
    next_ = Publish{std::move(renamed), live_valid_};
    return {};
  }
  return take_delta(std::move(*delta), jitter);
}

// Whether a full state is the live one.
bool ControlFlow::is_live(const config::Delta& delta) const {
  return live_ != nullptr && delta.full && config::is_revision_of(*live_->config, delta.revision);
}

base::Status ControlFlow::take_delta(config::Delta delta, double jitter) {
  if (is_rejected_already(delta.revision, jitter)) return {};
  const bool has_no_host = leaves_no_host(delta);
  const bool was_left = left_.contains(delta.revision) && !has_seen_live(delta);
  if (!has_no_host && !was_left) doubt_.reset();
  if (was_left && !is_confirmed(delta.revision, has_no_host)) {
    return in_doubt(delta.revision, "was live here before and left");
  }
  certificates_ = held_certificates(held_, delta);
  delta_ = std::move(delta);
  return build(jitter);
}

// Asks for what is missing, or builds the state when nothing is.
base::Status ControlFlow::build(double jitter) {
  auto missing = config::missing_certificates(*delta_, certificates_);
  if (!missing.empty()) {
    missing.resize(std::min(missing.size(), kFetchMax));
    next_ = Fetch{config::hashes_to_json(missing)};
    return {};
  }
  auto valid = config::apply(live_valid_, *delta_, certificates_);
  const bool was_full = delta_->full;
  const bool has_no_host = leaves_no_host(*delta_);
  std::vector<std::string> skipped = std::move(delta_->skipped);
  std::string revision = std::move(delta_->revision);
  delta_.reset();
  certificates_.clear();
  if (valid) {
    if (has_no_host && !is_confirmed(revision, true)) {
      return in_doubt(revision, "has no host any more");
    }
    wants_full_ = false;
    // apply() has seen to it that this is its revision.
    next_ = Publish{make_snapshot(valid->config(), std::move(revision), live_.get()), *valid,
                    std::move(skipped)};
    return {};
  }
  base::Error error = base::while_doing("applying configuration " + revision.substr(0, 12),
                                        std::move(valid.error()));
  if (was_full) {
    reject(std::move(revision), error.message, jitter);
  } else {
    // Perhaps it does not fit what we have: a full state does not depend on that.
    wants_full_ = true;
    wait_after_failure(jitter);
  }
  return base::failure(std::move(error));
}

base::Status ControlFlow::on_fetched(int status, std::string_view body, double jitter) {
  const auto give_up = [&] {
    delta_.reset();
    certificates_.clear();
    wait_after_failure(jitter);
  };
  if (status != 200) {
    give_up();
    return refused("fetching certificates", status);
  }
  auto fetched = config::certificates_from_json(body);
  if (!fetched) {
    give_up();
    return base::failure(
        base::while_doing("reading the operator's certificates", std::move(fetched.error())));
  }
  const std::size_t missing_before = config::missing_certificates(*delta_, certificates_).size();
  certificates_.merge(*fetched);
  const std::size_t missing_now = config::missing_certificates(*delta_, certificates_).size();
  if (missing_now > 0 && missing_now == missing_before) {
    // The operator has moved on; the next poll names what it has now.
    give_up();
    return base::failure(base::ErrorKind::unavailable,
                         "fetching certificates: the operator no longer has those it named");
  }
  return build(jitter);
}

void ControlFlow::on_published(const base::Status& published, double jitter) {
  const Publish taken = std::get<Publish>(next_);
  const std::shared_ptr<const Snapshot>& snapshot = taken.snapshot;
  if (!published && published.error().kind == base::ErrorKind::unavailable) {
    // Some workers may have it: neither the old state nor the new one is what we serve.
    unfinished_ = taken;
    wait_after_failure(jitter);
    return;
  }
  if (!published) {
    reject(snapshot->revision, published.error().message, jitter);
    return;
  }
  if (live_ != nullptr) left_.add(live_->revision);
  held_.follow(live_valid_.config().certificates, taken.valid.config().certificates);
  live_ = snapshot;
  live_valid_ = taken.valid;
  live_from_ = replica_;
  rejection_.reset();
  doubt_.reset();
  failures_ = 0;
  poll();
}

void ControlFlow::reject(std::string revision, std::string reason, double jitter) {
  if (reason.size() > kReasonBytesMax) reason.resize(kReasonBytesMax);
  rejected_.add(revision + answer_);
  if (!counted_.contains(revision)) {
    counted_.add(revision);
    ++rejections_;
    // The operator must hear of it soon: the first failure's delay.
    failures_ = 0;
  }
  rejection_ = Rejection{std::move(revision), std::move(reason)};
  wants_full_ = false;
  wait_after_failure(jitter);
}

void ControlFlow::on_failed(const base::Error& error, double jitter) {
  delta_.reset();
  certificates_.clear();
  constexpr std::chrono::seconds kRetryAfterMax{120};
  const auto at_least =
      std::min(error.retry_after.value_or(std::chrono::seconds(0)), kRetryAfterMax);
  wait_after_failure(jitter, at_least);
}

void ControlFlow::on_waited() {
  if (unfinished_) {
    next_ = *std::exchange(unfinished_, std::nullopt);
    return;
  }
  if (doubt_ && std::exchange(doubt_->is_resting, false)) ++doubt_->rounds;
  poll();
}

// The same answer again will not have become better. The operator hears of it by the next poll.
bool ControlFlow::is_rejected_already(const std::string& revision, double jitter) {
  if (!rejected_.contains(revision + answer_)) return false;
  if (!rejection_ || rejection_->revision != revision) {
    rejection_ = Rejection{revision, "it was refused before"};
  }
  wait_after_failure(jitter);
  return true;
}

// Whether hosts are served now and none would be after this.
bool ControlFlow::leaves_no_host(const config::Delta& delta) const {
  if (live_ == nullptr || live_->config->hosts.empty() || !delta.hosts.set.empty()) return false;
  const auto& served = live_->config->hosts;
  return delta.full || std::all_of(served.begin(), served.end(), [&](const auto& host) {
           return delta.hosts.removed.contains(host.first);
         });
}

// Whether this answer's replica was at the live state before it came to what it says now.
bool ControlFlow::has_seen_live(const config::Delta& delta) const {
  return replica_.empty() ? !delta.full : replica_ == live_from_;
}

// Whether a state in doubt has been said for long enough with this answer; when not, it has seen to
// the next step.
bool ControlFlow::is_confirmed(const std::string& revision, bool has_no_host) {
  // A clock of the operator's that is a little fast takes nothing from the doubt.
  constexpr milliseconds kSlack{100};
  const bool goes_on =
      doubt_ && (doubt_->revision == revision || (doubt_->is_of_no_host && has_no_host));
  if (!goes_on) {
    doubt_ = Doubt{revision, has_no_host};
    poll();
    return false;
  }
  doubt_->revision = revision;
  if (doubt_->rounds < kDoubtWaits.size()) {
    const milliseconds wait = kDoubtWaits.at(doubt_->rounds);
    if (took_ + kSlack < wait) {
      doubt_->is_resting = true;
      next_ = Wait{wait - took_};
      return false;
    }
    ++doubt_->rounds;
  }
  if (doubt_->rounds == kDoubtWaits.size()) return true;
  poll();
  return false;
}

base::Status ControlFlow::in_doubt(const std::string& revision, const std::string& why) {
  return base::failure(base::ErrorKind::unavailable,
                       "configuration " + revision.substr(0, 12) + " " + why +
                           "; it is applied when the operator still says so in half a minute");
}

std::string what_next(const ControlFlow::Step& step) {
  if (const auto* const wait = std::get_if<ControlFlow::Wait>(&step)) {
    const auto tenths = (wait->delay.count() + 50) / 100;
    if (tenths > 0) {
      return "trying again in " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
             " s";
    }
  }
  const auto* const poll = std::get_if<ControlFlow::Poll>(&step);
  const bool is_new = poll != nullptr && poll->is_by_new_connection;
  return is_new ? "asking again by a new connection" : "asking again";
}

void ControlFlow::Revisions::add(std::string revision) {
  if (contains(revision)) return;
  if (revisions_.size() == kRemembered) revisions_.pop_front();
  revisions_.push_back(std::move(revision));
}

bool ControlFlow::Revisions::contains(const std::string& revision) const {
  return std::find(revisions_.begin(), revisions_.end(), revision) != revisions_.end();
}

}  // namespace proxy::control
