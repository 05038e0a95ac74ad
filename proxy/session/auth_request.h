#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "proxy/config/network.h"
#include "proxy/http1/response_parser.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/policy/external_auth.h"
#include "proxy/session/held_text.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/retry.h"

namespace proxy::session {

class Worker;

// How many questions of one worker are under way: each holds its request and a connection. What
// finds no room is refused, and whoever asks closes. One worker's thread only.
class AuthPlaces {
 public:
  // Of one auth server: a slow one takes nothing from the others.
  static constexpr std::size_t kOfOneServerMax = 512;
  // Of one client address, IPv6 by /64, as for passwords: as many as a browser asks for at once
  // over HTTP/2.
  static constexpr std::size_t kOfOneClientMax = 128;
  // What requests that wait for one server hold, heads and bodies: a quarter of what there is for
  // all that waits (Options::gathered_bytes_max).
  static constexpr std::size_t kBytesOfOneServerMax = 4u << 20;

  // Given back when it is destroyed.
  class Place {
   public:
    Place(AuthPlaces& places, const upstream::Cluster* server, const config::IpAddress& client)
        : places_(&places), server_(server), client_(client) {}
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)),
          server_(other.server_),
          client_(other.client_),
          held_(other.held_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->leave(*this);
    }
    // Its request holds this much now. False: all that wait for this server hold too much.
    bool hold(std::size_t bytes);

   private:
    friend class AuthPlaces;
    AuthPlaces* places_;
    const upstream::Cluster* server_;
    config::IpAddress client_;
    std::size_t held_ = 0;
  };

  // Nothing: there is no room. The cluster must outlive the place.
  std::optional<Place> enter(const upstream::Cluster& server, std::string_view client_address);

 private:
  struct OfServer {
    std::size_t count = 0;
    std::size_t bytes = 0;
  };

  void leave(const Place& place);

  std::unordered_map<const upstream::Cluster*, OfServer> of_server_;
  std::map<config::IpAddress, std::size_t> of_client_;
};

// One question to an auth server: over the pool of its cluster, another endpoint where one does not
// connect, one head of an answer, of a bounded size and within a bounded time. The answer is taken
// when its head is here; a connection with more to come is not used again. Destroying it ends it.
class AuthRequest final : private upstream::Connection::User, private net::TimerTarget {
 public:
  class Waiter {
   public:
    // Once, in a later turn or event than begin(). The request may be destroyed by that.
    virtual void on_auth_answered(policy::AuthAnswer answer) = 0;

   protected:
    ~Waiter() = default;
  };

  // `question`: policy::ExternalAuth::question(). `preface`: what its connection begins with.
  AuthRequest(Worker& worker, std::shared_ptr<upstream::Cluster> cluster, AuthPlaces::Place place,
              policy::AuthAnswers::Asked asked, const std::string& question, std::string preface,
              Waiter& waiter);
  ~AuthRequest();
  AuthRequest(const AuthRequest&) = delete;
  AuthRequest& operator=(const AuthRequest&) = delete;

  // What waits for its answer holds this much. False: see AuthPlaces::Place::hold().
  bool hold(std::size_t bytes) { return place_.hold(bytes); }
  // Empty: it is under way. Else it failed at once, why is static text, and nobody is told.
  std::string_view begin();

 private:
  void on_upstream_connected() override;
  void on_upstream_readable() override;
  void on_upstream_drained() override {}
  void on_upstream_failed(const upstream::Failure& failure) override;
  void on_timer(net::Timer& timer) override;

  void try_endpoints(std::shared_ptr<upstream::Endpoint> endpoint);
  std::shared_ptr<upstream::Endpoint> pick_endpoint();
  upstream::Attempt attempt_so_far() const;
  void fail(const upstream::Failure& failure);
  bool is_stray_answer();
  void take(char* begin, char* end);
  bool is_whole(std::string_view body);
  void detach(std::chrono::milliseconds rest_max);
  void answer(policy::AuthAnswer answer);
  void give_up(std::string_view reason);

  Worker& worker_;
  std::shared_ptr<upstream::Cluster> cluster_;
  AuthPlaces::Place place_;
  const policy::AuthAnswers::Asked asked_;
  Waiter* waiter_;
  HeldText question_;
  std::string preface_;
  HeldText held_answer_;  // a part of its head
  bool is_beginning_ = true;
  std::string_view failed_;  // while it is beginning
  net::Timer timer_{*this};

  std::shared_ptr<upstream::Endpoint> endpoint_;
  std::shared_ptr<upstream::Endpoint> stale_;  // its pooled connection was dead
  upstream::Cluster::Tried tried_;
  std::unique_ptr<upstream::Connection> connection_;
  bool has_answer_begun_ = false;
  bool was_replayed_ = false;
  unsigned interim_heads_ = 0;
  http1::ResponseHead head_;
  http1::ResponseParser parser_;
};

}  // namespace proxy::session
