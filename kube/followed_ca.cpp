#include "kube/followed_ca.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "kube/ca_bundle.h"
#include "kube/file_text.h"

namespace kube {
namespace {

constexpr std::chrono::minutes kReadEvery{1};

base::Result<std::string> read_ca(const std::string& path) {
  auto text = read_file_text(path);
  if (!text) return text;
  if (const auto checked = check_ca_bundle(*text); !checked) {
    return base::failure(base::ErrorKind::invalid,
                         "the file " + path + " " + checked.error().message);
  }
  return text;
}

// The one failure that a new CA can mend; it comes before anything is sent.
template <class T>
bool is_distrusted(const base::Result<T>& result) {
  return !result && result.error().kind == base::ErrorKind::denied;
}

}  // namespace

FollowedCa::FollowedCa(std::string ca_file, std::string ca_pem, Make make, const base::Clock& clock)
    : ca_file_(std::move(ca_file)),
      make_(std::move(make)),
      clock_(clock),
      ca_pem_(std::move(ca_pem)),
      transport_(make_(ca_pem_)),
      read_at_(clock.steady_now()) {}

base::Result<base::HttpResponse> FollowedCa::send(const base::HttpRequest& request,
                                                  std::stop_token stop) {
  const Transport first = current();
  auto answer = first->send(request, stop);
  if (!is_distrusted(answer)) return answer;
  const Transport second = another_than(first);
  return second ? second->send(request, stop) : answer;
}

base::Result<base::HttpResponse> FollowedCa::stream(const base::HttpRequest& request,
                                                    const OnHead& on_head, const OnChunk& on_chunk,
                                                    std::stop_token stop) {
  const Transport first = current();
  auto answer = first->stream(request, on_head, on_chunk, stop);
  if (!is_distrusted(answer)) return answer;
  const Transport second = another_than(first);
  return second ? second->stream(request, on_head, on_chunk, stop) : answer;
}

FollowedCa::Transport FollowedCa::current() {
  const std::lock_guard lock(mutex_);
  if (clock_.steady_now() - read_at_ >= kReadEvery) read_again();
  return transport_;
}

FollowedCa::Transport FollowedCa::another_than(const Transport& distrusted) {
  const std::lock_guard lock(mutex_);
  // Another thread may have found it since.
  if (transport_ == distrusted) read_again();
  return transport_ == distrusted ? nullptr : transport_;
}

void FollowedCa::read_again() {
  read_at_ = clock_.steady_now();
  auto text = read_ca(ca_file_);
  if (!text) {
    if (std::exchange(last_problem_, text.error().message) != text.error().message) {
      spdlog::warn("reading the API server's CA again: {}; the last good one stays",
                   text.error().message);
    }
    return;
  }
  last_problem_.clear();
  if (*text == ca_pem_) return;
  spdlog::info("trusting another CA of the API server, as the file {} says now", ca_file_);
  ca_pem_ = std::move(*text);
  transport_ = make_(ca_pem_);
}

}  // namespace kube
