#include "tests/fakes/transport.h"

#include <gtest/gtest.h>

namespace fakes {

using base::Error;
using base::ErrorKind;
using base::HttpRequest;
using base::HttpResponse;
using base::Result;

FakeTransport::Expectation& FakeTransport::Expectation::with_body(BodyCheck check) {
  return with(
      [check = std::move(check)](const HttpRequest& request) { return check(request.body); });
}

FakeTransport::Expectation& FakeTransport::Expectation::with_body(std::string exact) {
  return with([exact = std::move(exact)](const HttpRequest& request) {
    EXPECT_EQ(request.body, exact);
    return request.body == exact;
  });
}

FakeTransport::Expectation& FakeTransport::Expectation::with(RequestCheck check) {
  checks_.push_back(std::move(check));
  return *this;
}

FakeTransport::Expectation& FakeTransport::Expectation::answer(int status, std::string body,
                                                               base::HttpHeaders headers) {
  HttpResponse response{status, std::move(headers), std::move(body)};
  return answer_with([response = std::move(response)](const HttpRequest&) { return response; });
}

FakeTransport::Expectation& FakeTransport::Expectation::answer_with(
    std::function<HttpResponse(const HttpRequest&)> make) {
  respond_ = [make = std::move(make)](const HttpRequest& request) -> Result<HttpResponse> {
    return make(request);
  };
  return *this;
}

FakeTransport::Expectation& FakeTransport::Expectation::fail(Error error) {
  respond_ = [error = std::move(error)](const HttpRequest&) -> Result<HttpResponse> {
    return base::failure(error);
  };
  return *this;
}

FakeTransport::Expectation& FakeTransport::Expectation::stream(std::vector<std::string> pieces,
                                                               int status) {
  pieces_ = std::move(pieces);
  return answer(status);
}

FakeTransport::Expectation& FakeTransport::Expectation::then_fail(Error error) {
  ending_ = std::move(error);
  return *this;
}

FakeTransport::~FakeTransport() {
  for (const Expectation& left : expected_) {
    ADD_FAILURE() << "expected request never came: " << left.method_ << " " << left.url_;
  }
}

FakeTransport::Expectation& FakeTransport::expect(std::string method, std::string url) {
  const std::lock_guard lock(mutex_);
  Expectation& expectation = expected_.emplace_back();  // a deque: references stay good
  expectation.method_ = std::move(method);
  expectation.url_ = std::move(url);
  return expectation.answer(200);
}

Result<FakeTransport::Expectation> FakeTransport::take(const HttpRequest& request,
                                                       const std::stop_token& stop) {
  const std::string what = request.method + " " + request.url;
  if (stop.stop_requested()) {
    return base::failure(ErrorKind::cancelled, "the request to " + request.url + " was cancelled");
  }
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  if (expected_.empty()) {
    ADD_FAILURE() << "unexpected request: " << what << "\nnothing more was expected";
    return base::failure(ErrorKind::unavailable, "unexpected request " + what);
  }
  if (expected_.front().method_ != request.method || expected_.front().url_ != request.url) {
    ADD_FAILURE() << "unexpected request: " << what << "\nexpected: " << expected_.front().method_
                  << " " << expected_.front().url_;
    return base::failure(ErrorKind::unavailable, "unexpected request " + what);
  }
  Expectation expectation = std::move(expected_.front());
  expected_.pop_front();
  for (const RequestCheck& check : expectation.checks_) {
    EXPECT_TRUE(check(request)) << what << " is not as expected; its body: " << request.body;
  }
  return expectation;
}

Result<HttpResponse> FakeTransport::send(const HttpRequest& request, std::stop_token stop) {
  const auto expectation = take(request, stop);
  if (!expectation) return base::failure(expectation.error());
  auto response = expectation->respond_(request);
  if (!response) return response;
  for (const std::string& piece : expectation->pieces_) response->body += piece;
  if (expectation->ending_) return base::failure(*expectation->ending_);
  return response;
}

Result<HttpResponse> FakeTransport::stream(const HttpRequest& request, const OnHead& on_head,
                                           const OnChunk& on_chunk, std::stop_token stop) {
  const auto expectation = take(request, stop);
  if (!expectation) return base::failure(expectation.error());
  auto response = expectation->respond_(request);
  if (!response) return response;
  // An answer that was not cut into pieces is one piece.
  std::vector<std::string> pieces = expectation->pieces_;
  if (!response->body.empty()) pieces.insert(pieces.begin(), response->body);
  response->body.clear();
  if (!on_head(*response)) return response;
  for (const std::string& piece : pieces) {
    if (!on_chunk(piece)) return response;
    if (stop.stop_requested()) {
      return base::failure(ErrorKind::cancelled,
                           "the request to " + request.url + " was cancelled");
    }
  }
  if (expectation->ending_) return base::failure(*expectation->ending_);
  return response;
}

std::vector<HttpRequest> FakeTransport::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t FakeTransport::expectations_left() const {
  const std::lock_guard lock(mutex_);
  return expected_.size();
}

}  // namespace fakes
