#include "operator/certificate/issuer_access.h"

#include <chrono>
#include <utility>

namespace certificate {

namespace {

constexpr std::chrono::seconds kTimeOfATurn{10};

}  // namespace

bool IssuerAccess::find_account() {
  account_ = context_.accounts.find(key_);
  return has_account();
}

bool IssuerAccess::take_turn(const kube::ObjectKey& certificate, issuer::Turns::Purpose purpose) {
  if (turn_) return true;
  auto turn = context_.turns.take(key_.text(), certificate, purpose);
  if (!turn) return false;
  turn_.emplace(*std::move(turn));
  return true;
}

bool IssuerAccess::try_turn() {
  if (turn_) return true;
  auto turn = context_.turns.try_take(key_.text());
  if (!turn) return false;
  turn_.emplace(*std::move(turn));
  return true;
}

bool IssuerAccess::has_had_its_time() const {
  return context_.steady_now() - began_ > kTimeOfATurn;
}

void IssuerAccess::note_failure(const acme::AcmeError& error) {
  const bool is_unheard = error.error_class == acme::ErrorClass::network &&
                          error.error.kind == base::ErrorKind::unavailable;
  if (is_unheard) {
    turn_->note_silence();
  } else if (error.problem) {
    turn_->note_answer();
  }
}

void IssuerAccess::report_lost() {
  context_.accounts.report_lost(key_, account_->session.account_url);
}

}  // namespace certificate
