#include "proxy/policy/client_certificate.h"

#include <string_view>
#include <utility>

#include "proxy/reason/words.h"

namespace proxy::policy {
namespace {

using config::ClientProof;

constexpr std::string_view kFamily = "ssl-client-";
// Longer names are compared with no pattern: see config::kExpressionInstructionsMax.
constexpr std::size_t kComparedBytesMax = 4096;

// In all spellings that a server could take for it.
bool is_of_the_family(std::string_view name) {
  return name.size() >= kFamily.size() &&
         http::is_same_to_cgi(name.substr(0, kFamily.size()), kFamily);
}

}  // namespace

ClientCertificate::ClientCertificate(const config::ClientCertificates& config)
    : authorities_(tls::ClientAuthorities::of(config)),
      depth_(config.verify_depth),
      proof_(config.proof),
      passes_certificate_(config.passes_certificate),
      asks_for_name_(!config.common_name.empty()),
      error_page_(config.error_page) {
  if (!asks_for_name_) return;
  auto name = config::Expression::compile(config.common_name, config::Expression::Use::value);
  if (name) name_ = std::move(*name);
}

// nginx's own words for the two: people look for them.
Verdict ClientCertificate::refuse(int status, std::string_view reason,
                                  std::string_view body) const {
  Verdict verdict{status, reason};
  verdict.body = body;
  verdict.ends_connection = true;  // on it nothing else can be shown
  if (status == 400 && error_page_) verdict.redirect = &*error_page_;
  return verdict;
}

Verdict ClientCertificate::check(const Presented& presented) const {
  if (presented.way == Presented::Way::plain) return {403, reason::client_certificate_needs_https};
  if (presented.way == Presented::Way::other_host) {
    return refuse(421, reason::client_certificate_not_asked, {});
  }
  if (authorities_->store() == nullptr) return {503, reason::client_authorities_broken};
  if (presented.shown == nullptr) {
    if (asks_for_name_ && proof_ != ClientProof::required) {
      return {403, reason::client_certificate_name};
    }
    if (proof_ != ClientProof::required) return kPasses;
    return refuse(400, reason::client_certificate_missing,
                  "400 No required SSL certificate was sent (client_certificate_missing)\n");
  }
  const auto* const verified = presented.shown->verify(authorities_, depth_, presented.now);
  if (verified == nullptr) return {503, reason::client_authorities_broken};
  const bool is_good = verified->is_good;
  if (!is_good && proof_ != ClientProof::unverified) {
    return refuse(400, reason::client_certificate_error,
                  "400 The SSL certificate error (client_certificate_error)\n");
  }
  if (!asks_for_name_) return kPasses;
  // What nobody stands for may have any name.
  const auto& name = presented.shown->common_name();
  const bool fits =
      is_good && name_ && name && name->size() <= kComparedBytesMax && name_->matches(*name);
  return fits ? kPasses : Verdict{403, reason::client_certificate_name};
}

void ClientCertificate::tell(const Presented& presented, std::vector<http::Field>& fields) const {
  for (http::Field& field : fields) {
    if (is_of_the_family(field.name)) field.dropped = true;
  }
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fields.push_back({.name = name, .value = value});
  };
  if (presented.shown == nullptr) {
    add("ssl-client-verify", "NONE");
    return;
  }
  const auto* const verified = presented.shown->verify(authorities_, depth_, presented.now);
  if (verified == nullptr) return;
  add("ssl-client-verify", verified->text);
  add("ssl-client-subject-dn", presented.shown->subject());
  add("ssl-client-issuer-dn", presented.shown->issuer());
  if (passes_certificate_) add("ssl-client-cert", presented.shown->escaped_pem());
}

}  // namespace proxy::policy
