#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/rare.h"
#include "proxy/admin/counters.h"
#include "proxy/config/model.h"
#include "proxy/http2/client_session.h"
#include "proxy/net/socket_address.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/ejection.h"
#include "proxy/upstream/endpoint_health.h"
#include "proxy/upstream/idle_list.h"
#include "proxy/upstream/mistrust.h"

namespace proxy::upstream {

class Http2Connection;

struct PoolOptions {
  std::chrono::milliseconds idle_timeout{30'000};
  std::size_t idle_max = 512;  // connections per endpoint and worker
  Mistrust::Times mistrust;
  Ejection::Rules ejection;
  // Requests under way at a time, per endpoint and worker; 0: as many as come.
  std::uint32_t requests_max = 0;
  // Connections at a time, likewise, those at rest among them. As many again may be on their way
  // out: what their last streams take must not keep others waiting.
  std::uint32_t connections_max = 0;
  // An endpoint that joins others gets a share of its turns at first that grows for so long; 0: all
  // of them at once.
  std::chrono::milliseconds slow_start{0};
  // Where this proxy is: see config::Cluster::zones. Empty: nobody knows.
  std::string zone{};
  // Of the process. What a cluster says of its endpoints is theirs together.
  std::size_t workers = 1;

  // The same with what a cluster says in place of it (config::EndpointRules).
  PoolOptions with(const config::EndpointRules& rules) const;
};

// Of what outlives all endpoints.
inline std::shared_ptr<const PoolOptions> unowned(const PoolOptions& options) {
  return {std::shared_ptr<const PoolOptions>(), &options};
}

// A worker's part of what all of them may have together; 0 stays 0.
std::uint32_t share_of(std::size_t all, std::size_t workers);

// One worker's view of one endpoint: its idle connections, how many requests it has under way, and
// whether it can be connected to. Its connections hold it; those that are idle, and a probe, it
// holds in turn until retire().
class Endpoint final : private Connection::User {
 public:
  Endpoint(const net::SocketAddress& address, std::shared_ptr<const PoolOptions> options,
           admin::WorkerCounters& counters, std::shared_ptr<tls::ClientContext> tls = nullptr,
           bool speaks_http2 = false,
           config::ProxyProtocol proxy_protocol = config::ProxyProtocol::none);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  const net::SocketAddress& address() const { return address_; }
  const std::string& name() const { return name_; }  // "10.1.2.3:8080"
  std::uint64_t place_hash() const { return place_hash_; }
  // The same in few bits, for who remembers many of them.
  std::uint32_t place_number() const {
    return static_cast<std::uint32_t>(place_hash_ ^ (place_hash_ >> 32));
  }
  admin::WorkerCounters& counters() { return counters_; }
  // nullptr: it is spoken to in the clear.
  tls::ClientContext* tls() const { return tls_.get(); }
  // What the next handshake resumes. Other endpoints have keys of their own.
  tls::SessionSlot& tls_session() { return tls_session_; }

  // The connection that was used last; it is the least likely to have been closed meanwhile. Where
  // there is cause for mistrust, the one that has been silent for longest, if that is enough. One
  // that was closed, or on which bytes came that nobody asked for, is closed here and never used.
  bool has_idle() const { return !idle_.empty(); }
  // Nothing when none is idle.
  std::unique_ptr<Connection> take_idle(Connection::User& user);

  // The same over HTTP/2: a connection with room for another request; nullptr: there is none.
  Http2Connection* http2_with_room();
  // As many requests fit on one at a time, for all that is known.
  std::uint32_t streams_max() const { return streams_max_; }
  // One more, which the endpoint owns; nullptr: it failed at once (errno says why). `self` is this
  // endpoint.
  static Http2Connection* connect_http2(const std::shared_ptr<Endpoint>& self, net::Loop& loop,
                                        std::chrono::milliseconds connect_timeout,
                                        std::chrono::milliseconds send_timeout);

  // Its open connections are counted there, too, for as long as they last: also while it is retired
  // and whoever counts is gone. Before the first.
  void count_for(std::shared_ptr<std::size_t> open) { open_of_cluster_ = std::move(open); }
  // From now on. What it has already is as it is.
  void use(std::shared_ptr<const PoolOptions> options) { options_ = std::move(options); }
  std::uint32_t requests_active() const { return requests_active_; }
  void request_begins() { ++requests_active_; }
  void request_ends() { --requests_active_; }

