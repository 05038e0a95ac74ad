#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/client/trusted_networks.h"
#include "proxy/config/network.h"
#include "proxy/http/field.h"

namespace proxy::client {

// What a request's fields say about its client, as far as those who wrote them are trusted. Pure.
//
// X-Forwarded-For, else Forwarded (RFC 7239), else X-Real-IP is read, and only one of them: whoever
// writes the first passes on what its client had put into the others. The list is walked from its
// right end, where each proxy adds whom it was asked by: the first who is not trusted is the
// client, and what stands left of it is the client's own invention. Where an entry is no address
// (RFC 7239 §6 has "unknown"), the walk ends at who wrote it.
struct Told {
  // More proxies than this stand in no one's way; the next is taken for the client.
  static constexpr std::size_t kHopsMax = 16;

  config::IpAddress address;  // of the client
  std::string_view scheme{};  // "http" or "https"; empty: nobody said
  std::string_view host{};    // that the client asked for; empty: nobody said
  std::string_view port{};    // that the client came to, likewise
  // From the client to the peer, both included.
  std::array<config::IpAddress, kHopsMax + 1> way;
  std::size_t way_length = 0;

  // "203.0.113.9, 10.0.0.7": what an endpoint gets as X-Forwarded-For. Nothing in it is the
  // client's own word.
  void write_way(std::string& out) const;
};

// `peer` is trusted itself. The result's views point into the fields.
Told read_forwarded(const std::vector<http::Field>& fields, const config::IpAddress& peer,
                    const TrustedNetworks& trusted);

}  // namespace proxy::client
