#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/tls/client_hello.h"

// A client's first words: however the bytes arrive the verdict is the same, nothing is looked at
// behind them, and a name is one that a host can have.
namespace {

using proxy::tls::ClientHelloReader;
using Outcome = ClientHelloReader::Outcome;

void require(bool holds) {
  if (!holds) std::abort();
}

// In memory of exactly this size, for AddressSanitizer.
Outcome read(ClientHelloReader& reader, std::string_view bytes) {
  auto copy = std::make_unique<char[]>(bytes.size());
  bytes.copy(copy.get(), bytes.size());
  return reader.read({copy.get(), bytes.size()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ClientHelloReader at_once;
  const Outcome all = read(at_once, input);
  require(all != Outcome::needs_more || size <= ClientHelloReader::kBytesMax);
  ClientHelloReader in_steps;
  Outcome last = Outcome::needs_more;
  const std::size_t step = std::max<std::size_t>(1, size / 64);
  for (std::size_t cut = 0; last == Outcome::needs_more; cut += step) {
    last = read(in_steps, input.substr(0, std::min(cut, size)));
    if (cut >= size) break;
  }
  require(last == all);
  const std::string name = proxy::tls::server_name_of(input);
  if (all != Outcome::complete) return 0;
  require(name.size() <= 255);
  for (const char c : name) require(c > ' ' && c < 0x7f && c != ':');
  return 0;
}
