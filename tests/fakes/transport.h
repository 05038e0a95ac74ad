#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/http.h"

namespace fakes {

// A transport that knows its lines: every request must be the next one expected, and answers what
// was written for it. An unexpected request fails the test; so does, at destruction, an expected
// one that never came. Safe to call from many threads (then the order of requests is the test's
// own business). Nothing here waits.
//
//   transport.expect("GET", "https://ca.test/dir").answer(200, R"({"newNonce":"..."})");
//   transport.expect("POST", "https://ca.test/order")
//       .with_body([](const std::string& body) { return body.size() > 2; })
//       .answer(429, "", {{"retry-after", "7"}});
//   transport.expect("GET", "https://k8s.test/watch").stream({"line\n", "line\n"});
class FakeTransport final : public base::HttpTransport {
 public:
  using BodyCheck = std::function<bool(const std::string&)>;
  using RequestCheck = std::function<bool(const base::HttpRequest&)>;

  // One expected request and its answer; 200 with an empty body unless said otherwise.
  class Expectation {
   public:
    Expectation& with_body(BodyCheck check);
    Expectation& with_body(std::string exact);
    Expectation& with(RequestCheck check);  // headers, timeout, connect_to
    Expectation& answer(int status, std::string body = "", base::HttpHeaders headers = {});
    // The answer is computed from the request: for signed requests and echoed nonces.
    Expectation& answer_with(std::function<base::HttpResponse(const base::HttpRequest&)> make);
    Expectation& fail(base::Error error);
    // For stream(): the pieces of the body, then the peer closes, or breaks off with an error.
    Expectation& stream(std::vector<std::string> pieces, int status = 200);
    Expectation& then_fail(base::Error error);

   private:
    friend class FakeTransport;
    std::string method_, url_;
    std::vector<RequestCheck> checks_;
    std::function<base::Result<base::HttpResponse>(const base::HttpRequest&)> respond_;
    std::vector<std::string> pieces_;
    std::optional<base::Error> ending_;
  };

  FakeTransport() = default;
  ~FakeTransport() override;
  FakeTransport(const FakeTransport&) = delete;
  FakeTransport& operator=(const FakeTransport&) = delete;

  // The reference stays good until that request has been made.
  Expectation& expect(std::string method, std::string url);

  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override;
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override;

  // All requests so far, expected or not.
  std::vector<base::HttpRequest> requests() const;
  std::size_t expectations_left() const;

 private:
  base::Result<Expectation> take(const base::HttpRequest& request, const std::stop_token& stop);

  mutable std::mutex mutex_;
  std::deque<Expectation> expected_;
  std::vector<base::HttpRequest> requests_;
};

}  // namespace fakes
