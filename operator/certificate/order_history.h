#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/api/certificate.h"

namespace certificate {

// What became of the orders for one set of names at one account, whichever Certificate placed them.
// The pace of a Certificate is in its status; with another secretName each minute an Ingress makes
// a new Certificate each minute, and every one of them would begin with a clean slate, while a CA
// counts names (Let's Encrypt: five certificates a week for one set, five failures an hour).
//
// In memory alone, so a restart forgets it; of at most kSetsMax sets, the most recently used.
// Thread-safe.
class OrderHistory {
 public:
  static constexpr std::size_t kSetsMax = 16'384;

  void note_issued(const std::string& account_url, const api::Certificate& certificate,
                   base::WallTime now);
  // limited_until: the server said that these names are to wait.
  void note_failed(const std::string& account_url, const api::Certificate& certificate,
                   base::WallTime now, std::optional<base::WallTime> limited_until = {});

  // What other Certificates got for the names of this one.
  struct OfOthers {
    std::vector<base::WallTime> issued;  // within a day; the oldest first
    std::vector<base::WallTime> failed;  // within an hour, and since the last one that was issued
    std::optional<base::WallTime> limited_until;
  };
  OfOthers of_others(const std::string& account_url, const api::Certificate& certificate,
                     base::WallTime now) const;

  std::size_t size() const;

 private:
  struct Outcome {
    std::string uid;  // of the Certificate
    base::WallTime at;
    bool is_issued = false;
    std::optional<base::WallTime> limited_until{};
  };
  struct Set {
    std::vector<Outcome> outcomes;
    std::list<std::string>::iterator use;
  };

  void note(const std::string& account_url, const api::Certificate& certificate, Outcome outcome);

  mutable std::mutex mutex_;
  std::map<std::string, Set> sets_;  // by a digest of account and names
  std::list<std::string> uses_;      // of the same; the most recent first
};

}  // namespace certificate
