#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/tls/record_keys.h"

// What RFC 8448 §3 ("Simple 1-RTT Handshake") shows of the time after the handshake, in hex.
namespace rfc8448 {

inline constexpr const char* kClientSecret =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
inline constexpr const char* kServerSecret =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
// The server's first record is a ticket.
inline constexpr std::uint64_t kTickets = 1;
// 50 bytes, 00 to 31.
inline constexpr const char* kClientData =
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e"
    "2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
inline constexpr const char* kServerData =
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59"
    "a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
// close_notify.
inline constexpr const char* kClientAlert = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
inline constexpr const char* kServerAlert = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

inline std::string bytes(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string made;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    made += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  return made;
}

inline std::string data() {
  std::string made;
  for (char c = 0; c < 50; ++c) made += c;
  return made;
}

inline proxy::tls::TrafficSecret secret(std::string_view hex) {
  proxy::tls::TrafficSecret made;
  const std::string text = bytes(hex);
  std::copy(text.begin(), text.end(), made.bytes.begin());
  return made;
}

}  // namespace rfc8448
