#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/request_reader.h"

// Requests to the operator's endpoints: however the bytes arrive the verdicts are the same.
namespace {

using base::RequestReader;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Verdicts {
  std::size_t whole = 0;
  std::size_t body_bytes = 0;
  int refusal = 0;
  bool operator==(const Verdicts&) const = default;
};

Verdicts read_in_steps(std::string_view bytes, std::size_t step) {
  const RequestReader::Limits limits{
      .head_bytes_max = 2048, .fields_max = 16, .body_bytes_max = 256};
  RequestReader reader(limits);
  Verdicts verdicts;
  while (!bytes.empty() && verdicts.refusal == 0) {
    // In exact-size copies, so that every read past the end is seen.
    const std::size_t size = std::min(step, bytes.size());
    const auto copy = std::make_unique<char[]>(size);
    bytes.copy(copy.get(), size);
    bytes.remove_prefix(size);
    reader.feed({copy.get(), size});
    for (bool goes_on = true; goes_on;) {
      switch (reader.read()) {
        case RequestReader::Outcome::needs_more:
          goes_on = false;
          break;
        case RequestReader::Outcome::wants_continue:
          break;
        case RequestReader::Outcome::complete:
          ++verdicts.whole;
          verdicts.body_bytes += reader.take_request().body.size();
          break;
        case RequestReader::Outcome::refused:
          verdicts.refusal = reader.refusal().status;
          require(verdicts.refusal >= 400);
          goes_on = false;
          break;
      }
    }
  }
  return verdicts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(read_in_steps(bytes, bytes.size()) == read_in_steps(bytes, step));
  return 0;
}
