#include "base/name_lookup.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/ip_text.h"

namespace base {
namespace {

constexpr int kSecondsForATry = 2;
constexpr int kServersMax = 2;
// RFC 1035 §4.2.2: more has no answer.
constexpr std::size_t kAnswerBytesMax = 65'535;

// The C library's state of one lookup.
class Resolver {
 public:
  explicit Resolver(std::optional<std::uint16_t> port) {
    is_ready_ = ::res_ninit(&state_) == 0;
    if (!is_ready_) return;
    state_.retrans = kSecondsForATry;
    state_.retry = 1;
    state_.nscount = std::min(state_.nscount, kServersMax);
    if (!port) return;
    state_.nscount = 1;
    sockaddr_in& server = state_.nsaddr_list[0];
    server = {};
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(*port);
  }
  ~Resolver() {
    if (is_ready_) ::res_nclose(&state_);
  }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  NameAnswer ask(const std::string& name, ns_type type) {
    if (!is_ready_) return failed("the resolver's configuration cannot be read");
    std::vector<unsigned char> answer(kAnswerBytesMax);
    const int size = ::res_nquery(&state_, name.c_str(), ns_c_in, type, answer.data(),
                                  static_cast<int>(answer.size()));
    if (size >= 0) return read(answer.data(), static_cast<std::size_t>(size), type);
    switch (state_.res_h_errno) {
      case HOST_NOT_FOUND:
        return {.kind = NameAnswer::Kind::none, .problem = "there is no such name"};
      case NO_DATA:
        return {.kind = NameAnswer::Kind::none, .problem = "it has no address"};
      default:
        return failed("no DNS server could say");
    }
  }

 private:
  static NameAnswer failed(const char* problem) {
    return {.kind = NameAnswer::Kind::failed, .problem = problem};
  }

  // All addresses of the answer: whoever resolves for us has followed its aliases.
  static NameAnswer read(const unsigned char* bytes, std::size_t size, ns_type type) {
    ns_msg message;
    if (::ns_initparse(bytes, static_cast<int>(std::min(size, kAnswerBytesMax)), &message) != 0) {
      return failed("the answer cannot be read");
    }
    NameAnswer answer{.kind = NameAnswer::Kind::found, .ttl = std::chrono::hours(24)};
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
      ns_rr record;
      if (::ns_parserr(&message, ns_s_an, i, &record) != 0) {
        return failed("the answer cannot be read");
      }
      // RFC 2181 §8: a time that looks negative is none.
      const std::uint32_t ttl = ns_rr_ttl(record) >> 31 != 0 ? 0 : ns_rr_ttl(record);
      answer.ttl = std::min(answer.ttl, std::chrono::seconds(ttl));
      if (ns_rr_type(record) != type) continue;
      const unsigned wanted = type == ns_t_a ? 4 : 16;
      if (ns_rr_rdlen(record) != wanted) return failed("the answer cannot be read");
      if (answer.addresses.size() == NameAnswer::kAddressesMax) continue;
      std::array<char, INET6_ADDRSTRLEN> text{};
      ::inet_ntop(type == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(record), text.data(),
                  text.size());
      answer.addresses.emplace_back(text.data());
    }
    if (answer.addresses.empty()) {
      return {.kind = NameAnswer::Kind::none, .problem = "it has no address"};
    }
    return answer;
  }

  struct __res_state state_ {};
  bool is_ready_ = false;
};

NameAnswer look_up(std::optional<std::uint16_t> port, const std::string& name) {
  // The API server lets four numbers pass for a name.
  if (ip_bytes_from_text(name)) {
    return {.kind = NameAnswer::Kind::found,
            .addresses = {name},
            .ttl = std::chrono::hours(24),
            .problem = {}};
  }
  Resolver resolver(port);
  NameAnswer v4 = resolver.ask(name, ns_t_a);
  if (v4.kind == NameAnswer::Kind::found) return v4;
  NameAnswer v6 = resolver.ask(name, ns_t_aaaa);
  // Where one could not be asked for, nobody knows that there is nothing.
  return v6.kind == NameAnswer::Kind::none ? v4 : v6;
}

}  // namespace

NameAnswer look_up_name(const std::string& name) {
  return look_up(std::nullopt, name);
}

NameAnswer look_up_name_at(std::uint16_t port, const std::string& name) {
  return look_up(port, name);
}

}  // namespace base
