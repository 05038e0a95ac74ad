#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text_growth.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/kept_head.h"
#include "proxy/http/response_head.h"
#include "proxy/net/loop.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/policy/firewall.h"
#include "proxy/session/exchange.h"
#include "proxy/session/inspection_gate.h"

namespace proxy::session {

// On a route whose firewall inspects responses: what is held of one until it was inspected, and
// then until the client has taken it. Its bytes are in the account of gathered bodies meanwhile.
struct Exchange::ResponseGuard final : InspectionGate::Waiter, net::TimerTarget, net::EventHandler {
  enum class State : std::uint8_t {
    waits,      // for a response
    gathers,    // its body comes in
    inspects,   // its beginning is looked at; the rest stays with the endpoint
    lets_pass,  // what is held goes to the client
  };

  ResponseGuard(Exchange& owner, policy::Inspections::Settings by)
      : exchange(owner), settings(std::move(by)) {}
  // It may be destroyed by that.
  void on_inspected(policy::Inspection inspection) override {
    exchange.conclude_response(std::move(inspection), false);
  }
  // The same.
  void on_timer(net::Timer&) override { exchange.on_response_guard_timer(); }
  // It has no descriptor, only turns.
  void on_ready(net::Ready) override {}
  // The same.
  void on_resumed() override { exchange.on_response_guard_turn(); }

  // Nobody has been told of the response that is here.
  bool holds() const { return state == State::gathers || state == State::inspects; }
  // No more of it is to be read.
  bool stops_endpoint() const { return state == State::inspects || state == State::lets_pass; }
  std::size_t bytes() const {
    const std::size_t of_head = head == nullptr ? 0 : head->bytes();
    const std::size_t of_text = beginning == nullptr ? 0 : beginning->capacity();
    return of_head + of_text + body.capacity() + trailer.capacity();
  }

  // One piece more of the body. Its room is counted, so it does not double beyond what is
  // inspected.
  void hold(std::string_view text) {
    const std::size_t needed = body.size() + text.size();
    const std::size_t limit = settings->responses->body_bytes_max;
    if (needed > body.capacity()) {
      base::grow_to(body, std::max(needed, std::min(2 * body.capacity(), limit + text.size())));
    }
    body.append(text);
  }
  // What is here of the body is to be inspected: what comes now is behind that.
  void begin_inspection() {
    beginning = std::make_shared<const std::string>(std::exchange(body, {}));
    state = State::inspects;
  }

  // All that is here of the body was sent.
  bool is_sent() const { return sent == of_beginning() + body.size(); }
  // What of it is next, as far as it lies together.
  std::string_view next() const {
    if (sent < of_beginning()) return std::string_view(*beginning).substr(sent);
    return std::string_view(body).substr(sent - of_beginning());
  }
  // Nothing but what is next is left of it.
  bool ends_with_next() const { return sent >= of_beginning() || body.empty(); }

  void drop() {
    head.reset();
    beginning.reset();
    std::string().swap(body);
    std::string().swap(trailer);
    state = State::waits;
    is_whole = false;
    sent = 0;
  }

  Exchange& exchange;
  const policy::Inspections::Settings settings;  // which have responses
  State state = State::waits;
  http::ContentCoding coding = http::ContentCoding::identity;  // of the body
  net::Timer timer{*this};
  std::shared_ptr<const http::KeptHead<http::ResponseHead>> head{};  // until it is sent
  // What is inspected of the body, or was; nullptr: nothing yet. A thread may look at it still when
  // nobody waits for that any more.
  std::shared_ptr<const std::string> beginning{};
  std::string body{};     // what is behind that
  std::string trailer{};  // lines, that may follow the body
  bool is_whole = false;  // all of the response is here
  std::size_t sent = 0;   // of the body

 private:
  std::size_t of_beginning() const { return beginning == nullptr ? 0 : beginning->size(); }
};

}  // namespace proxy::session
