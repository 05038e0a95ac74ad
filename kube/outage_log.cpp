#include "kube/outage_log.h"

#include <spdlog/spdlog.h>

namespace kube {
namespace {

constexpr const char* kReason = "NoAnswer";

}  // namespace

bool is_outage(const base::Error& error) {
  return error.kind == base::ErrorKind::unavailable && error.reason == kReason;
}

base::Result<base::HttpResponse> OutageLog::send(const base::HttpRequest& request,
                                                 std::stop_token stop) {
  auto response = way_->send(request, std::move(stop));
  if (!response) return base::failure(note_failure(std::move(response.error()), false));
  note_answer();
  return response;
}

base::Result<base::HttpResponse> OutageLog::stream(const base::HttpRequest& request,
                                                   const OnHead& on_head, const OnChunk& on_chunk,
                                                   std::stop_token stop) {
  bool had_answer = false;
  const auto note_head = [&](const base::HttpResponse& head) {
    had_answer = true;
    note_answer();
    return on_head(head);
  };
  auto response = way_->stream(request, note_head, on_chunk, std::move(stop));
  if (!response) return base::failure(note_failure(std::move(response.error()), had_answer));
  return response;
}

void OutageLog::note_answer() {
  if (!is_out_.load() || !is_out_.exchange(false)) return;
  spdlog::info("the API server at {} answers again", server_);
}

base::Error OutageLog::note_failure(base::Error error, bool had_answer) {
  if (error.kind != base::ErrorKind::unavailable) return error;
  if (!had_answer && !is_out_.exchange(true)) {
    spdlog::warn(
        "the API server at {} cannot be reached: {}; what was read last stays in use, and "
        "we are trying again until it answers",
        server_, error.message);
  }
  error.reason = kReason;
  return error;
}

}  // namespace kube
