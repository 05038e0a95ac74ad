#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "acme/error.h"
#include "acme/resources.h"
#include "operator/api/issuer.h"

// What an issuer needs before it is ready. Pure: the object, the server's directory and the key in,
// a decision out.
namespace issuer {

// Why an issuer is not ready: goes into its Ready condition.
struct Trouble {
  std::string reason;   // CamelCase
  std::string message;  // a full sentence, with the server's own words where there are any
  std::string remedy;   // what a person can do; may be empty
  acme::ErrorClass error_class = acme::ErrorClass::other;
  std::optional<std::chrono::seconds> retry_after{};
  bool is_account_lost = false;  // the server no longer knows the account
  bool is_about_key = false;     // another key in a Secret would end it
};

// What the directory demands and spec does not give: agreement to the terms of service, external
// account binding, or a profile that the server does not offer.
std::optional<Trouble> unmet_demand(const api::Issuer& issuer, const acme::Directory& directory);

enum class Registration {
  none,            // status tells of an account of this key at this server with this contact
  register_,       // no account yet, another server, another key, or the account is lost
  update_contact,  // the account is good, its mail address is not
};
// lost_account_url: the account that the server said it does not know; empty: none.
Registration next_registration(const api::Issuer& issuer, const std::string& key_hash,
                               const std::string& lost_account_url);

// What went wrong in a request to the server.
Trouble trouble_of(const std::string& reason, const acme::AcmeError& error);

std::vector<std::string> contact_of(const api::Issuer& issuer);            // "mailto:..."
std::vector<std::string> profile_texts(const acme::Directory& directory);  // "name: description"

}  // namespace issuer
