#include "proxy/http/request_id.h"

#include <bit>
#include <cstring>
#include <string>

#include "base/digest.h"

namespace proxy::http {
namespace {

constexpr std::size_t kClientIdBytesMax = 128;

static_assert(std::endian::native == std::endian::little, "the first digit is in the lowest byte");

// The eight digits of a number, the lowest first.
std::uint64_t hexadecimal(std::uint32_t number) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::uint64_t digits = number;
  digits = (digits | digits << 16) & 0x0000ffff0000ffff;
  digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
  digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;
  const std::uint64_t letters = ((digits + 6 * kEach) >> 4) & kEach;  // 1 from ten on
  return digits + '0' * kEach + ('a' - '0' - 10) * letters;
}

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
  char* at = out.data();
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t bits = draw();
    const std::uint64_t lower = hexadecimal(static_cast<std::uint32_t>(bits));
    const std::uint64_t upper = hexadecimal(static_cast<std::uint32_t>(bits >> 32));
    std::memcpy(at, &lower, sizeof lower);
    std::memcpy(at + sizeof lower, &upper, sizeof upper);
    at += sizeof lower + sizeof upper;
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
