#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "proxy/config/expression.h"
#include "proxy/config/model.h"
#include "proxy/http/field.h"
#include "proxy/policy/verdict.h"
#include "proxy/tls/shown_certificate.h"

namespace proxy::policy {

// How a client came, and what it showed of itself then.
struct Presented {
  enum class Way : std::uint8_t {
    plain,       // without TLS: nobody could be asked
    other_host,  // the connection was made for another host, or before anybody asked
    asked,       // for a certificate, by this host
  };
  Way way = Way::plain;
  tls::ShownCertificate* shown = nullptr;  // nullptr: none
  base::WallTime now{};
};

// Who may pass by a certificate: config::ClientCertificates, made ready. Immutable; any number of
// threads may ask.
class ClientCertificate {
 public:
  explicit ClientCertificate(const config::ClientCertificates& config);

  Verdict check(const Presented& presented) const;

  // The fields that tell the backend of it, in place of all that came by their names. After
  // check(); their values live as long as what was shown.
  void tell(const Presented& presented, std::vector<http::Field>& fields) const;

 private:
  Verdict refuse(int status, std::string_view reason, std::string_view body) const;

  std::shared_ptr<const tls::ClientAuthorities> authorities_;
  std::uint64_t depth_;
  config::ClientProof proof_;
  bool passes_certificate_;
  bool asks_for_name_;
  std::optional<config::Expression> name_;  // nothing, though one is asked for: nobody has it
  std::optional<config::Redirection> error_page_;
};

}  // namespace proxy::policy
