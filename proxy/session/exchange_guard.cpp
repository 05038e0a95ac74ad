#include <utility>

#include "proxy/http1/field.h"
#include "proxy/session/exchange.h"
#include "proxy/session/suspended.h"
#include "proxy/session/worker.h"

// A request that waits for what a guard needs time for: a password is being hashed, on another
// thread. Its client is read no further meanwhile. Then it is decided anew from the beginning, by
// the configuration of that moment, which may be another one.
namespace proxy::session {
namespace {

// Each of up to three guards, and a configuration or two that come meanwhile.
constexpr unsigned kComparisonsMax = 8;
// As long as it takes for a queue of the usual hashes to become shorter.
constexpr std::string_view kRetryAfter = "2";

bool is_authorization(const http1::Field& field) {
  return http1::equals_ignoring_case(field.name, "authorization");
}

}  // namespace

// Of two fields nobody knows which one somebody else would believe.
std::string_view Exchange::shown_authorization() {
  std::string_view shown;
  unsigned count = 0;
  for (const http1::Field& field : request_.fields) {
    if (!is_authorization(field)) continue;
    shown = field.value;
    ++count;
  }
  return count == 1 ? shown : std::string_view();
}

// As ingress-nginx does: they were meant for us, and a backend may know other users by these names.
void Exchange::hide_authorization() {
  for (http1::Field& field : request_.fields) {
    if (is_authorization(field)) field.dropped = true;
  }
}

const policy::CredentialsDigest* Exchange::wrong_credentials() const {
  return suspended_ != nullptr && suspended_->wrong ? &*suspended_->wrong : nullptr;
}

void Exchange::suspend(const Client& client, const policy::PasswordQuestion& question,
                       const Piece& piece) {
  if (suspended_ == nullptr) {
    suspended_ = std::make_unique<Suspended>(*this, worker_.counters().held.request_copies);
    std::string& head = suspended_->head;
    head.reserve(client.host.size() + client.port.size() + request_.views_bytes());
    suspended_->client = client;
    // These two may be fields of the request, where a trusted proxy says them.
    for (std::string_view* const view : {&suspended_->client.host, &suspended_->client.port}) {
      const std::size_t at = head.size();
      head.append(*view);
      *view = std::string_view(head).substr(at);
    }
    request_.keep_in(head);
    suspended_->head_bytes.set(head.capacity());
  }
  suspended_->digest = question.digest;
  const bool has_room = ++suspended_->comparisons <= kComparisonsMax &&
                        worker_.passwords().ask(suspended_->client.address, question, *suspended_);
  if (!has_room) {
    answer({.status = 503, .retry_after = kRetryAfter}, "password_checks_busy");
    return;
  }
  stage_ = Stage::guarded;
  wait_with_body(piece);
}

void Exchange::wait_with_body(const Piece& piece) {
  suspended_->body.append(piece.text());
  const std::size_t held = suspended_->head.capacity() + suspended_->body.capacity();
  if (gathered_.hold(held, worker_.options().gathered_bytes_max)) return;
  answer({.status = 503, .retry_after = kRetryAfter}, "password_checks_busy");
}

void Exchange::stop_waiting() {
  if (suspended_ != nullptr) worker_.passwords().leave(*suspended_);
}

void Exchange::on_password_checked(PasswordChecks::Outcome outcome) {
  stage_ = Stage::reading;
  if (outcome == PasswordChecks::Outcome::refused) {
    answer({.status = 503, .retry_after = kRetryAfter}, "password_checks_busy");
    return;
  }
  if (outcome == PasswordChecks::Outcome::wrong) suspended_->wrong = suspended_->digest;
  const Client client = suspended_->client;
  std::string body = suspended_->body.take();
  gathered_.clear();
  shape_.reset();
  decide(client, {body.data(), body.size(), 0, 0}, request_complete_);
  if (stage_ == Stage::guarded) return;
  suspended_.reset();
  // What the client may have sent meanwhile has not been read.
  const bool wants_more = stage_ != Stage::over && !request_complete_ && wants_request_body();
  if (wants_more && unsent_request() == 0) downstream_->want_request_body();
}

}  // namespace proxy::session
