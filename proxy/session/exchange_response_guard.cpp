#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/content_coding.h"
#include "proxy/http/trailer.h"
#include "proxy/net/turn_budget.h"
#include "proxy/policy/response_inspection.h"
#include "proxy/reason/words.h"
#include "proxy/session/exchange.h"
#include "proxy/session/response_guard.h"

// A response that is compared with rules before any of it is sent. It is held up to the limit,
// looked at on another thread, and then passes or is refused; beyond the limit it is its
// endpoint's, which is not read meanwhile. What comes whole leaves its endpoint's connection to
// others at once.
namespace proxy::session {
namespace {

// Of what was held, that is given to the client's connection at a time.
constexpr std::size_t kPieceBytes = 64u << 10;

}  // namespace

// One of those that were asked about the request has a firewall.
void Exchange::guard_response(const policy::Inspections::Settings& settings) {
  if (!settings->responses) return;
  const bool is_guarded = response_guard_ != nullptr &&
                          policy::is_stricter_on_responses(*response_guard_->settings, *settings);
  if (!is_guarded) response_guard_ = std::make_unique<ResponseGuard>(*this, settings);
}

// An endpoint is not asked to compress what is to be compared. `fields`: of what it is asked.
void Exchange::ask_for_readable_response(std::vector<http::Field>& fields) const {
  if (response_guard_ == nullptr) return;
  for (http::Field& field : fields) {
    if (http::equals_ignoring_case(field.name, "accept-encoding")) field.value = "identity";
  }
}

// There is a response that can be refused still.
bool Exchange::holds_response() const {
  return response_guard_ != nullptr && response_guard_->holds();
}

// Its head is here, and what it came with is yet to come.
void Exchange::meet_response() {
  const config::Firewall& settings = *response_guard_->settings;
  const auto coding = policy::coding_to_inspect(*response_, *settings.responses);
  if (!coding) {
    response_guard_.reset();
    return;
  }
  response_guard_->coding = *coding;
  if (*coding != http::ContentCoding::other) return;
  const policy::Inspection unread{.trouble = reason::firewall_response_encoded};
  const policy::Verdict verdict = policy::verdict_on_response(unread, settings);
  note_inspection(settings, unread, verdict.passes(), true);
  if (verdict.passes()) {
    response_guard_.reset();
  } else {
    refuse_response(verdict);
  }
}

void Exchange::begin_holding_response(const http::ResponseHead& head) {
  ResponseGuard& guard = *response_guard_;
  guard.head = std::make_shared<const http::KeptHead<http::ResponseHead>>(head);
  guard.state = ResponseGuard::State::gathers;
  has_guarded_body_ = false;
  gathered_.begin(client_address_);
  means_.loop.arm(guard.timer, means_.options.inspectors.wait_max);
}

// Its body, from the endpoint.
void Exchange::guard_response_body(const upstream::Piece& piece, bool last) {
  ResponseGuard& guard = *response_guard_;
  http::ResponseHead* const head = std::exchange(response_, nullptr);
  if (head != nullptr) begin_holding_response(*head);
  const bool cannot_fit = head != nullptr && policy::has_to_be_whole(*guard.settings) &&
                          policy::is_larger_than_inspected(*head, *guard.settings->responses);
  guard.hold(piece.text());
  if (last) complete_held_response();  // the head is gone by that, with its stream
  if (cannot_fit) {
    conclude_response({.trouble = reason::firewall_response_too_large}, true);
  } else {
    go_on_guarding();
  }
}

// Its end, and what follows that.
void Exchange::guard_response_end(std::vector<http::Field> trailer) {
  http::keep_what_may_trail(trailer);
  http::write_trailer(trailer, response_guard_->trailer);
  complete_held_response();
  go_on_guarding();
}

void Exchange::complete_held_response() {
  response_guard_->is_whole = true;
  give_stream_back();
}

// There is more of it, in whatever state it is.
void Exchange::go_on_guarding() {
  ResponseGuard& guard = *response_guard_;
  const bool fits = gathered_.hold(guard.bytes());
  if (guard.state == ResponseGuard::State::lets_pass) {
    send_held_response(true);
    return;
  }
  if (!fits) {
    conclude_response({.trouble = reason::firewall_memory_full}, true);
    return;
  }
  if (guard.state != ResponseGuard::State::gathers) return;
  const bool is_larger = guard.body.size() > guard.settings->responses->body_bytes_max;
  if (is_larger && policy::has_to_be_whole(*guard.settings)) {
    conclude_response({.trouble = reason::firewall_response_too_large}, true);
  } else if (is_larger || guard.is_whole) {
    inspect_response(true);
  }
}

void Exchange::inspect_response(bool is_endpoints_turn) {
  ResponseGuard& guard = *response_guard_;
  guard.begin_inspection();
  gathered_.hold(guard.bytes());
  means_.loop.arm(guard.timer, means_.options.inspectors.wait_max);
  auto task =
      std::make_shared<InspectionTask>(guard.settings, guard.head, guard.beginning, guard.coding);
  if (means_.guarding.inspections.ask(client_address_, std::move(task), guard)) return;
  conclude_response({.trouble = reason::firewall_busy}, is_endpoints_turn);
}

// What has not come to its end by now may be a stream: of that the beginning is looked at, unless
// all of it would have to be.
void Exchange::on_response_guard_timer() {
  const bool gathers = response_guard_->state == ResponseGuard::State::gathers;
  if (gathers && !policy::has_to_be_whole(*response_guard_->settings)) {
    inspect_response(false);
  } else if (holds_response()) {
    conclude_response({.trouble = reason::firewall_too_slow}, false);
  }
}

// Its client takes all that there is.
void Exchange::on_response_guard_turn() {
  if (response_guard_->state == ResponseGuard::State::lets_pass) send_held_response(false);
}

// `is_endpoints_turn`: it is the endpoint's stream that is on the stack.
void Exchange::conclude_response(policy::Inspection inspection, bool is_endpoints_turn) {
  ResponseGuard& guard = *response_guard_;
  guard.timer.disarm();
  means_.guarding.inspections.leave(guard);
  const policy::Verdict verdict = policy::verdict_on_response(inspection, *guard.settings);
  note_inspection(*guard.settings, inspection, verdict.passes(), true);
  if (!verdict.passes()) {
    refuse_response(verdict);
    return;
  }
  guard.state = ResponseGuard::State::lets_pass;
  gathered_.hold(guard.bytes());
  send_held_response(is_endpoints_turn);
}

// Nobody has been told of it, and nobody will be.
void Exchange::refuse_response(const policy::Verdict& verdict) {
  drop_response();
  response_guard_.reset();
  response_ = nullptr;
  const auto seconds = verdict.retry_after.count();
  const std::string retry_after = seconds == 0 ? "" : std::to_string(seconds);
  answer({.status = verdict.status, .retry_after = retry_after}, verdict.reason);
}

// Another one may come in its place.
void Exchange::drop_response() {
  if (response_guard_ == nullptr) return;
  ResponseGuard& guard = *response_guard_;
  guard.timer.disarm();
  net::Loop::forget_turn(guard);
  means_.guarding.inspections.leave(guard);
  guard.drop();
  gathered_.clear();
}

// As fast as the client takes it, and a turn's worth at most; what is left goes when it has taken
// more, or in the next turn.
void Exchange::send_held_response(bool is_endpoints_turn) {
  ResponseGuard& guard = *response_guard_;
  net::TurnBudget budget;
  while (guard.head != nullptr || !guard.is_sent()) {
    const std::size_t room = room_for_client(false);
    if (room == 0 && guard.head == nullptr) return;
    if (budget.is_spent() || (guard.sent > 0 && means_.loop.is_late())) {
      means_.resume_soon(guard);
      return;
    }
    const std::string_view left = guard.next();
    const std::string_view part = left.substr(0, std::min(room, kPieceBytes));
    const bool is_all = part.size() == left.size() && guard.ends_with_next();
    const bool last = guard.is_whole && guard.trailer.empty() && is_all;
    guard.sent += part.size();
    response_bytes_ += part.size();
    budget.spend(part.size());
    if (const auto head = std::exchange(guard.head, nullptr)) {
      downstream_->send_head(head->get(), upstream::piece_of(part), last);
    } else {
      downstream_->send_body(upstream::piece_of(part), last);
    }
    if (stage_ == Stage::over) return;
    if (last) {
      finish();
      return;
    }
  }
  if (guard.is_whole) {
    end_held_response();
    return;
  }
  // The rest is not looked at, and passes as it comes.
  response_guard_.reset();
  gathered_.clear();
  if (!is_endpoints_turn && stream_ != nullptr) stream_->resume();
}

// All of its body is sent but the end of that.
void Exchange::end_held_response() {
  std::vector<http::Field> trailer;
  http::read_trailer(response_guard_->trailer, trailer);
  send_response_trailer(std::move(trailer));
  if (stage_ != Stage::over) finish();
}

}  // namespace proxy::session
