#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "proxy/client/trusted_fields.h"
#include "proxy/client/trusted_networks.h"
#include "proxy/http1/request_parser.h"
#include "proxy/session/inspectors.h"
#include "proxy/session/password_checks.h"
#include "proxy/upstream/endpoint.h"

namespace proxy::session {

// How long a client may take. What an endpoint may take is its cluster's.
struct Timeouts {
  std::chrono::milliseconds handshake{10'000};
  std::chrono::milliseconds request_header{15'000};  // from the first byte, or from the connect
  std::chrono::milliseconds keep_alive{75'000};
  // A client that takes nothing, or sends nothing of its body; BodyTime asks for more than that.
  std::chrono::milliseconds body_idle{60'000};
  // For all of a request's body, while its client is awaited; see BodyTime. Long enough for the
  // largest image layers on a slow line.
  std::chrono::milliseconds body_total{4 * 3'600'000};
  std::chrono::milliseconds tunnel_idle{3'600'000};
  std::chrono::milliseconds linger{2'000};
  // A client that says no more after its request has gone, most of the time. One that only closed
  // its sending side still gets an answer that comes so soon.
  std::chrono::milliseconds half_closed{100};
};

struct Options {
  Timeouts timeouts;
  http1::Limits limits;
  // An application may set many cookies in one response; the bytes bound them.
  http1::Limits response_limits{.fields_max = 1000};
  // TRACE reaches endpoints. Off: it would tell a script what fields the browser and we have added
  // (RFC 9110 §9.3.8), and nobody needs it.
  bool trace_allowed = false;
  upstream::PoolOptions pools;
  std::size_t connections_max = 100'000;  // per worker
  // Of one client: an IPv4 address, or the /64 of an IPv6 one, and of all workers together; 0: as
  // many as there may be. Those on the list of trusted proxies may have any number.
  std::size_t connections_per_client_max = 0;
  // Records of TLS 1.3 are sealed and opened by tls::RecordLayer, not by OpenSSL's connections.
  bool own_tls_records = false;
  // TLS handshakes that wait for their step, per worker. While there are so many, the next clients
  // wait in the kernel's queue: at no cost of ours, and whoever has left by then is soon let go.
  std::size_t handshakes_ahead_max = 64;
  // Clients that were accepted before and all speak at once. A step takes up to a millisecond
  // (RSA), so whoever is let in has its turn within a second.
  std::size_t handshakes_waiting_max = 1024;
  // When no more clients can be taken, the one that has been silent for longest makes room for the
  // next, if it was for so long: a shorter pause says nothing about who is of more use.
  std::chrono::milliseconds makes_room_after{10'000};
  // Those that came when nearly all places were taken, and never asked for anything, before that:
  // a handshake and a request of an honest one are here by then.
  std::chrono::milliseconds newcomer_makes_room_after{1'000};
  // Connections to endpoints, per worker. Where descriptors are short, those in the pools make room
  // for the next; then requests are refused.
  std::size_t endpoint_connections_max = 100'000;
  // A side is not read from while more than this is waiting to be sent to the other side.
  std::size_t unsent_bytes_high = 64u << 10;
  // Bodies gathered before an endpoint is chosen, per worker; one client may have its share of that
  // (GatheredShares). Where there is no more, a request goes on as it comes.
  std::size_t gathered_bytes_max = 16u << 20;
  // Pipes in use at a time, per worker, by which plain bulk passes inside the kernel; what finds
  // none is copied. Each takes two descriptors, and up to Pipe::kBytes while its reader is slow.
  std::size_t pipes_max = 128;
  // The ports that clients come to, for redirects and X-Forwarded-Port; 0: the listener's.
  std::uint16_t public_http_port = 0;
  std::uint16_t public_https_port = 0;
  // Of all workers together.
  PasswordChecks::Options passwords{};
  Inspectors::Options inspectors{};
  // Who may say who the client is, beside those whom the configuration names.
  client::TrustedNetworks trusted_proxies{};
  // What else these may say of it, and no others.
  client::TrustedFields trusted_fields{};
};

}  // namespace proxy::session
