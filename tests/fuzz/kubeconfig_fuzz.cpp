// A kubeconfig is written by people and their tools. Whatever it holds, reading it ends in a Config
// that can be used or in a sentence.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/clock.h"
#include "kube/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::SystemClock clock;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // A directory that is not there: no file that the input names can be read.
  const auto config = kube::parse_kubeconfig(text, "/nonexistent", "", clock);
  if (!config) {
    if (config.error().message.empty()) std::abort();
    return 0;
  }
  if (config->token == nullptr || config->server.rfind("http", 0) != 0) std::abort();
  if (config->client_certificate_pem.empty() != config->client_key_pem.empty()) std::abort();
  return 0;
}
