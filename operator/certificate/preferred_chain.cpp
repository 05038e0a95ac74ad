#include "operator/certificate/preferred_chain.h"

#include "base/x509.h"

namespace certificate {

bool ends_at(std::string_view chain_pem, const std::string& common_name) {
  const auto chain = base::read_chain(chain_pem);
  if (!chain) return false;
  // RFC 2253 text: attributes are separated by commas, and a comma inside a value is escaped.
  const std::string issuer = "," + chain->back().issuer + ",";
  return issuer.find(",CN=" + common_name + ",") != std::string::npos;
}

}  // namespace certificate
