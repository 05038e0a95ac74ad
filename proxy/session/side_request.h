#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/admin/counters.h"
#include "proxy/admin/held_text.h"
#include "proxy/http1/response_parser.h"
#include "proxy/net/loop.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/session/buffers.h"
#include "proxy/session/reach.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/retry.h"

namespace proxy::session {

// One request beside those of clients: over the pool of its cluster, another endpoint where one
// does not connect, one head of an answer, of a bounded size and within a bounded time. A
// connection with more to come than a short body is not used again. Destroying it ends it. One
// worker's thread only.
class SideRequest final : private upstream::Connection::User, private net::TimerTarget {
 public:
  enum class Trouble {
    none,
    no_endpoints,
    speaks_http2,
    no_descriptors,
    unreachable,
    closed_early,
    malformed,
    timeout,
  };
  class Waiter {
   public:
    // One of these, once, in a later turn or event than begin(). The request may be destroyed by
    // that. What the head has is gone afterwards.
    virtual void on_answer_head(const http::ResponseHead& head) = 0;
    virtual void on_no_answer(Trouble trouble) = 0;

   protected:
    ~Waiter() = default;
  };
  // Whether an idle connection is closed for one of its own, when there is no room.
  enum class Haste { waited_for, by_the_way };

  // What it uses of its worker, all of which outlives it.
  struct Means {
    net::Loop& loop;
    admin::WorkerCounters& counters;
    Buffers& buffers;
    Reach& reach;
    const http1::Limits& response_limits;
  };

  // `text`: the whole request. `preface`: what its connection begins with. `method`: of that.
  SideRequest(const Means& means, std::shared_ptr<upstream::Cluster> cluster,
              std::string_view method, const std::string& text, std::string preface, Haste haste,
              Waiter& waiter);
  ~SideRequest();
  SideRequest(const SideRequest&) = delete;
  SideRequest& operator=(const SideRequest&) = delete;

  // none: it is under way. Else it failed at once, and nobody is told.
  Trouble begin();

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
  void give_up(Trouble trouble);

  Means means_;
  std::shared_ptr<upstream::Cluster> cluster_;
  const std::string method_;
  const Haste haste_;
  Waiter* waiter_;
  admin::HeldText text_;
  std::string preface_;
  admin::HeldText held_answer_;  // a part of its head
  bool is_beginning_ = true;
  Trouble failed_ = Trouble::none;  // while it is beginning
  net::Timer timer_{*this};

  std::shared_ptr<upstream::Endpoint> endpoint_;
  std::shared_ptr<upstream::Endpoint> stale_;  // its pooled connection was dead
  upstream::Cluster::Tried tried_;
  std::unique_ptr<upstream::Connection> connection_;
  bool has_answer_begun_ = false;
  bool was_replayed_ = false;
  unsigned interim_heads_ = 0;
  http::ResponseHead head_;
  http1::ResponseParser parser_;
};

}  // namespace proxy::session
