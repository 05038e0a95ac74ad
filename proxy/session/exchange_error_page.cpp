#include <string>
#include <utility>

#include "proxy/http/answer.h"
#include "proxy/reason/words.h"
#include "proxy/session/error_page.h"
#include "proxy/session/exchange.h"

// A page in place of an error, from whoever makes them for the route: one more request within the
// exchange. It says what the error is about and nothing of the client's body, and what it answers
// is the client's, with its own status, as ingress-nginx has it. What is left of the request's body
// is not passed on any more.
namespace proxy::session {
namespace {

// What a page is chosen by beside its subject. No credentials, nothing of the body that it has not,
// no condition on a representation that is not asked for.
bool is_passed_to_pages(std::string_view name) {
  using http::equals_ignoring_case;
  return equals_ignoring_case(name, "accept") || equals_ignoring_case(name, "accept-language") ||
         equals_ignoring_case(name, "accept-encoding") || equals_ignoring_case(name, "user-agent");
}

std::string_view value_of(const std::vector<http::Field>& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (http::equals_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace

// Calls of gRPC have their errors in trailers, and no page is one.
void Exchange::prepare_error_page(const Client& client, const router::Target& target) {
  if (is_grpc_) return;
  error_page_ = std::make_unique<ErrorPage>(means_.counters.held.request_copies);
  error_page_->pages = target.rest().error_pages;
  error_page_->cluster = means_.clusters.at(target.rest().error_pages->cluster());
  error_page_->proxy_header =
      proxy_header_for(client, error_page_->cluster->config().proxy_protocol);

  http::RequestHead head;
  head.method = is_head_ ? http::Method::head : http::Method::get;
  head.method_text = is_head_ ? "HEAD" : "GET";
  head.path = "/";
  head.host = request_.host;
  for (const http::Field& field : request_.fields) {
    if (!field.dropped && is_passed_to_pages(field.name)) head.fields.push_back(field);
  }
  ask_for_readable_response(head.fields);
  const std::string_view log_text = log_text_;
  target.rest().error_pages->describe(
      {.accept = value_of(request_.fields, "accept"),
       .original_uri = log_text.substr(method_end_, path_end_ - method_end_)},
      head.fields);
  constexpr std::size_t kHeadEnd = 2;  // the empty line
  std::string_view text = write_head(client, {}, head);
  text.remove_suffix(kHeadEnd);
  error_page_->head.assign(text);
}

bool Exchange::is_asking_for_page() const {
  return error_page_ != nullptr && error_page_->is_asked_for;
}

bool Exchange::may_ask_for_page() const {
  return error_page_ != nullptr && !error_page_->is_asked_for && status_ == 0 &&
         !error_page_->cluster->is_empty() &&
         // A connection of HTTP/2 carries requests of many clients.
         (error_page_->proxy_header.empty() || !error_page_->cluster->config().speaks_http2);
}

// Whether an endpoint's response with this status is not the client's.
bool Exchange::replaces_with_page(int status) const {
  return may_ask_for_page() && error_page_->pages->replace(status);
}

// In place of a response whose head is here. What else came of it is dropped; a connection on which
// that was all of it is used again.
void Exchange::ask_for_page_of_response() {
  const http::ResponseHead& head = *std::exchange(response_, nullptr);
  if (head.status == 401) {
    error_page_->authenticate = value_of(head.fields, "www-authenticate");
  }
  using Use = upstream::RequestStream::Use;
  const bool was_read = request_complete_ && request_bytes_ == 0;
  ask_for_page(head.status, {}, was_read ? Use::unwanted : Use::broken);
}

// False: there is none to be had in place of this answer of the proxy's own.
bool Exchange::ask_for_page_of_failure(int status, std::string_view reason) {
  if (!replaces_with_page(status)) return false;
  ask_for_page(status, reason, upstream::RequestStream::Use::broken);
  return true;
}

void Exchange::ask_for_page(int status, std::string_view reason, upstream::RequestStream::Use use) {
  ErrorPage& page = *error_page_;
  page.is_asked_for = true;
  page.status = status;
  page.reason = reason;
  if (is_with_endpoint()) detach(use);
  begin_way_anew();
  proxy_header_ = page.proxy_header;
  cluster_ = page.cluster;
  std::string text = page.head.take();
  text.append("X-Code: ").append(std::to_string(status)).append("\r\n\r\n");
  send_first({text, {}});
}

// As if the request for the page were the client's: without a body, and of nobody's rules but its
// own.
void Exchange::begin_way_anew() {
  timer_.disarm();
  gathered_.clear();
  has_guarded_body_ = false;
  kept_.drop();
  request_complete_ = is_idempotent_ = true;
  request_trailer_.take();
  passes_request_trailer_ = request_trailer_is_judged_ = false;
  request_chunked_ = was_replayed_ = is_unframed_ = false;
  moves_ = refusals_ = interim_heads_ = 0;
  slow_body_.leave();
  offered_upgrade_.clear();
  endpoint_.reset();
  tried_.clear();
  stale_.reset();
  retrying_ = {};
  next_upstream_.reset();
  hash_.reset();
  sticky_.reset();
  stay_key_.reset();
  cookie_name_.clear();
  set_cookie_.clear();
  response_ = nullptr;
}

// What an endpoint could not be asked for, or did not answer.
void Exchange::answer_for_endpoint(int status, std::string_view reason) {
  if (is_asking_for_page()) {
    // Of the page nothing is to be had, so the error is told as it would have been without.
    const std::string of_error = error_page_->reason;
    const std::string authenticate = error_page_->authenticate;
    answer({.status = error_page_->status, .authenticate = authenticate},
           of_error.empty() ? reason::error_page_failed : of_error);
  } else if (!ask_for_page_of_failure(status, reason)) {
    answer(status, reason);
  }
}

// The route's cluster has none.
void Exchange::answer_without_endpoints() {
  constexpr std::string_view kReason = reason::no_endpoints;
  const bool stands_in = may_ask_for_page() && error_page_->pages->stand_in_without_endpoints();
  if (stands_in) {
    ask_for_page(503, kReason, upstream::RequestStream::Use::broken);
  } else {
    answer_for_endpoint(503, kReason);
  }
}

// The head of a page is here.
void Exchange::note_page() {
  reason_ = error_page_->reason.empty() ? reason::error_page : error_page_->reason;
  if (status_ != 401 || error_page_->authenticate.empty()) return;
  response_->fields.push_back({.name = "WWW-Authenticate", .value = error_page_->authenticate});
}

}  // namespace proxy::session
