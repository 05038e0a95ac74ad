#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/router/path.h"

// Paths: what comes out is normal already, starts with "/", and has no dot segment.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = "/" + std::string(reinterpret_cast<const char*>(data), size);
  std::string storage, again_storage;
  const auto normal = proxy::router::normalize_path(path, storage);
  if (!normal) return 0;
  const std::string text(*normal);
  const std::string closed = text + "/";
  if (!text.starts_with('/')) std::abort();
  if (closed.find("/./") != std::string::npos) std::abort();
  if (closed.find("/../") != std::string::npos) std::abort();
  const auto again = proxy::router::normalize_path(text, again_storage);
  if (!again || *again != text) std::abort();
  return 0;
}
