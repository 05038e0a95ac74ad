// Many threads at the places of one set.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/policy/client_places.h"

namespace proxy::policy {
namespace {

constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint64_t kStay = 10'800;

config::IpAddress client(std::size_t i) {
  return config::IpAddress::parse("10.0.0." + std::to_string(i)).value();
}

// What a client is told is always what was put for it, whoever else comes to its place.
TEST(ClientPlaces, NobodyGetsWhatIsAnothers) {
  ClientPlaces places(ClientPlaces::kWays);
  constexpr std::size_t kClients = 3 * ClientPlaces::kWays;
  std::vector<ClientPlaces::Key> keys;
  for (std::size_t i = 0; i < kClients; ++i) keys.push_back(places.key_of(1, client(i)));
  std::atomic<std::size_t> wrong{0};
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t round = 0; round < 20'000; ++round) {
        const std::size_t i = (round * 7 + t * 5) % kClients;
        const auto found = places.find(keys[i], kStay, kStart + round);
        if (found && *found != i) ++wrong;
        if (!found) places.put(keys[i], static_cast<std::uint32_t>(i), kStart + round);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace proxy::policy
