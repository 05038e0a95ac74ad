#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "proxy/client/proxy_header.h"

// The PROXY protocol's header: however the bytes arrive the verdict is the same, and nothing is
// looked at behind its end.
namespace {

using proxy::client::ProxyHeader;

void require(bool holds) {
  if (!holds) std::abort();
}

// In memory of exactly this size, for AddressSanitizer.
ProxyHeader read(std::string_view bytes) {
  auto copy = std::make_unique<char[]>(bytes.size());
  bytes.copy(copy.get(), bytes.size());
  return proxy::client::read_proxy_header({copy.get(), bytes.size()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const ProxyHeader all = read(input);
  require(all.outcome != ProxyHeader::Outcome::needs_more || size < ProxyHeader::kBytesMax);
  require((all.outcome == ProxyHeader::Outcome::failed) == !all.problem.empty());
  if (all.outcome != ProxyHeader::Outcome::complete) {
    require(all.bytes == 0 && !all.source);
    return 0;
  }
  require(all.bytes > 0 && all.bytes <= size && all.bytes <= ProxyHeader::kBytesMax);
  const ProxyHeader alone = read(input.substr(0, all.bytes));
  require(alone.outcome == all.outcome && alone.bytes == all.bytes && alone.source == all.source);
  for (std::size_t cut = 0; cut < all.bytes; ++cut) {
    require(read(input.substr(0, cut)).outcome == ProxyHeader::Outcome::needs_more);
  }
  return 0;
}
