#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// Which endpoint a request gets by what it asks for: the one whose place, mixed with that, is the
// greatest number (rendezvous hashing, Thaler and Ravishankar 1998). Every proxy comes to the same
// one without a table, and an endpoint that goes or comes moves only what it had or gets.
//
// These numbers are the same in every release, so that a proxy of another one chooses likewise.
namespace proxy::upstream {

inline constexpr std::uint64_t kHashBasis = 14'695'981'039'346'656'037u;  // FNV-1a, 64 bits

constexpr std::uint64_t add_to_hash(std::uint64_t hash, char c) {
  constexpr std::uint64_t kPrime = 1'099'511'628'211u;
  return (hash ^ static_cast<unsigned char>(c)) * kPrime;
}
constexpr std::uint64_t add_to_hash(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = add_to_hash(hash, c);
  return hash;
}

// Every bit of both has its part in every bit (the finisher of SplitMix64).
constexpr std::uint64_t mixed(std::uint64_t what, std::uint64_t place) {
  std::uint64_t z = what ^ (place * 0x9e37'79b9'7f4a'7c15u);
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9u;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebu;
  return z ^ (z >> 31);
}

// Of 0..count-1; nothing: all are out. `place_of(i)` is the hash of where endpoint i is.
template <class PlaceOf, class IsOut>
std::optional<std::size_t> pick_by_hash(std::uint64_t what, std::size_t count,
                                        const PlaceOf& place_of, const IsOut& is_out) {
  std::optional<std::size_t> best;
  std::uint64_t best_number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_out(i)) continue;
    const std::uint64_t number = mixed(what, place_of(i));
    if (best && number <= best_number) continue;
    best = i;
    best_number = number;
  }
  return best;
}

}  // namespace proxy::upstream