  // A marked endpoint did not connect when it was last asked; see EndpointHealth.
  bool is_marked() const { return health_.is_marked(); }
  bool wants_probe(base::SteadyTime now) const { return health_.wants_probe(now); }
  // Asks with a connection that no request waits for; where it comes about, the pool has it.
  // `self` is this endpoint.
  static void begin_probe(const std::shared_ptr<Endpoint>& self, net::Loop& loop,
                          std::chrono::milliseconds timeout);
  // It has as many requests as it may, or as many connections, and none of these has room.
  bool is_full() const {
    return (options_->requests_max != 0 && requests_active_ >= options_->requests_max) ||
           (has_all_connections() && !has_room_on_a_connection());
  }

  // A request failed that had reached it. True: it is one too many; see Cluster::note_failure().
  bool note_failure() { return ejection_.note_failure(options_->ejection); }
  bool fails_with(int status) const {
    return status >= 500 && options_->ejection.counts_server_errors;
  }
  bool has_failures() const { return ejection_.has_failures(); }
  void note_success() { ejection_.note_success(); }
  void eject(base::SteadyTime now);
  bool is_ejected(base::SteadyTime now) const { return ejection_.is_out(now); }
  // It came to others that are there: see PoolOptions::slow_start.
  void begin_slowly() {
    if (options_->slow_start.count() != 0) slow_start_.emplace();
  }
  // Whether another one is to have its turn: it is ejected, or new. To be asked once for each turn.
  bool is_spared(base::SteadyTime now) {
    return ejection_.is_out(now) || (slow_start_ && !takes_turn_while_new(now));
  }
  void on_connect_failed(base::SteadyTime now);
  void on_connected();
  // It sent bytes that are no part of an answer to a request of ours. The next time they may come
  // when another request has just been sent, and nobody could tell that they are no answer to it:
  // for some time each of its connections carries one request; see Mistrust.
  void on_unsolicited_bytes(base::SteadyTime now);
  // It did, and its answers are looked at more closely.
  bool has_answered_unasked(base::SteadyTime now) const {
    return mistrust_ && mistrust_->has_cause(now);
  }

  // Where descriptors are short. False: none is idle.
  bool close_an_idle_connection();
  // Others are in this proxy's zone, and it is for those of another one.
  bool is_far() const { return is_far_; }
  void note_far(bool is_far) { is_far_ = is_far; }

  // It left the configuration: idle connections are closed, the others when their request ends.
  void retire();
  bool is_retired() const { return retired_; }

 private:
  friend class Connection;
  friend class Http2Connection;
  bool has_all_connections() const;
  bool has_room_on_a_connection() const;
  // For one that is about to be made.
  void make_room();
  void note_streams_allowed(std::uint32_t count);
  std::unique_ptr<Http2Connection> take(Http2Connection& connection);
  void keep(std::unique_ptr<Connection> connection, std::chrono::milliseconds rest_max);
  void discard(Connection& idle);
  void on_opened();
  void on_closed();
  template <class Change>
  void change_health(const Change& change);
  bool takes_turn_while_new(base::SteadyTime now);
  // None of its connections is to be used again.
  bool is_mistrusted(base::SteadyTime now) const { return mistrust_ && mistrust_->is_on(now); }

  // Of a probe.
  void on_upstream_connected() override;
  void on_upstream_readable() override {}
  void on_upstream_drained() override {}
  void on_upstream_failed(const Failure& failure) override;

  net::SocketAddress address_;
  std::string name_;
  std::uint64_t place_hash_;
  std::shared_ptr<const PoolOptions> options_;
  admin::WorkerCounters& counters_;
  IdleList<Connection> idle_;
  bool speaks_http2_;
  config::ProxyProtocol proxy_protocol_;
  std::uint32_t streams_max_ = http2::ClientSession::kStreamsMax;
  std::vector<std::unique_ptr<Http2Connection>> http2_;  // few: each carries many requests
  std::shared_ptr<tls::ClientContext> tls_;
  tls::SessionSlot tls_session_;
  EndpointHealth health_;
  Ejection ejection_;
  bool is_far_ = false;
  struct SlowStart {
    base::SteadyTime since{};         // its first turn
    std::int64_t turns_in_parts = 0;  // that it has not taken, see kPartsOfTurn
  };
  base::Rare<SlowStart> slow_start_;   // while it is new
  std::unique_ptr<Connection> probe_;  // while it connects
  base::Rare<Mistrust> mistrust_;      // since it first gave cause
  std::uint32_t requests_active_ = 0;
  std::uint32_t connections_open_ = 0;
  std::shared_ptr<std::size_t> open_of_cluster_{};  // nullptr: nobody counts
  bool retired_ = false;
};

}  // namespace proxy::upstream
