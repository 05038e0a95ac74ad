#include "proxy/http/request_id.h"

#include <bit>
#include <cstring>
#include <string>

#include "base/digest.h"

namespace proxy::http {
namespace {

constexpr std::size_t kClientIdBytesMax = 128;

bool is_usable(std::string_view id) {
  if (id.empty() || id.size() > kClientIdBytesMax) return false;
  for (const char c : id) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

RequestIds::RequestIds() {
  const std::string seed = base::random_bytes(sizeof(state_));
  std::memcpy(state_.data(), seed.data(), sizeof(state_));
  state_[0] |= 1;  // the one state that it must not have is all zeros
}

// xoshiro256**, Blackman and Vigna 2018.
std::uint64_t RequestIds::draw() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void RequestIds::next(Text& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = 0;
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = draw();
    for (int i = 0; i < 16; ++i, bits >>= 4) out[at++] = kDigits[bits & 15];
  }
}

std::string_view choose_request_id(const RequestHead& head, RequestIds& ids,
                                   RequestIds::Text& storage) {
  const Field* sent = nullptr;
  int count = 0;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::x_request_id) continue;
    sent = &field;
    ++count;
  }
  if (count == 1 && is_usable(sent->value)) return sent->value;
  ids.next(storage);
  return {storage.data(), storage.size()};
}

}  // namespace proxy::http
