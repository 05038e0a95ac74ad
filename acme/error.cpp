#include "acme/error.h"

namespace acme {

base::ErrorKind kind_of(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::rate_limited:
      return base::ErrorKind::rate_limited;
    case ErrorClass::bad_nonce:
    case ErrorClass::server_internal:
    case ErrorClass::network:
    case ErrorClass::other:
      return base::ErrorKind::unavailable;
    case ErrorClass::already_replaced:
    case ErrorClass::order_not_ready:
      return base::ErrorKind::conflict;
    case ErrorClass::account_does_not_exist:
      return base::ErrorKind::not_found;
    case ErrorClass::caa:
    case ErrorClass::dns:
    case ErrorClass::connection:
    case ErrorClass::unauthorized:
    case ErrorClass::tls:
    case ErrorClass::user_action_required:
    case ErrorClass::external_account_required:
      return base::ErrorKind::denied;
    case ErrorClass::rejected_identifier:
    case ErrorClass::bad_csr:
    case ErrorClass::invalid_profile:
    case ErrorClass::invalid_contact:
    case ErrorClass::malformed:
      return base::ErrorKind::invalid;
    case ErrorClass::protocol:
      return base::ErrorKind::protocol;
  }
  return base::ErrorKind::unavailable;
}

bool replaces_was_refused(const AcmeError& error) {
  if (!error.problem) return false;
  switch (error.error_class) {
    case ErrorClass::already_replaced:
    case ErrorClass::malformed:
    // Boulder's word for the certificate of another account, as of one that was made anew.
    case ErrorClass::unauthorized:
      return true;
    case ErrorClass::server_internal:
      // Pebble answers 500 for a "replaces" that it does not know.
      return error.problem->detail.find("replace") != std::string::npos ||
             error.problem->detail.find("ARI") != std::string::npos;
    default:
      return false;
  }
}

}  // namespace acme
