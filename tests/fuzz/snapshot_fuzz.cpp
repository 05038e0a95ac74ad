#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/config/wire.h"
#include "proxy/control/sealing.h"
#include "proxy/control/snapshot_file.h"

// A snapshot: nothing that was not sealed with the secret is opened; what stands in one is a state
// that can be served and comes back as it was, or is refused with a sentence.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proxy::control;
  static const std::string secret(kSealSecretBytesMin, 's');
  const std::string input(reinterpret_cast<const char*>(data), size);
  const auto opened = unseal(input, secret);
  require(!opened && !opened.error().message.empty());

  const auto state = state_in(input);
  if (!state) {
    require(!state.error().message.empty());
    return 0;
  }
  const std::string again = text_of(*state->snapshot, state->proxies);
  const auto same = state_in(again);
  require(same && same->snapshot->revision == state->snapshot->revision &&
          same->proxies == state->proxies);
  return 0;
}
