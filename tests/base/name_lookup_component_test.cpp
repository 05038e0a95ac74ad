// Names, asked for at a DNS server of the test's.
#include <atomic>
#include <map>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/name_lookup.h"

namespace base {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;
using Kind = NameAnswer::Kind;
using namespace std::string_literals;

constexpr char kTypeA = 1, kTypeAaaa = 28;

// RFC 1035 §4.1.3, with the question's name.
std::string record(char type, unsigned ttl, const std::string& data) {
  std::string text = "\xc0\x0c\x00"s + type + "\x00\x01"s;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(ttl >> shift & 0xff);
  return text + static_cast<char>(data.size() >> 8) + static_cast<char>(data.size() & 0xff) + data;
}

// A DNS server that says what it was told to, by the type that is asked for, over UDP and TCP.
class DnsServer {
 public:
  struct Said {
    std::string records{};
    unsigned count = 0;
    char code = 0;           // of the answer: 2 SERVFAIL, 3 NXDOMAIN
    bool is_longer = false;  // over UDP it does not fit
  };

  explicit DnsServer(std::map<char, Said> said) : said_(std::move(said)) {
    // A port that is free for one of the two may be somebody's for the other.
    while (!take_port()) {
    }
    threads_[0] = std::thread([this] { serve_udp(); });
    threads_[1] = std::thread([this] { serve_tcp(); });
  }
  ~DnsServer() {
    ending_ = true;
    ::shutdown(udp_, SHUT_RDWR);
    ::shutdown(tcp_, SHUT_RDWR);
    for (std::thread& thread : threads_) thread.join();
    ::close(udp_);
    ::close(tcp_);
  }

  std::uint16_t port() const { return port_; }

 private:
  bool take_port() {
    if (udp_ >= 0) ::close(udp_);
    if (tcp_ >= 0) ::close(tcp_);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(tcp_, any, size) != 0 || ::listen(tcp_, 8) != 0) return false;
    ::getsockname(tcp_, any, &size);
    port_ = ntohs(address.sin_port);
    return ::bind(udp_, any, size) == 0;
  }
  std::string answer_to(const std::string& query, bool over_udp) const {
    const std::size_t name_end = query.find('\0', 12);
    const char type = query[name_end + 2];
    const auto found = said_.find(type);
    const Said said = found == said_.end() ? Said{} : found->second;
    const bool cut = said.is_longer && over_udp;
    std::string answer = query.substr(0, 2);
    answer += static_cast<char>(cut ? 0x83 : 0x81);
    answer += static_cast<char>(0x80 | said.code);
    answer += "\x00\x01\x00"s + static_cast<char>(cut ? 0 : said.count) + "\x00\x00\x00\x00"s;
    answer += query.substr(12, name_end + 5 - 12);
    return cut ? answer : answer + said.records;
  }
  void serve_udp() {
    while (!ending_) {
      std::string query(512, '\0');
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(udp_, query.data(), query.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17) continue;
      const std::string answer = answer_to(query.substr(0, static_cast<std::size_t>(got)), true);
      ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  void serve_tcp() {
    while (!ending_) {
      const int client = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      std::string query(2 + 512, '\0');
      std::size_t have = 0;
      for (ssize_t got = 1; got > 0 && have < 2 + 12 + 5; have += static_cast<std::size_t>(got)) {
        got = ::recv(client, query.data() + have, query.size() - have, 0);
        if (got <= 0) break;
      }
      if (have > 2 + 16) {
        const std::string answer = answer_to(query.substr(2, have - 2), false);
        std::string framed;
        framed += static_cast<char>(answer.size() >> 8);
        framed += static_cast<char>(answer.size() & 0xff);
        framed += answer;
        [[maybe_unused]] const auto sent =
            ::send(client, framed.data(), framed.size(), MSG_NOSIGNAL);
      }
      ::close(client);
    }
  }

  const std::map<char, Said> said_;
  int udp_ = -1, tcp_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::thread threads_[2];
};

std::vector<std::string> texts(const NameAnswer& answer) {
  return answer.addresses;
}

NameAnswer ask(const std::map<char, DnsServer::Said>& said) {
  const DnsServer server(said);
  return look_up_name_at(server.port(), "api.example.org");
}

const std::string kFirst = record(kTypeA, 60, "\xc0\x00\x02\x01"s);
const std::string kSecond = record(kTypeA, 30, "\xc0\x00\x02\x02"s);
const std::string kV6 = record(kTypeAaaa, 90, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s);
const std::string kAlias = record(5, 10, "\x03www\xc0\x0c");

TEST(NameLookup, AllAddressesOfTheAnswerAndItsShortestLife) {
  const NameAnswer answer = ask({{kTypeA, {.records = kFirst + kAlias + kSecond, .count = 3}}});
  EXPECT_EQ(answer.kind, Kind::found);
  EXPECT_THAT(texts(answer), ElementsAre("192.0.2.1", "192.0.2.2"));
  EXPECT_EQ(answer.ttl, seconds(10));
}

TEST(NameLookup, IPv6WhereThereIsNoIPv4) {
  const NameAnswer both =
      ask({{kTypeA, {.records = kFirst, .count = 1}}, {kTypeAaaa, {.records = kV6, .count = 1}}});
  EXPECT_THAT(texts(both), ElementsAre("192.0.2.1"));
  EXPECT_THAT(texts(ask({{kTypeAaaa, {.records = kV6, .count = 1}}})), ElementsAre("2001:db8::1"));
}

TEST(NameLookup, AnAnswerThatDoesNotFitIsFetchedOverTcp) {
  std::string records;
  for (int i = 0; i < 100; ++i) {
    records += record(kTypeA, 60, "\xc0\x00\x02"s + static_cast<char>(i));
  }
  EXPECT_THAT(texts(ask({{kTypeA, {.records = records, .count = 100, .is_longer = true}}})),
              SizeIs(100));
}

TEST(NameLookup, WhatIsNotThereIsToldFromWhatNobodyKnows) {
  EXPECT_EQ(ask({{kTypeA, {.code = 3}}, {kTypeAaaa, {.code = 3}}}).kind, Kind::none);
  EXPECT_EQ(ask({}).kind, Kind::none);
  EXPECT_EQ(ask({{kTypeA, {.code = 2}}, {kTypeAaaa, {.code = 2}}}).kind, Kind::failed);
  // Of a name whose IPv4 nobody knows, IPv6 says nothing.
  EXPECT_EQ(ask({{kTypeA, {.code = 2}}}).kind, Kind::failed);
  EXPECT_EQ(ask({{kTypeAaaa, {.code = 2}}}).kind, Kind::failed);
}

TEST(NameLookup, WhatCannotBeReadIsAFailure) {
  EXPECT_EQ(ask({{kTypeA, {.records = kFirst, .count = 5}}}).kind, Kind::failed);
  EXPECT_EQ(ask({{kTypeA, {.records = record(kTypeA, 60, "\xc0\x00\x02"s), .count = 1}}}).kind,
            Kind::failed);
}

TEST(NameLookup, AnAddressIsNotAskedFor) {
  EXPECT_THAT(texts(look_up_name("192.0.2.7")), ElementsAre("192.0.2.7"));
}

}  // namespace
}  // namespace base
