#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/admin/held_text.h"
#include "proxy/net/flow.h"
#include "proxy/net/turn_budget.h"
#include "proxy/policy/client_places.h"
#include "proxy/policy/limits.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/protocol.h"
#include "proxy/session/serving.h"
#include "proxy/session/tools.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/connection.h"

namespace proxy::session {

class ClientQueues;

// A client whose TLS ends at an endpoint: its bytes pass as they are, both ways, each until its
// side has said all, inside the kernel while there are many. Endpoints are tried until one
// connects; after that nothing is sent again. Its ClientConnection owns it; its worker's thread.
class PassthroughConnection final : public Protocol, private upstream::Connection::User {
 public:
  // What it uses of its worker, all of which outlives it: the tools, what it takes to serve
  // anything, and the queue of those that are to be closed.
  struct Means : Tools, Serving {
    ClientQueues& clients;
  };

  // `means` itself outlives it, too. `hello`: what the client has sent so far, a whole ClientHello
  // at least.
  PassthroughConnection(const Means& means, ClientConnection& connection, std::string hello);
  ~PassthroughConnection() override;

  // Chooses where it goes. The connection may be closed when this returns.
  void start();

  void on_readable() override;
  void on_drained() override;
  void on_timeout() override;
  void on_closed(const char* reason) override;
  // It goes on until its sides are done, or tunnels are closed.
  void begin_drain() override {}
  bool is_tunnel() const override { return true; }
  // Not once only the endpoint has something to say, and nobody is there to hear it.
  bool reads_to_the_end() const override {
    return state_ == State::passing && (!client_finished_ || endpoint_finished_);
  }

 private:
  enum class State : std::uint8_t {
    connecting,  // no endpoint has been connected to; what the client sent is in hello_
    passing,
    over,
  };

  bool passes_guards(const policy::Guards& guards);
  std::shared_ptr<upstream::Endpoint> pick_endpoint();
  void try_endpoints();
  void detach();
  void end(int status, std::string_view reason, bool reset = false);
  void pass_to_endpoint();
  void pass_to_client();
  net::IoResult take_from_client(net::TurnBudget& budget);
  net::IoResult take_from_endpoint(net::TurnBudget& budget);
  void note_progress();
  void watch_endpoint();
  bool end_if_done();
  void log();

  void on_upstream_connected() override;
  void on_upstream_readable() override;
  void on_upstream_drained() override;
  void on_upstream_failed(const upstream::Failure& failure) override;

  const Means& means_;
  ClientConnection& connection_;
  State state_ = State::connecting;
  std::string server_name_;
  admin::HeldText hello_;     // until an endpoint has it
  std::string proxy_header_;  // that a connection begins with; mostly empty
  policy::CountedIn counted_in_;

  std::shared_ptr<upstream::Cluster> cluster_;
  std::shared_ptr<upstream::Endpoint> endpoint_;
  upstream::Cluster::Tried tried_;
  std::optional<std::uint64_t> hash_;
  std::shared_ptr<upstream::Endpoint> known_;          // that its client had; nullptr: none
  std::optional<policy::ClientPlaces::Key> stay_key_;  // whom it gets is to be remembered
  std::unique_ptr<upstream::Connection> upstream_;

  net::Flow client_flow_, endpoint_flow_;  // of what these send
  bool client_finished_ = false, endpoint_finished_ = false;
  bool watches_client_ = false;  // it has yet to take what waits for it

  // For the access log.
  base::WallTime began_at_;
  base::SteadyTime began_;
  int status_ = 0;
  std::string reason_;
  std::uint64_t client_bytes_ = 0, endpoint_bytes_ = 0;  // that these sent
};

}  // namespace proxy::session
