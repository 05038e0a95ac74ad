#pragma once

#include <string_view>

#include "proxy/tls/certificate_table.h"

namespace proxy::session {

// Who a request came from, and how. Views live as long as the client's connection.
struct Client {
  std::string_view address;  // IP literal without brackets
  std::string_view port;     // the port that it came to, "443"
  bool secure = false;
  std::string_view tls_version;                        // "TLSv1.3"; empty: plain
  std::string_view server_name;                        // SNI
  const tls::CertificateEntry* certificate = nullptr;  // that it was shown
};

}  // namespace proxy::session
