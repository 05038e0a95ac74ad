#include "acme/renewal_info.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "acme/json_fields.h"
#include "acme/resources.h"
#include "base/base64url.h"

namespace acme {

base::Result<RenewalInfo> parse_renewal_info(std::string_view text) {
  const auto value = parse_json_object(text, "renewal information");
  if (!value) return base::failure(value.error());
  JsonFields fields(*value, "renewal information");
  RenewalInfo info;
  // For a person's eyes: what is no URL is left out, and says nothing about the window.
  if (std::string url = fields.text("explanationURL"); is_https_url(url)) {
    info.explanation_url = std::move(url);
  }
  const nlohmann::json* window = fields.object("suggestedWindow");
  if (window == nullptr) {
    fields.fail("has no \"suggestedWindow\"");
  } else {
    JsonFields part(*window, "renewal window");
    const auto start = part.time("start");
    const auto end = part.time("end");
    if (!start || !end) {
      part.fail("lacks its start or end");
    } else if (*end <= *start) {
      part.fail("ends before it starts");  // §4.2: treat as if there were no answer
    } else {
      info.window_start = *start;
      info.window_end = *end;
    }
    fields.check(part.status());
  }
  if (const base::Status status = fields.status(); !status) return base::failure(status.error());
  return info;
}

base::Result<std::string> certificate_id(const base::CertificateInfo& certificate) {
  if (certificate.authority_key_id.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         "the certificate has no authority key identifier, so renewal information "
                         "cannot be asked for");
  }
  // §4.1: the serial's DER content, so a leading 00 that keeps it positive stays.
  return base::base64url_encode(certificate.authority_key_id) + "." +
         base::base64url_encode(certificate.serial_bytes);
}

}  // namespace acme
