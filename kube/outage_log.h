#pragma once

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>

#include "base/http.h"
#include "base/result.h"

namespace kube {

// A way to the API server that tells of its outages: one sentence when the server cannot be reached
// any more, and one when it can again, however many callers find out. They know the errors that are
// told already by is_outage(), and keep them out of the log. Thread-safe.
class OutageLog final : public base::HttpTransport {
 public:
  OutageLog(std::shared_ptr<base::HttpTransport> way, std::string server)
      : way_(std::move(way)), server_(std::move(server)) {}

  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override;
  // A stream that breaks off later is no outage: the next request will show whether there is one.
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override;

 private:
  void note_answer();
  base::Error note_failure(base::Error error, bool had_answer);

  const std::shared_ptr<base::HttpTransport> way_;
  const std::string server_;
  std::atomic<bool> is_out_ = false;
};

// There was no answer, or it broke off; an OutageLog has told of it or will.
bool is_outage(const base::Error& error);

}  // namespace kube
