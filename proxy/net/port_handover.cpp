#include "proxy/net/port_handover.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace proxy::net {
namespace {

// Of a listening socket in /proc/net/tcp (TCP_LISTEN); the file has these before all others.
constexpr std::string_view kListens = "0A";

// As /proc/net/tcp has an address: its words of 32 bits as they lie in memory, and the port.
template <std::size_t kWords>
std::string proc_text(const void* address, in_port_t port) {
  std::array<std::uint32_t, kWords> words{};
  std::memcpy(words.data(), address, sizeof words);
  std::string text;
  std::array<char, 16> part{};
  for (const std::uint32_t word : words) {
    text.append(part.data(),
                static_cast<std::size_t>(std::snprintf(part.data(), part.size(), "%08X", word)));
  }
  text.append(part.data(), static_cast<std::size_t>(std::snprintf(part.data(), part.size(), ":%04X",
                                                                  unsigned{ntohs(port)})));
  return text;
}

}  // namespace

unsigned count_listeners(int listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  std::string wanted;
  const bool is_v6 = storage.ss_family == AF_INET6;
  if (is_v6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    wanted = proc_text<4>(&v6.sin6_addr, v6.sin6_port);
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    wanted = proc_text<1>(&v4.sin_addr, v4.sin_port);
  }
  std::ifstream table(is_v6 ? "/proc/thread-self/net/tcp6" : "/proc/thread-self/net/tcp");
  std::string line;
  std::getline(table, line);  // the names of its columns
  unsigned count = 0;
  while (std::getline(table, line)) {
    std::istringstream columns(line);
    std::string number, local, remote, state;
    columns >> number >> local >> remote >> state;
    if (state != kListens) break;
    if (local == wanted) ++count;
  }
  return count;
}

void deal_out_to_all(int listener) {
  const int unused = 0;
  ::setsockopt(listener, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused);
}

std::optional<PortHandover> PortHandover::begin(int listener, unsigned ours) {
  const unsigned all = count_listeners(listener);
  if (all <= ours) return std::nullopt;
  return PortHandover(listener, ours, all - ours);
}

void PortHandover::send_to_others() const {
  choose({ours_, others_});
}

void PortHandover::before_closing_one_of(unsigned left) const {
  choose(row_while_closing(left, others_));
}

// Ours have the places 0 to left - 1, the others those from `left` to left + others - 1. The one at
// left - 1 is closed, and the last of the others takes its place.
Row PortHandover::row_while_closing(unsigned left, unsigned others) {
  // The last place is one of the others' now, and there is none any more when all of ours are
  // closed: a choice that names no socket is no choice.
  if (left == 1) return {others, 1};
  // All of the others but the one that moves. Where it is the only one, clients may be dealt to
  // those of ours that are left, for the moment until the next choice.
  return {left, others > 1 ? others - 1 : 1};
}

// A classic BPF program that the kernel asks for the place of the socket of each new client.
void PortHandover::choose(Row row) const {
  const auto random = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM);
  std::array<sock_filter, 4> steps = {{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, random},
      {BPF_ALU | BPF_MOD | BPF_K, 0, 0, row.count},
      {BPF_ALU | BPF_ADD | BPF_K, 0, 0, row.first},
      {BPF_RET | BPF_A, 0, 0, 0},
  }};
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  ::setsockopt(listener_, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

}  // namespace proxy::net
