#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/x509.h"

namespace base {

// Connects to address (an IP, no name) and port, makes a TLS handshake with this server name, and
// returns the leaf that the server presented; trusts nothing and sends nothing. Blocking, ends at
// once on stop. invalid: not an IP; unavailable: not reachable or no handshake in time; protocol:
// the server refused (alert named).
Result<CertificateInfo> read_served_certificate(const std::string& address, std::uint16_t port,
                                                const std::string& server_name,
                                                std::chrono::milliseconds timeout,
                                                std::stop_token stop);

}  // namespace base
