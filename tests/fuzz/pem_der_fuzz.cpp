// PEM and DER come from Secrets, ACME servers and TLS peers. Whatever the bytes are, reading ends
// in values or an Error; what was read is written and read back the same.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/key.h"
#include "base/pem.h"
#include "base/x509.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto blocks = base::read_pem(text)) {
    for (const base::PemBlock& block : *blocks) {
      const auto again = base::read_pem(base::write_pem(block));
      if (!again || again->size() != 1 || again->front().der != block.der) std::abort();
    }
  }
  if (const auto chain = base::read_chain(text)) {
    (void)base::covers_host(chain->front(), "www.example.test");
    (void)base::check_key_pair(text, text);
  }
  if (const auto key = base::PrivateKey::from_pem(text)) {
    if (!base::PrivateKey::from_pem(key->to_pem())) std::abort();
  }
  // The same bytes as DER, where PEM's base64 would keep a fuzzer from finding the structure.
  (void)base::read_certificate_der(text);
  return 0;
}
