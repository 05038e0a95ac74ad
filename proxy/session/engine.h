#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/admin/access_log.h"
#include "proxy/admin/counters.h"
#include "proxy/control/snapshot.h"
#include "proxy/net/socket_address.h"
#include "proxy/session/inspectors.h"
#include "proxy/session/live_state.h"
#include "proxy/session/memory_watermark.h"
#include "proxy/session/options.h"
#include "proxy/session/password_checks.h"
#include "proxy/session/ticket_rotation.h"
#include "proxy/session/worker.h"

namespace proxy::session {

struct EngineSettings {
  Options options;
  std::size_t workers = 1;
  // The process' limit on open files, which bounds options.connections_max, pipes_max and
  // endpoint_connections_max; 0: it is no concern.
  std::size_t open_files_max = 0;
  std::optional<net::SocketAddress> http;   // nothing: no such listener
  std::optional<net::SocketAddress> https;  // port 0 picks a free one
  // Each connection to these begins with a PROXY header; see ProxyHeader. Without it one may where
  // the configuration says so.
  bool proxy_protocol = false;
  // Another process listens on these ports, too, and is about to stop: the kernel gives new clients
  // to either (SO_REUSEPORT), until that one has closed its own.
  bool shares_ports = false;
  // The same without it: for those who come by no balancer, as the operator does.
  std::optional<net::SocketAddress> direct_http, direct_https;
  // What tells the engine how late it is, and how often it looks there for what is due once an
  // hour. Tests move one of their own, which outlives the engine; nullptr: the system's.
  const base::Clock* clock = nullptr;
  std::chrono::milliseconds looks_at_clock_every{60'000};
};

// Which of these loops has not begun a turn for too long, by what each said last (0: it has not
// begun at all yet). Nothing: none.
std::optional<std::size_t> find_stuck_loop(const std::vector<std::int64_t>& last_ticks_millis,
                                           std::int64_t now_millis);

// All workers, each on a thread of its own, and what they are told together. Its own calls may come
// from any thread.
class Engine final : public control::ConfigSink {
 public:
  // Takes its addresses at once; the ports open when the first publish() is live in every worker.
  // `access_log` and `spans` (nullptr: nobody wants any) outlive the engine. The error names the
  // address that could not be bound.
  static base::Result<std::unique_ptr<Engine>> start(const EngineSettings& settings,
                                                     admin::AccessLog& access_log,
                                                     admin::SpanExport* spans = nullptr);
  // Stops at once, with whatever is under way.
  ~Engine() override;

  base::Status publish(std::shared_ptr<const control::Snapshot> snapshot) override;
  // Until they are given, and when none were for two hours, the engine makes its own each hour.
  base::Status use_ticket_keys(const std::vector<std::string>& newest_first) override;
  void on_proxies(std::uint32_t count) override { limits_->share_among(count); }
  void on_refused() override;
  void on_incomplete(std::string problem) override;

  // How much memory is used now: near the limit new work is sent away.
  void note_memory(const MemoryUse& use);

  std::uint16_t http_port() const { return doors_[0].port; }  // 0: no such listener
  std::uint16_t https_port() const { return doors_[1].port; }
  std::uint16_t direct_http_port() const { return doors_[2].port; }
  std::uint16_t direct_https_port() const { return doors_[3].port; }

  // A first configuration is live, all that it asks for is served, and nobody has asked to drain.
  base::Status ready() const;
  // Every loop has ticked shortly before `now`.
  base::Status alive(base::SteadyTime now = std::chrono::steady_clock::now()) const;
  std::string metrics_text() const;

  // How long a graceful stop may take: first connections are still accepted for `grace`, while
  // ready() fails and clients are told to go elsewhere; then those that are there have `deadline`
  // to finish. In its last part WebSockets are closed, a share at a time.
  struct Drain {
    std::chrono::milliseconds grace{10'000};
    std::chrono::milliseconds deadline{30'000};
    // Where the ports are shared: so long new clients go to the other process, before ours close.
    // A handshake that had begun takes as long as the way to the client and back.
    std::chrono::milliseconds handshakes{1'000};
  };
  // Blocks until all connections ended, the deadline is over, or `stop`. Returns how many
  // connections were left.
  std::size_t drain(const Drain& drain, const std::stop_token& stop);

 private:
  Engine(const EngineSettings& settings, admin::AccessLog& access_log, admin::SpanExport* spans)
      : settings_(settings),
        access_log_(access_log),
        spans_(spans),
        passwords_(settings.options.passwords),
        inspectors_(settings.options.inspectors) {}
  void share_descriptors();
  base::Status check_is_ours(const net::SocketAddress& address) const;
  void prepare_firewall(const control::Snapshot& next);
  void decide_who_is_trusted(const config::ProxyConfig& config, LiveState& next) const;
  void decide_about_headers(const config::ProxyConfig& config, LiveState& next) const;
  base::Status bind_ports();
  base::Status open_ports();
  base::Status start_workers();
  void follow_clock(const std::stop_token& stop);
  void rotate_ticket_keys();
  std::size_t open_connections() const;
  void hand_over_ports(const Drain& drain, const std::stop_token& stop);

  EngineSettings settings_;
  const base::SystemClock system_clock_{};
  const base::Clock& clock_ = settings_.clock == nullptr ? system_clock_ : *settings_.clock;
  admin::AccessLog& access_log_;
  admin::SpanExport* const spans_;
  PasswordChecks passwords_;
  Inspectors inspectors_;
  std::vector<std::unique_ptr<Worker>> workers_;
  // A port that is listened on.
  struct Door {
    Entrance entrance;
    std::uint16_t port = 0;
    // One per worker, bound; empty once the ports are open. Only publish() uses them then.
    std::vector<net::Fd> listeners{};
    int first_listener = -1;  // open ports only: the first worker's, until it drains
  };
  std::array<Door, 4> doors_;  // http, https, and both without PROXY header

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  LiveState live_;  // what was published last
  const std::shared_ptr<policy::LimitTables> limits_ = std::make_shared<policy::LimitTables>();
  const std::shared_ptr<policy::ClientPlaces> client_places_ =
      std::make_shared<policy::ClientPlaces>();
  std::shared_ptr<const tls::TicketKeys> ticket_keys_;
  TicketRotation ticket_rotation_{clock_.steady_now()};
  bool wants_firewall_ = false;        // some configuration had one; publish() only
  bool wants_response_rules_ = false;  // likewise, that inspects responses
  std::uint64_t applied_ = 0;
  std::uint64_t refused_ = 0;
  std::string incomplete_;  // see ConfigSink::on_incomplete()
  bool draining_ = false;
  MemoryUse memory_;
  MemoryWatermark watermark_;

  std::vector<std::jthread> threads_;
  std::jthread hourly_;
};

}  // namespace proxy::session
