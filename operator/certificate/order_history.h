#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/api/certificate.h"

namespace certificate {

// Steps of a clock that is kept in time are smaller.
inline constexpr std::chrono::minutes kClockStepMax{5};

// What became of the orders for one set of names at one account, whichever Certificate placed them.
// The pace of a Certificate is in its status; with another secretName each minute an Ingress makes
// a new Certificate each minute, and every one of them would begin with a clean slate, while a CA
// counts names (Let's Encrypt: five certificates a week for one set, five failures an hour).
//
// What Certificates that are there have had is in their status, also after a restart; kept in
// memory is what those had that are gone. At most kSetsMax sets, the most recently used.
// Thread-safe.
class OrderHistory {
 public:
  static constexpr std::size_t kSetsMax = 16'384;

  // at: as status has it.
  void note_begun(const std::string& account_url, const api::Certificate& certificate,
                  base::WallTime at);
  // What was begun has led to a certificate, or failed.
  void note_issued(const std::string& account_url, const api::Certificate& certificate,
                   base::WallTime at);
  // limited_until: the server said that these names are to wait. is_spent: it may have issued a
  // certificate all the same.
  void note_failed(const std::string& account_url, const api::Certificate& certificate,
                   base::WallTime at, std::optional<base::WallTime> limited_until = {},
                   bool is_spent = false);

  // What other Certificates got for the names of this one; and itself, where its status does not
  // tell of it any more: whoever empties that takes nothing from the pace.
  struct OfOthers {
    std::vector<base::WallTime> ordered;  // issued or begun within a day; the oldest first
    std::vector<base::WallTime> failed;   // within an hour, and since the last one that was issued
    std::optional<base::WallTime> limited_until;
    // That the newest certificate had at its issuance, of those whose Certificate is there.
    std::optional<base::WallTime::duration> life{};
    bool is_of_its_own = false;  // some of it
  };
  // living: the Certificates that are there, for the same names and of the same account; this one
  // may be among them.
  using Living = std::vector<std::shared_ptr<const api::Certificate>>;
  OfOthers of_others(const std::string& account_url, const api::Certificate& certificate,
                     const Living& living, base::WallTime now) const;

  std::size_t size() const;

 private:
  enum class What { begun, issued, failed };
  struct Outcome {
    std::string uid;  // of the Certificate
    base::WallTime at;
    What what = What::begun;
    std::optional<base::WallTime> limited_until{};
    bool is_spent = false;
  };
  struct Set {
    std::vector<Outcome> outcomes;
    std::list<std::string>::iterator use;
  };

  void note(const std::string& account_url, const api::Certificate& certificate, Outcome outcome);
  std::vector<Outcome> outcomes_of(const std::string& account_url,
                                   const api::Certificate& certificate) const;
  static bool tells(const api::CertificateStatus& status, const Outcome& outcome);
  static void add_status(const std::string& account_url, const api::Certificate& certificate,
                         std::vector<Outcome>& outcomes);

  mutable std::mutex mutex_;
  std::map<std::string, Set> sets_;  // by a digest of account and names
  std::list<std::string> uses_;      // of the same; the most recent first
};

// The same for Certificates for the same names, in whatever order.
std::string names_digest(const api::Certificate& certificate);

}  // namespace certificate
