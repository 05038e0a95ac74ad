#include "proxy/session/passthrough_connection.h"

#include <cerrno>
#include <utility>

#include "proxy/reason/words.h"
#include "proxy/session/client_queues.h"
#include "proxy/session/client_stay.h"
#include "proxy/session/request_hash.h"
#include "proxy/session/tunnel_time.h"
#include "proxy/tls/client_hello.h"

namespace proxy::session {
namespace {

using net::IoResult;

// As nginx's stream module has them, for the access log: there is no answer that could carry one.
constexpr int kPassed = 200, kForbidden = 403, kBadGateway = 502, kUnavailable = 503;

constexpr std::string_view kDone = reason::done;

}  // namespace

PassthroughConnection::PassthroughConnection(const Means& means, ClientConnection& connection,
                                             std::string hello)
    : means_(means),
      connection_(connection),
      server_name_(tls::server_name_of(hello)),
      hello_(means.counters.held.request_copies),
      began_at_(means.loop.wall_now()),
      began_(means.loop.now()) {
  hello_.take_over(std::move(hello));
  means_.counters.passages.add();
  means_.counters.passages_open.add();
}

PassthroughConnection::~PassthroughConnection() {
  means_.counters.passages_open.subtract();
}

void PassthroughConnection::start() {
  // As with a request: what is under way may take what there is left.
  if (means_.standing.has_little_memory()) {
    end(kUnavailable, reason::memory_pressure);
    return;
  }
  const router::Passage* const passage = means_.live.snapshot->routes->find_passage(server_name_);
  if (passage == nullptr || passage->cluster == router::Target::kNoCluster) {
    end(kUnavailable, reason::no_cluster);
    return;
  }
  if (passage->guards != nullptr && !passes_guards(*passage->guards)) return;
  cluster_ = means_.clusters.at(passage->cluster);
  const config::Cluster& config = cluster_->config();
  if (cluster_->is_empty()) {
    end(kUnavailable, reason::no_endpoints);
    return;
  }
  if (config.tls || config.speaks_http2) {
    // TLS in TLS is nothing that an endpoint of ours could want.
    end(kUnavailable, reason::passthrough_is_not_plain);
    return;
  }
  const auto stay = find_stay(*cluster_, connection_.client().address, *means_.live.client_places,
                              means_.loop.now());
  if (stay) known_ = stay->endpoint;
  if (stay && known_ == nullptr) stay_key_ = stay->key;
  if (!config.hash_by.empty()) {
    hash_ = hash_of(config.hash_by,
                    {.path = {},
                     .query = {},
                     .client_address = stay ? stay->network : connection_.client().address,
                     .host = server_name_,
                     .fields = {}});
  }
  proxy_header_ = proxy_header_for(connection_.client(), config.proxy_protocol);
  try_endpoints();
}

// Of the kinds that need no request; passwords and other services let nobody pass.
bool PassthroughConnection::passes_guards(const policy::Guards& guards) {
  policy::OpenQuestion question;
  const policy::Asker asker{.address = connection_.client().address,
                            .now = means_.loop.now(),
                            .limits = means_.live.limits.get(),
                            .counted = &counted_in_};
  const policy::Verdict verdict = guards.check(asker, question, means_.scratch.credentials);
  if (!verdict.passes()) end(verdict.status == 0 ? kForbidden : verdict.status, verdict.reason);
  return verdict.passes();
}

// ---- The way to an endpoint

std::shared_ptr<upstream::Endpoint> PassthroughConnection::pick_endpoint() {
  return means_.reach.pick_endpoint(
      *cluster_, {.tried = tried_, .sticky = known_, .hash = hash_, .keeps_limits = true});
}

void PassthroughConnection::try_endpoints() {
  if (!means_.reach.may_connect(*cluster_)) {
    end(kUnavailable, reason::no_descriptors);
    return;
  }
  int error = 0;
  while (auto endpoint = pick_endpoint()) {
    tried_.push_back(endpoint);
    upstream_ = upstream::Connection::connect(means_.loop, endpoint, *this,
                                              cluster_->config().connect_timeout, proxy_header_);
    if (upstream_ != nullptr) {
      endpoint_ = std::move(endpoint);
      endpoint_->request_begins();
      return;
    }
    error = errno;
    means_.counters.upstream_failures.add(net::connect_failure_reason(error));
  }
  if (error == 0) {
    end(kUnavailable, reason::endpoints_busy);
  } else {
    end(kBadGateway, net::connect_failure_reason(error));
  }
}

void PassthroughConnection::detach() {
  if (upstream_ == nullptr) return;
  endpoint_->request_ends();
  upstream::Connection::close(std::move(upstream_));
}

void PassthroughConnection::on_upstream_connected() {
  state_ = State::passing;
  status_ = kPassed;
  tried_.clear();
  if (stay_key_) {
    note_stay(*stay_key_, *endpoint_, *means_.live.client_places, means_.loop.now());
  }
  net::keep_alive(connection_.channel().fd());
  const std::string hello = hello_.take();
  client_bytes_ += hello.size();
  means_.counters.passage_bytes_to_endpoints.add(hello.size());
  upstream_->write(hello);
  note_progress();
  pass_to_endpoint();
}

void PassthroughConnection::on_upstream_failed(const upstream::Failure& failure) {
  means_.counters.upstream_failures.add(failure.reason);
  if (state_ != State::connecting || !cluster_->has_untried(tried_, endpoint_.get())) {
    end(failure.status, failure.reason, state_ == State::passing);
    return;
  }
  detach();
  means_.counters.upstream_retries.add();
  try_endpoints();
}

// ---- Bytes both ways. What one side has not taken yet bounds what is read from the other; a pipe
// is filled when nothing waits before it, so the order of bytes is kept.

void PassthroughConnection::on_readable() {
  pass_to_endpoint();
}

void PassthroughConnection::on_upstream_drained() {
  watch_endpoint();
  if (!end_if_done()) pass_to_endpoint();
}

void PassthroughConnection::pass_to_endpoint() {
  net::TurnBudget budget;
  channel::Channel& channel = connection_.channel();
  while (state_ == State::passing && !client_finished_ && channel.is_readable()) {
    const bool moves = client_flow_.movable(net::Flow::kEndless) > 0;
    if (upstream_->unsent() > (moves ? 0 : means_.options.unsent_bytes_high)) break;
    if (budget.is_spent() || (client_flow_.is_bulk() && means_.loop.is_late())) {
      means_.resume_soon(connection_);
      break;
    }
    const IoResult taken = take_from_client(budget);
    if (taken.kind == IoResult::Kind::failed) {
      end(kPassed, reason::client_reset, true);
      return;
    }
    if (taken.kind == IoResult::Kind::closed) {
      client_finished_ = true;
      upstream_->finish_sending();
      if (end_if_done()) return;
      note_progress();
    }
    if (taken.kind != IoResult::Kind::done) continue;
    client_bytes_ += taken.bytes;
    means_.counters.passage_bytes_to_endpoints.add(taken.bytes);
    note_progress();
  }
  watch_endpoint();
}

IoResult PassthroughConnection::take_from_client(net::TurnBudget& budget) {
  channel::Channel& channel = connection_.channel();
  if (const std::size_t movable = client_flow_.movable(net::Flow::kEndless); movable > 0) {
    const auto moved = upstream_->move_from(channel.fd(), movable, means_.buffers.pipes);
    if (moved) {
      channel.note_taken(moved->kind);
      client_flow_.note_moved(moved->bytes);
      budget.spend_moved(moved->bytes);
      means_.counters.moved_bytes.add(moved->bytes);
      return *moved;
    }
    client_flow_.stop();
  }
  Buffers::Area& area = means_.buffers.client;
  const IoResult got = connection_.read(area.begin(), area.capacity(), budget);
  if (got.kind != IoResult::Kind::done) return got;
  budget.spend(net::TurnBudget::Unit::chunk, 1);
  client_flow_.note_read(got.bytes);
  upstream_->write({area.begin(), got.bytes});
  return got;
}

void PassthroughConnection::on_upstream_readable() {
  pass_to_client();
}

void PassthroughConnection::on_drained() {
  watches_client_ = false;
  note_progress();
  if (!end_if_done()) pass_to_client();
}

void PassthroughConnection::pass_to_client() {
  net::TurnBudget budget;
  const channel::Channel& channel = connection_.channel();
  while (state_ == State::passing && !endpoint_finished_ && upstream_->is_readable()) {
    const bool moves = endpoint_flow_.movable(net::Flow::kEndless) > 0;
    if (channel.unsent() > (moves ? 0 : means_.options.unsent_bytes_high)) break;
    if (budget.is_spent() || (endpoint_flow_.is_bulk() && means_.loop.is_late())) {
      means_.resume_soon(*upstream_);
      break;
    }
    const IoResult taken = take_from_endpoint(budget);
    if (taken.kind == IoResult::Kind::failed) {
      end(kPassed, reason::upstream_reset, true);
      return;
    }
    if (taken.kind == IoResult::Kind::closed) {
      endpoint_finished_ = true;
      connection_.channel().finish();
      if (end_if_done()) return;
      note_progress();
    }
    if (taken.kind != IoResult::Kind::done) continue;
    endpoint_bytes_ += taken.bytes;
    means_.counters.passage_bytes_to_clients.add(taken.bytes);
    note_progress();
  }
}

IoResult PassthroughConnection::take_from_endpoint(net::TurnBudget& budget) {
  if (const std::size_t movable = endpoint_flow_.movable(net::Flow::kEndless); movable > 0) {
    const auto moved = connection_.move_from(upstream_->socket(), movable);
    if (moved) {
      if (moved->broken) means_.clients.close_soon(connection_);
      IoResult taken = moved->taken;
      taken.kind = upstream_->note_taken(taken.kind);
      endpoint_flow_.note_moved(taken.bytes);
      budget.spend_moved(taken.bytes);
      means_.counters.moved_bytes.add(taken.bytes);
      return taken;
    }
    endpoint_flow_.stop();
  }
  Buffers::Area& area = means_.buffers.upstream;
  const IoResult got = upstream_->read(area.begin(), Buffers::kReadBytes, budget);
  if (got.kind != IoResult::Kind::done) return got;
  budget.spend(net::TurnBudget::Unit::chunk, 1);
  endpoint_flow_.note_read(got.bytes);
  connection_.write({area.begin(), got.bytes});
  return got;
}

// ---- Time: who owes nothing may be silent for as long as a tunnel's sides may. Who has yet to
// take what waits for it may only for as long as with a request or a response, and so may the one
// that is left when the other is done.

void PassthroughConnection::note_progress() {
  const Timeouts& timeouts = means_.options.timeouts;
  if (connection_.channel().unsent() == 0) {
    watches_client_ = false;
    // In TLS hardly anybody goes on for long when the other side is done, and most are gone.
    const bool is_ending = client_finished_ || endpoint_finished_;
    connection_.arm(is_ending ? timeouts.body_idle : tunnel_idle(timeouts, cluster_->config()));
  } else if (!std::exchange(watches_client_, true)) {
    connection_.watch_sending(timeouts.body_idle);
  }
}

void PassthroughConnection::watch_endpoint() {
  using Waiting = upstream::Connection::Waiting;
  if (state_ != State::passing) return;
  const bool owes = upstream_->unsent() > 0;
  upstream_->wait(owes ? Waiting::to_send : Waiting::none, cluster_->config().send_timeout);
}

void PassthroughConnection::on_timeout() {
  if (!watches_client_) {
    end(kPassed, reason::passthrough_idle);
  } else if (connection_.has_stalled(means_.options.timeouts.body_idle)) {
    end(kPassed, reason::client_send_timeout, true);
  }
}

// ---- The end

bool PassthroughConnection::end_if_done() {
  if (state_ != State::passing) return true;
  if (!client_finished_ || !endpoint_finished_) return false;
  if (connection_.channel().unsent() > 0 || upstream_->unsent() > 0) return false;
  end(kPassed, kDone);
  return true;
}

void PassthroughConnection::end(int status, std::string_view reason, bool reset) {
  if (state_ == State::over) return;
  if (status_ == 0) status_ = status;
  reason_ = reason;
  connection_.close("passthrough", reset);
}

void PassthroughConnection::on_closed(const char* reason) {
  if (state_ == State::over) return;
  state_ = State::over;
  if (reason_.empty()) reason_ = reason;
  detach();
  means_.counters.passages_ended.add(reason_);
  counted_in_.leave();
  log();
}

void PassthroughConnection::log() {
  if (!means_.access_lines.are_wanted()) return;
  const Client& client = connection_.client();
  const auto taken = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began_);
  means_.access_lines.add({
      .time = began_at_,
      .client = client.address,
      .host = server_name_,
      .protocol = "TLS passthrough",
      .status = status_,
      .request_bytes = client_bytes_,
      .response_bytes = endpoint_bytes_,
      .duration = taken,
      .upstream = endpoint_ == nullptr ? std::string_view() : std::string_view(endpoint_->name()),
      .reason = reason_ == kDone ? std::string_view() : std::string_view(reason_),
  });
}

}  // namespace proxy::session
