#include "proxy/policy/access_list.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

using config::IpAddress;
using config::Network;

std::vector<Network> networks(const std::vector<std::string>& texts) {
  std::vector<Network> networks;
  for (const std::string& text : texts) networks.push_back(*Network::parse(text));
  return networks;
}

TEST(Network, IsItsFirstBitsWhateverIsWrittenBeyondThem) {
  const auto text = [](const char* written) { return Network::parse(written)->text(); };
  EXPECT_EQ(text("10.1.2.3/8"), "10.0.0.0/8");
  EXPECT_EQ(text("10.1.2.3/31"), "10.1.2.2/31");
  EXPECT_EQ(text("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(text("10.1.2.3/0"), "0.0.0.0/0");
  EXPECT_EQ(text("2001:DB8:0:0:1::5/33"), "2001:db8::/33");
  EXPECT_EQ(text("::1"), "::1/128");
  EXPECT_EQ(text("::ffff:10.1.2.3/104"), "10.0.0.0/8");
  EXPECT_EQ(text("::ffff:0.0.0.0/95"), "::fffe:0:0/95");
}

TEST(Network, IsNothingElse) {
  for (const std::string_view written :
       {"", "/", "/8", "10", "10/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/256", "10.0.0.0/+8",
        "10.0.0.0/8/8", " 10.0.0.0", "::/129", "fe80::1%1", "[::1]", "localhost",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"}) {
    EXPECT_FALSE(Network::parse(written)) << written;
  }
}

TEST(AccessList, LetsInThoseWhoAreAllowedOrEverybodyAndNobodyWhoIsDenied) {
  const struct {
    std::vector<std::string> denied, allowed;
    const char* address;
    int status;
  } cases[] = {
      {{}, {}, "192.0.2.1", 0},
      {{}, {"192.0.2.0/24"}, "192.0.2.1", 0},
      {{}, {"192.0.2.0/24"}, "192.0.2.255", 0},
      {{}, {"192.0.2.0/24"}, "192.0.3.0", 403},
      {{}, {"192.0.2.0/24"}, "192.0.1.255", 403},
      {{}, {"192.0.2.0/24"}, "2001:db8::1", 403},
      {{}, {"0.0.0.0/0"}, "2001:db8::1", 403},
      {{}, {"0.0.0.0/0"}, "::ffff:10.0.0.1", 0},
      {{}, {"2001:db8::/33"}, "2001:db8:7fff:ffff::", 0},
      {{}, {"2001:db8::/33"}, "2001:db8:8000::", 403},
      {{"192.0.2.7"}, {}, "192.0.2.7", 403},
      {{"192.0.2.7"}, {}, "192.0.2.8", 0},
      {{"192.0.2.7"}, {"192.0.2.0/24"}, "192.0.2.7", 403},
      {{"192.0.2.7"}, {"192.0.2.0/24"}, "192.0.2.6", 0},
      {{"0.0.0.0/0", "::/0"}, {"192.0.2.0/24"}, "192.0.2.6", 403},
      {{"::/0"}, {}, "192.0.2.6", 0},
      {{}, {"192.0.2.0/24"}, "", 403},
      {{"192.0.2.7"}, {}, "unix:", 403},
  };
  for (const auto& one : cases) {
    const AccessList list(networks(one.denied), networks(one.allowed));
    EXPECT_EQ(list.check(one.address).status, one.status) << one.address;
  }
}

TEST(AccessList, SaysInTheLogWhy) {
  const AccessList list(networks({"192.0.2.7"}), networks({"192.0.2.0/24"}));
  EXPECT_EQ(list.check("192.0.2.7").reason, "address_denied");
  EXPECT_EQ(list.check("192.0.3.7").reason, "address_not_allowed");
  EXPECT_EQ(list.check("nobody").reason, "address_unknown");
}

// Networks within others and side by side, against the plain question to each.
TEST(AddressSet, HoldsWhatOneOfItsNetworksHolds) {
  std::vector<Network> all;
  for (unsigned i = 0; i < 3'000; ++i) {
    const std::uint32_t mixed = i * 2'654'435'761u;
    const std::string address = std::to_string(mixed >> 24) + "." +
                                std::to_string(mixed >> 16 & 255) + "." +
                                std::to_string(mixed >> 8 & 255) + ".0";
    all.push_back(*Network::parse(address + "/" + std::to_string(10 + mixed % 20)));
  }
  const AddressSet set(all);
  for (unsigned i = 0; i < 2'000; ++i) {
    const std::uint32_t mixed = i * 2'246'822'519u + 7;
    IpAddress asked;
    for (unsigned byte = 0; byte < 4; ++byte) {
      asked.bytes[byte] = static_cast<std::uint8_t>(mixed >> (8 * byte));
    }
    bool expected = false;
    for (const Network& network : all) expected = expected || network.contains(asked);
    EXPECT_EQ(set.contains(asked), expected) << asked.text();
  }
}

TEST(Guards, AGuardThatIsNotKnownHereLetsNobodyPass) {
  config::Guards guards;
  guards.closed = true;
  OpenQuestion question;
  std::string storage;
  EXPECT_EQ(Guards(guards).check({.address = "192.0.2.1"}, question, storage).status, 503);
  EXPECT_FALSE(Verdict{}.passes());
}

}  // namespace
}  // namespace proxy::policy
