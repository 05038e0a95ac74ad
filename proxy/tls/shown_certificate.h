#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/openssl.h"
#include "base/result.h"
#include "proxy/tls/client_authorities.h"

namespace proxy::tls {

// What a client may show, whoever has signed it: checked in the handshake, before anything is
// verified by its keys. invalid: a clause that says what is too much.
//
// A client chooses what it shows, and with that what it costs. So: a short chain; RSA up to 8192
// bits with the exponents that are in use, the curves of TLS, Edwards keys; certificates with as
// many extensions and parts of names as real ones have. ServerContext bounds the bytes of it all.
base::Status check_shown_chain(const STACK_OF(X509) * chain);

// The certificate that a client has shown, with what was sent to verify it by, and has proved to be
// its own. It is verified when a route asks for that, by the authorities of that route: what is
// right for one is nothing to another. What was found out is kept for a minute, so that a
// connection of many requests costs one verification and one that lasts notices the end of a
// certificate. One thread.
class ShownCertificate {
 public:
  // Both must outlive it.
  ShownCertificate(X509* leaf, STACK_OF(X509) * chain) : leaf_(leaf), chain_(chain) {}

  struct Verified {
    std::shared_ptr<const ClientAuthorities> authorities{};
    std::uint64_t depth = 0;
    base::WallTime at{};
    bool is_good = false;
    std::string text{};  // as nginx gives it: "SUCCESS", or "FAILED:" and OpenSSL's reason
  };
  // Whether the authorities stand for it as a client's, through this many others at most. nullptr:
  // the authorities cannot be used. What it points to is good until the next call.
  const Verified* verify(const std::shared_ptr<const ClientAuthorities>& authorities,
                         std::uint64_t depth, base::WallTime now);

  // The names as nginx gives them (RFC 2253), and empty where they are longer than anybody's.
  const std::string& subject();
  const std::string& issuer();
  // The one common name of the subject, in UTF-8. Nothing: there is none, or several, or it has a
  // zero in it.
  const std::optional<std::string>& common_name();
  // The PEM text as a component of a URI (RFC 3986 §2.1), as nginx escapes it.
  const std::string& escaped_pem();

 private:
  void read_names();

  X509* leaf_;
  STACK_OF(X509) * chain_;
  std::array<Verified, 4> verified_{};  // few routes of one host have others
  std::size_t next_ = 0;
  bool has_names_ = false;
  std::string subject_, issuer_, escaped_pem_;
  std::optional<std::string> common_name_;
};

}  // namespace proxy::tls
