#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/policy/zeroed_words.h"

namespace proxy::policy {

// Token buckets for however many clients there are, in as much memory as a table of fixed size
// takes, for all workers together and without a lock.
//
// A bucket is one number: the time at which it will be full again. Each request moves it on by the
// time in which one token comes, from now or from where it is; a request that would move it further
// ahead than the bucket holds is refused and moves nothing. (Of the two names for it, GCRA and "the
// leaky bucket as a meter", nginx has the second: ngx_http_limit_req_module refuses the same
// requests.) So a bucket that is full again is one that is not there, and its place is free.
//
// A place is one of kWays for a key. When they are all taken, the bucket that is nearest to full
// makes room: who is at the limit is forgotten only when all the others of the set are at theirs,
// whatever limits they have. That takes as many clients as there are places, each of which has
// used up what it had (docs/decisions/0062-limits-in-tables-of-fixed-size.md).
//
// Any number of threads. Times are nanoseconds of one steady clock, which may differ by a little
// between threads.
class RateBuckets {
 public:
  static constexpr std::size_t kWays = 8;
  // 16 MiB when all of them are used.
  static constexpr std::size_t kPlaces = std::size_t{1} << 20;
  // Longer times are cut to this, so that no sum of them and of a clock's time overflows.
  static constexpr std::uint64_t kLongest = std::uint64_t{1} << 60;

  // How many may pass: one each `interval`, and so many at once as `slack` has intervals, and one.
  struct Rate {
    std::uint64_t interval = 1;  // more than 0
    std::uint64_t slack = 0;
  };

  // A client of a limit; what is equal shares a bucket. `span` is about the time in which an empty
  // bucket of the limit fills, the same for all of its clients.
  class Key {
   public:
    Key(std::uint64_t hash, std::uint64_t span);

   private:
    friend class RateBuckets;
    std::uint64_t value_;
  };

  // `places` is a power of 2, and at least kWays.
  explicit RateBuckets(std::size_t places = kPlaces);

  // 0: one more may pass, and was counted. Else it may not, was not, and could after so long.
  std::uint64_t take(Key key, const Rate& rate, std::uint64_t now);
  // One that was counted did not pass after all.
  void give_back(Key key, const Rate& rate);

  // The clients that are known and do not have a full bucket; for tests, it looks at all places.
  std::size_t in_use(std::uint64_t now);

 private:
  // Two words: the key, 0 when there never was one; and the time at which the bucket is full.
  std::uint64_t* set_of(Key key);

  std::size_t sets_;
  unsigned shift_;
  ZeroedWords words_;
};

}  // namespace proxy::policy
