#pragma once

#include <cassert>
#include <cstddef>

namespace proxy::session {

// Of the bodies whose length nobody announced, how many may go on to an endpoint of one worker
// before much of them has come. Their clients may wait for an answer to what they sent so far,
// which they get so; but they may as well send a byte now and then, and each holds a connection to
// an endpoint, which has few. One worker's thread only.
class SlowBodies {
 public:
  // What an endpoint that answers one request for each of its threads can spare.
  static constexpr std::size_t kPlaces = 8;

  // What one request has of that: given back when it is destroyed, at the latest.
  class Place {
   public:
    Place() = default;
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // False: there is none.
    bool take(SlowBodies& bodies) {
      assert(bodies_ == nullptr);
      if (bodies.taken_ == kPlaces) return false;
      ++bodies.taken_;
      bodies_ = &bodies;
      return true;
    }
    void leave() {
      if (bodies_ != nullptr) --bodies_->taken_;
      bodies_ = nullptr;
    }

   private:
    SlowBodies* bodies_ = nullptr;
  };

 private:
  std::size_t taken_ = 0;
};

}  // namespace proxy::session
