#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/session/gathered_shares.h"

namespace proxy::session {

// What one request has in the worker's account of gathered bodies, and in its client's share of it:
// it goes down when the request lets go of its bytes, whatever way it ends.
class GatheredBytes {
 public:
  explicit GatheredBytes(GatheredShares& shares) : shares_(shares) {}
  ~GatheredBytes() { clear(); }
  GatheredBytes(const GatheredBytes&) = delete;
  GatheredBytes& operator=(const GatheredBytes&) = delete;

  // Whose request it is; before it holds anything.
  void begin(std::string_view client_address) {
    clear();
    place_ = shares_.place_of(client_address);
  }
  // The request holds this much now. False: that is more than its client may have, or than there is
  // for all.
  bool hold(std::size_t bytes) {
    const bool fits = shares_.change(place_, held_, bytes);
    held_ = bytes;
    return fits;
  }
  void clear() {
    if (held_ != 0) hold(0);
  }

 private:
  GatheredShares& shares_;
  std::size_t place_ = 0;
  std::size_t held_ = 0;
};

}  // namespace proxy::session
