#pragma once

#include <optional>
#include <utility>

#include "acme/client.h"
#include "acme/error.h"
#include "operator/certificate/context.h"
#include "operator/issuer/accounts.h"
#include "operator/issuer/turns.h"

namespace certificate {

// One reconcile's way to the server of its issuer: the account, the turn, and the count of what was
// asked. One server that hangs is not to hold every worker, so requests are sent within a turn.
class IssuerAccess {
 public:
  IssuerAccess(Context& context, issuer::IssuerKey key)
      : context_(context), key_(std::move(key)), began_(context.steady_now()) {}

  const issuer::IssuerKey& key() const { return key_; }

  // Whether there is an account that is ready; it is then the one used from here on.
  bool find_account();
  const issuer::Account& account() const { return *account_; }
  bool has_account() const { return account_ != nullptr; }

  // Whether this reconcile has a turn now; else this Certificate stands in line and is called.
  bool take_turn(const kube::ObjectKey& certificate, issuer::Turns::Purpose purpose);
  // The same without standing in line.
  bool try_turn();
  // A server that is slow with each of a hundred answers gives way to others in between.
  bool has_had_its_time() const;

  // Of each request: counted, and noted for whoever has the next turn.
  template <class T>
  acme::AcmeResult<T> asked(acme::AcmeResult<T> result) {
    if (turn_ && result) turn_->note_answer();
    if (turn_ && !result) note_failure(result.error());
    return context_.requests.count(std::move(result));
  }

  // Nobody is to order with this account until its issuer has looked at it.
  void report_lost();
  // Its server has no newOrder where its directory said.
  void report_doubtful() { context_.accounts.report_doubtful(key_); }

 private:
  void note_failure(const acme::AcmeError& error);

  Context& context_;
  const issuer::IssuerKey key_;
  const base::SteadyTime began_;
  issuer::Accounts::Pointer account_;
  std::optional<issuer::Turns::Turn> turn_;
};

}  // namespace certificate
