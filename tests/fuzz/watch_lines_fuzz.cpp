// A watch is a stream of lines from the API server, or from whatever stands before it. Whatever the
// bytes are, and however they are cut, reading ends in events or an Error; every cut gives the same
// lines; what was delivered can be read as an object or is refused.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kube/object.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/resources/ingress.h"
#include "kube/resources/secret.h"
#include "kube/watch_lines.h"

namespace {

constexpr std::size_t kLineBytesMax = 4096;

// The lines of the text in pieces of that size, and at the end "refused" when one was too long.
std::vector<std::string> split(std::string_view text, std::size_t piece_bytes) {
  std::vector<std::string> lines;
  kube::LineSplitter splitter(kLineBytesMax);
  while (!text.empty()) {
    const auto pushed = splitter.push(text.substr(0, piece_bytes), [&lines](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    if (splitter.pending_bytes() > kLineBytesMax) std::abort();
    if (!pushed) {
      lines.emplace_back("refused");
      break;
    }
    text.remove_prefix(std::min(piece_bytes, text.size()));
  }
  return lines;
}

void read_object_of(const kube::WatchEvent& event) {
  if (event.resource_version.empty()) std::abort();
  (void)kube::read_meta(event.object);
  const auto ingress = kube::Ingress::from_json(event.object);
  if (ingress && ingress->metadata.name.empty()) std::abort();
  (void)kube::EndpointSlice::from_json(event.object);
  (void)kube::Secret::from_json(event.object);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = split(text, text.size() + 1);
  if (split(text, 1) != lines || split(text, 7) != lines) std::abort();
  for (const std::string& line : lines) {
    const auto status = kube::read_watch_line(line, read_object_of);
    if (!status && status.error().message.empty()) std::abort();
  }
  return 0;
}
