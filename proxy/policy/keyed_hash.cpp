#include "proxy/policy/keyed_hash.h"

#include <bit>
#include <cstring>

#include "base/digest.h"

namespace proxy::policy {
namespace {

// The first eight bytes, least significant first.
std::uint64_t word_at(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

struct State {
  std::uint64_t a, b, c, d;

  void rounds(int count) {
    for (; count > 0; --count) {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
  }

  void take(std::uint64_t word) {
    d ^= word;
    rounds(2);
    a ^= word;
  }
};

}  // namespace

KeyedHash::KeyedHash() : key_{} {
  const std::string bytes = base::random_bytes(sizeof(Key));
  for (std::size_t i = 0; i < key_.size(); ++i) key_.at(i) = word_at(bytes.data() + 8 * i, 8);
}

std::uint64_t KeyedHash::of(std::string_view bytes) const {
  State state{key_[0] ^ 0x736f6d6570736575u, key_[1] ^ 0x646f72616e646f6du,
              key_[0] ^ 0x6c7967656e657261u, key_[1] ^ 0x7465646279746573u};
  const std::uint64_t size = bytes.size();
  while (bytes.size() >= 8) {
    state.take(word_at(bytes.data(), 8));
    bytes.remove_prefix(8);
  }
  state.take(word_at(bytes.data(), bytes.size()) | size << 56);
  state.c ^= 0xffu;
  state.rounds(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace proxy::policy
