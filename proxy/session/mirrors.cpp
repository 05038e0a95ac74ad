#include "proxy/session/mirrors.h"

#include <iterator>
#include <optional>
#include <utility>

#include "proxy/reason/words.h"

namespace proxy::session {

// One that is under way. It is gone once there is an answer, or none, whatever that is.
struct Mirrors::Copy final : SideRequest::Waiter {
  explicit Copy(Mirrors& owner) : mirrors(owner), share(owner) {}

  // Why there is none was counted where it failed.
  void on_answer_head(const http::ResponseHead&) override { mirrors.copies_.erase(place); }
  void on_no_answer(SideRequest::Trouble) override { mirrors.copies_.erase(place); }

  Mirrors& mirrors;
  Share share;
  std::optional<SideRequest> request{};
  std::list<Copy>::iterator place{};
};

Mirrors::Mirrors(const SideRequest::Means& means) : means_(means) {}

Mirrors::~Mirrors() = default;

bool Mirrors::is_full() const {
  return copies_.size() >= kMax;
}

void Mirrors::end_all() {
  copies_.clear();
}

bool Mirrors::Share::hold(std::size_t bytes) {
  if (bytes > kBytesOfOneMax || mirrors_.bytes_ - held_ + bytes > kBytesMax) return false;
  mirrors_.bytes_ = mirrors_.bytes_ - held_ + bytes;
  held_ = bytes;
  return true;
}

void Mirrors::send(std::shared_ptr<upstream::Cluster> cluster, std::string_view method,
                   const std::string& text, std::string preface) {
  if (is_full()) {
    means_.counters.upstream_failures.add(reason::mirror_left_out);
    return;
  }
  Copy& copy = copies_.emplace_back(*this);
  copy.place = std::prev(copies_.end());
  bool is_begun = copy.share.hold(text.size());
  if (is_begun) {
    copy.request.emplace(means_, std::move(cluster), method, text, std::move(preface),
                         SideRequest::Haste::by_the_way, copy);
    is_begun = copy.request->begin() == SideRequest::Trouble::none;
  }
  if (is_begun) return;
  means_.counters.upstream_failures.add(reason::mirror_left_out);
  copies_.erase(copy.place);
}

}  // namespace proxy::session
