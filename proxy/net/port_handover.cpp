#include "proxy/net/port_handover.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "proxy/net/fd.h"

namespace proxy::net {
namespace {

constexpr unsigned kListens = 1u << 10;  // TCP_LISTEN of the kernel's tcp_states.h

// Asks for all listening sockets with the port of this one (sock_diag(7)). False: it cannot be
// asked.
bool ask_for_listeners(int netlink, const sockaddr_storage& local) {
  struct {
    nlmsghdr header{};
    inet_diag_req_v2 request{};
  } message;
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.request.sdiag_family = static_cast<std::uint8_t>(local.ss_family);
  message.request.sdiag_protocol = IPPROTO_TCP;
  message.request.idiag_states = kListens;
  // At the same place for both families.
  message.request.id.idiag_sport = reinterpret_cast<const sockaddr_in&>(local).sin_port;
  return ::send(netlink, &message, sizeof message, 0) == static_cast<ssize_t>(sizeof message);
}

bool is_same_address(const inet_diag_msg& found, const sockaddr_storage& local) {
  if (found.idiag_family != local.ss_family) return false;
  const bool is_v6 = local.ss_family == AF_INET6;
  const void* const address =
      is_v6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(local).sin6_addr)
            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(local).sin_addr);
  return found.id.idiag_sport == reinterpret_cast<const sockaddr_in&>(local).sin_port &&
         std::memcmp(found.id.idiag_src, address, is_v6 ? 16 : 4) == 0;
}

}  // namespace

unsigned count_listeners(int listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  const Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink.is_open() || !ask_for_listeners(netlink.get(), storage)) return 0;
  alignas(nlmsghdr) std::array<char, 32 << 10> answer{};
  unsigned count = 0;
  for (;;) {
    const ssize_t got = ::recv(netlink.get(), answer.data(), answer.size(), 0);
    if (got <= 0) return 0;
    auto left = static_cast<unsigned>(got);
    for (auto* part = reinterpret_cast<nlmsghdr*>(answer.data()); NLMSG_OK(part, left);
         part = NLMSG_NEXT(part, left)) {
      if (part->nlmsg_type == NLMSG_DONE) return count;
      if (part->nlmsg_type == NLMSG_ERROR) return 0;
      if (is_same_address(*static_cast<const inet_diag_msg*>(NLMSG_DATA(part)), storage)) ++count;
    }
  }
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
