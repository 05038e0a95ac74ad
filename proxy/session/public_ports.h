#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proxy::session {

// The ports as clients see them, which a balancer may have changed.
struct PublicPorts {
  std::uint16_t https = 443;
  std::string http_text = "80";
  std::string https_text = "443";

  // `secure`: of clients that come by TLS.
  std::string_view text(bool secure) const { return secure ? https_text : http_text; }
};

}  // namespace proxy::session
