#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "operator/certificate/context.h"
#include "operator/certificate/issuer_access.h"
#include "operator/certificate/memory.h"
#include "operator/certificate/record.h"
#include "operator/certificate/reissue_policy.h"

namespace certificate {

// Reasons of the conditions of a Certificate for a host that another namespace owns, or that
// Issuers of its namespace may not be used for.
inline constexpr const char* kHostNotOwned = "HostNotOwned";
inline constexpr const char* kHostNotAllowed = "HostNotAllowed";

// What stands between the wish and an order. Each question is put to a value that knows no
// Certificates (the rules for names, the owners of hosts, the pace, the budget of orders and the
// turns of the issuer); whoever is in the way is said in status, and the reconcile ends. Nothing
// returned: it may go on.
class Permission {
 public:
  Permission(Context& context, Memory& memory, Record& record, IssuerAccess& issuer)
      : context_(context), memory_(memory), record_(record), issuer_(issuer) {}

  // All that can be asked before the API server is: names, hosts, issuer, back-off, budget, turn.
  std::optional<End> to_begin(const Verdict& verdict);
  // An order would be one of too many within a day. One that is in doubt is counted in status, and
  // that is yet to be written.
  std::optional<End> to_order(const Verdict& verdict);

  // ---- The same one by one, for an order that is under way.
  // verdict: as show_blocked() has it.
  std::optional<End> of_hosts(const std::optional<Verdict>& verdict);
  std::optional<End> of_issuer(const std::optional<Verdict>& verdict);
  std::optional<End> of_back_off();
  std::optional<End> of_turn(issuer::Turns::Purpose purpose);

  // It was not admitted to the budget and stands in its line.
  bool is_in_line() const { return is_in_line_; }

 private:
  std::optional<End> of_budget();
  OrderHistory::OfOthers of_others() const;
  End wait_in_line(const std::string& what_for);
  std::optional<base::WallTime> attempt_time() const;

  Context& context_;
  Memory& memory_;
  Record& record_;
  IssuerAccess& issuer_;
  bool is_in_line_ = false;
};

}  // namespace certificate
