#include "operator/routing/load.h"

namespace routing {

std::string amount_text(Load::Kind kind, std::uint64_t amount) {
  std::string number = std::to_string(amount);
  const auto mebibytes = [&](const char* what) {
    constexpr std::uint64_t kMebibyte = 1u << 20;
    return std::to_string((amount + kMebibyte - 1) / kMebibyte) + " MiB of " + what;
  };
  switch (kind) {
    case Load::hosts:
      return number + " hosts";
    case Load::names:
      return number + " names for certificates";
    case Load::backends:
      return number + " backends";
    case Load::values:
      return number + " values of configuration";
    case Load::bytes:
      return mebibytes("configuration");
    case Load::certificate_bytes:
      return mebibytes("certificates");
    case Load::kinds:
      break;
  }
  return number;
}

}  // namespace routing
