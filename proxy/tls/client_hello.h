#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proxy::tls {

// Gathers a client's first message and finds the host that it names, before anybody decides whose
// TLS it is. Takes all bytes so far at each call, and walks over each once; it keeps none of them.
// Pure. What is no ClientHello (RFC 8446 §4.1.2), or one that cannot be read, is for whoever
// terminates TLS to answer: this only has to find out soon.
class ClientHelloReader {
 public:
  enum class Outcome : std::uint8_t {
    needs_more,  // so far it is the beginning of one
    complete,
    other,  // it is none, or longer than anybody's
  };

  // In records, headers included. A hello with post-quantum key shares and ECH has 2 KiB, one that
  // is padded as far as an extension goes 17 KiB or so; and a record has up to 16 KiB.
  static constexpr std::size_t kBytesMax = 32u << 10;

  Outcome read(std::string_view bytes);

 private:
  std::uint32_t record_at_ = 0;      // where the first record begins that was not whole yet
  std::uint32_t message_bytes_ = 0;  // in the records before that
  std::uint32_t message_size_ = 0;   // of the whole, its header included; 0: not known yet
};

// The host that a complete ClientHello names (RFC 6066 §3), as the client sent it. Of one that
// hides its true name (ECH) the outer one, by which it wants to be led. Empty: it names none, or
// none that is a host name, or cannot be read to its end.
std::string server_name_of(std::string_view client_hello_records);

}  // namespace proxy::tls
