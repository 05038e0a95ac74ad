#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/admin/held_text.h"
#include "proxy/admin/span_export.h"
#include "proxy/http/request_head.h"
#include "proxy/http/request_id.h"
#include "proxy/http/response_head.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/policy/client_certificate.h"
#include "proxy/policy/guards.h"
#include "proxy/policy/limits.h"
#include "proxy/policy/shape.h"
#include "proxy/policy/verdict.h"
#include "proxy/router/route_table.h"
#include "proxy/session/body_time.h"
#include "proxy/session/client.h"
#include "proxy/session/client_stay.h"
#include "proxy/session/date_text.h"
#include "proxy/session/downstream.h"
#include "proxy/session/gathered_bytes.h"
#include "proxy/session/password_checks.h"
#include "proxy/session/public_ports.h"
#include "proxy/session/serving.h"
#include "proxy/session/slow_bodies.h"
#include "proxy/session/tools.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/kept_message.h"
#include "proxy/upstream/piece.h"
#include "proxy/upstream/request_stream.h"
#include "proxy/upstream/request_streams.h"
#include "proxy/upstream/retry.h"

namespace proxy::policy {
class AuthCache;
}  // namespace proxy::policy

namespace proxy::session {

class AuthPlaces;
class InspectionGate;
class Mirrors;
class PasswordGate;

// The story of one request, told in one place: from its complete head, over the choice of what to
// do and the way to an endpoint and back, to its line in the access log. The codec that read the
// request owns it and feeds it; its worker keeps spent ones for the next request.
class Exchange final : private upstream::RequestStream::User, private net::TimerTarget {
 public:
  enum class Protocol : std::uint8_t { http1_0, http1_1, http2 };

  enum class Stage : std::uint8_t {
    reading,     // its head is not complete; nothing was decided
    guarded,     // a guard is finding out; no endpoint was chosen, and its body waits
    gathering,   // its body comes in, into kept_; no endpoint was chosen
    connecting,  // a connection is being made; what the client sent meanwhile waits in kept_
    requesting,  // the request goes out, or is out; the response's head is not complete
    responding,  // the response's body passes
    tunnel,      // after 101: bytes of a protocol that is not ours, both ways
    over,
  };

  // What it uses of its worker, all of which outlives it: beside the tools, and what it takes to
  // serve anything,
  struct Means : Tools, Serving {
    upstream::StreamSource& streams;
    // what guards need that have to find something out,
    struct Guarding {
      PasswordGate& passwords;
      InspectionGate& inspections;
      AuthPlaces& auth_places;
      policy::AuthCache& auth_cache;
    } guarding;
    // what bodies that wait, and copies, may take,
    GatheredShares& gathered_shares;
    SlowBodies& slow_bodies;
    Mirrors& mirrors;
    // and what is told of a request, or to its client.
    http::RequestIds& request_ids;
    admin::SpanExport::Spans& spans;
    DateText& date;
    const PublicPorts& ports;
  };

  // `means` itself outlives it, too.
  explicit Exchange(const Means& means);
  ~Exchange();

  // Filled in by the codec before begin(). Its views are used during begin() only.
  http::RequestHead& request() { return request_; }

  // The head is complete, and `piece` is what there is of the body; `last`: that is all of it.
  // Downstream may be called, and the exchange may be over, before this returns.
  void begin(const Client& client, Protocol protocol, Downstream& downstream,
             const upstream::Piece& piece, bool last);
  void on_request_body(const upstream::Piece& piece, bool last);
  // Lines of the request's trailer as they came, or a part of them; before the call that has the
  // last of the body.
  void add_request_trailer(std::string_view lines) { request_trailer_.append(lines); }
  // False: what the client sends next must wait until Downstream::want_request_body().
  bool wants_request_body() const;
  // True: what the client sends next may come by move_request(), once unsent_request() is 0.
  bool takes_moved_request() const;
  // What no endpoint has taken yet; while gathering there is none who could.
  std::size_t unsent_request() const { return stream_ == nullptr ? 0 : stream_->unsent(); }
  // Takes up to `size` bytes of the body or the tunnel, never the body's last ones, from the
  // client's socket itself. Nothing: it cannot now, and they must come by on_request_body().
  std::optional<net::IoResult> move_request(int socket, std::size_t size);
  // The client took what was waiting for it.
  void on_downstream_drained();
  // The client is gone, or its request broke: no more calls to Downstream. `reason` for the log.
  void abandon(std::string_view reason);
  // The request's head or body is not acceptable: answers when it still can, else breaks off.
  void refuse(int status, std::string_view reason);
  // For a request that never began: what there is to log of it, then the answer.
  void refuse_unread(const Client& client, Protocol protocol, Downstream& downstream, int status,
                     std::string_view reason);
  // For a request whose head never came to its end, and that nobody can be answered for: what there
  // is to log of it.
  void abandon_unread(const Client& client, Protocol protocol, std::string_view reason);
  // The client's side of a tunnel ended.
  void on_client_finished();

  Stage stage() const { return stage_; }
  bool is_tunnel() const { return stage_ == Stage::tunnel; }
  // How long its sides may be silent then.
  std::chrono::milliseconds tunnel_idle() const;
  // A gRPC call: both sides may say something or nothing for as long as it takes.
  bool is_call() const { return is_grpc_ && stream_ != nullptr && stream_->speaks_http2(); }

  // Ready for another request. What a large one took is given back.
  void reset();
  // The memory of one that is ready.
  std::size_t kept_bytes() const;

 private:
  // ---- exchange.cpp: what to do
  void remember_for_log(const Client& client, Protocol protocol);
  Client told_client(const Client& peer);
  void begin_for(const Client& client, Protocol protocol, const upstream::Piece& piece, bool last);
  void decide(const Client& client, const upstream::Piece& piece, bool last);
  bool is_misdirected(const Client& client) const;
  void follow(const Client& client, const router::Decision& decision, const upstream::Piece& piece,
              bool last);
  bool passes_guards(const Client& client, const router::Decision& decision,
                     const upstream::Piece& piece, bool is_preflight);
  policy::Presented presented_by(const Client& client) const;
  void refuse_as(const policy::Verdict& verdict, const Client& client);
  policy::Verdict ask_guards(const Client& client, const router::Decision& decision,
                             bool is_preflight, policy::OpenQuestion& question);
  void take_shape(const router::Target& target, const Client& client);
  void note_introduction();
  void send_answer(http::Answer answer);
  void answer(int status, std::string_view reason);
  void answer(http::Answer answer, std::string_view reason);
  void answer_preflight();
  void answer_as_last();
  void answer_nothing();
  void redirect(const Client& client);
  void redirect(const Client& client, const config::Redirection& to);
  void answer_page(const config::FixedPage& page, std::string_view reason);
  void answer_challenge(const std::string& key_authorization);
  void finish();
  static std::string_view protocol_text(Protocol protocol);
  void log();
  void write_line(std::chrono::microseconds duration);

  // ---- exchange_guard.cpp: what a guard needs time for
  struct Suspended;
  std::string_view shown_authorization();
  void hide_authorization();
  const policy::CredentialsDigest* wrong_credentials() const;
  void suspend(const Client& client, const policy::OpenQuestion& question,
               const router::Target& target, const upstream::Piece& piece);
  void keep_head(const Client& client);
  bool ask_for_hash(const policy::PasswordQuestion& question);
  struct AuthTarget;
  AuthTarget auth_target_for(const policy::ExternalAuth& auth, const Client& client);
  void note_answer(policy::AuthAnswers::Asked asked, policy::AuthAnswer answer);
  bool recall_answer(const Client& client, const policy::ExternalAuth& auth);
  bool ask_auth_server(const policy::ExternalAuth& auth);
  void wait_with_body(const upstream::Piece& piece);
  bool hold_guarded();
  void hold_until_taken();
  void stop_waiting() {
    if (suspended_ != nullptr || response_guard_ != nullptr) drop_what_waits();
  }
  void drop_what_waits();
  void on_password_checked(PasswordChecks::Outcome outcome);
  void on_auth_answered(policy::AuthAnswer answer);
  void decide_again();
  policy::RequestWords words_of(const Client& client, std::string_view host);
  void answer_as_told(const Client& client, const policy::Verdict& verdict);
  void take_over_from(const policy::ExternalAuth& auth);
  bool sets_granted_cookies() const;
  void set_granted_cookies(std::vector<http::Field>& fields) const;

  // ---- exchange_firewall.cpp: what is inspected before it goes on
  bool is_call_to(const router::Target& target) const;
  void begin_inspection(policy::Inspections::Settings settings, const router::Target& target,
                        const upstream::Piece& piece);
  void gather_for_inspection();
  void inspect();
  void conclude_soon(policy::Inspection inspection);
  void on_guard_timer();
  void on_inspected(policy::Inspection inspection);
  void conclude(policy::Inspection inspection);
  void take_body_back(bool is_looked_at);
  void note_inspection(const config::Firewall& settings, const policy::Inspection& inspection,
                       bool passes, bool is_of_response);

  // ---- exchange_response_guard.cpp: what is inspected before it is sent
  struct ResponseGuard;
  void guard_response(const policy::Inspections::Settings& settings);
  void ask_for_readable_response(std::vector<http::Field>& fields) const;
  bool holds_response() const;
  void meet_response();
  void begin_holding_response(const http::ResponseHead& head);
  void guard_response_body(const upstream::Piece& piece, bool last);
  void guard_response_end(std::vector<http::Field> trailer);
  void complete_held_response();
  void go_on_guarding();
  void inspect_response(bool is_endpoints_turn);
  void on_response_guard_timer();
  void on_response_guard_turn();
  void conclude_response(policy::Inspection inspection, bool is_endpoints_turn);
  void refuse_response(const policy::Verdict& verdict);
  void drop_response();
  void send_held_response(bool is_endpoints_turn);
  void end_held_response();

  // ---- exchange_trace.cpp: the trace that it is part of
  void trace(const Client& client, config::Tracing tracing);
  void tell_span(std::chrono::microseconds duration);

  // ---- exchange_forward.cpp: the way to an endpoint and back
  void forward(const Client& client, const router::Target& target, const upstream::Piece& piece,
               bool last);
  void pass_request_body(const upstream::Piece& piece, bool last);
  std::uint32_t choose_cluster(const router::Target& target);
  bool rewrite(const router::Target& target);
  void remember_sticky(const Client& client, const config::StickyCookie& cookie);
  void remember_client(const Client& client, const config::StickyCookie& cookie);
  std::string cookie_attributes(const Client& client, const config::StickyCookie& cookie);
  void tell_sticky();
  std::optional<ClientStay> find_stay(const Client& client);
  std::string_view compose_head(const Client& client, const config::Policies& policies);
  std::string_view write_head(const Client& client, const config::Policies& policies,
                              const http::RequestHead& head);
  bool is_with_endpoint() const { return stream_ != nullptr; }
  void begin_gathering(const Client& client, std::string_view head, const upstream::Piece& piece);
  void gather(std::string_view bytes, bool last);
  void send_gathered();
  void send_what_came();
  void frame_gathered();
  void offer_with_gathered();
  void on_timer(net::Timer& timer) override;
  void keep_deadline();
  void end_at_deadline();
  void note_body(std::size_t bytes);
  void watch_client();
  std::string_view judged_request_trailer();
  std::shared_ptr<upstream::Endpoint> pick_endpoint();
  // What there is of the message before any of it was sent or kept.
  struct FirstPart {
    std::string_view head;
    upstream::Piece body;
  };
  void send_first(const FirstPart& first) { try_endpoints(&first); }
  void try_endpoints(const FirstPart* first = nullptr);
  upstream::StreamWishes stream_wishes() const;
  void begin_on_stream(const FirstPart* first);
  bool send_kept();
  upstream::Attempt attempt_so_far() const;
  bool passes_on(int status) const;
  void ask_another();
  bool may_ask_twice() const;
  unsigned refusals_max() const;
  void note_failure(const upstream::Failure& failure);
  bool may_connect_elsewhere() const;
  void detach(upstream::RequestStream::Use use);
  // How a response ends that has begun and cannot be completed.
  enum class Ending { broken_off, unavailable };
  void fail(const upstream::Failure& failure, Ending ending = Ending::broken_off);
  void end_as_unavailable(std::string_view reason);
  void end_call(std::string_view grpc_status, std::string_view reason);

  // ---- exchange_response.cpp: what comes back
  void take_final_head();
  void send_response_trailer(std::vector<http::Field> trailer);
  void complete_response();
  void give_stream_back();

  void on_stream_open() override;
  void on_interim_head(const http::ResponseHead& head, std::size_t bytes) override;
  void on_response_head(http::ResponseHead& head, bool last) override;
  void on_response_body(const upstream::Piece& piece, bool last) override;
  void on_response_end(std::vector<http::Field> trailer) override;
  void on_request_sent() override;
  void on_stream_failed(const upstream::Failure& failure,
                        upstream::RequestStream::Cause cause) override;
  bool may_let_in_more() const override;

  // ---- exchange_pace.cpp: as fast as the route lets it
  struct Paced;
  std::size_t room_for_response(bool moves) override;
  std::size_t room_for_client(bool moves);
  void on_pace_due();

  // ---- exchange_error_page.cpp: a page in place of an error
  struct ErrorPage;
  void prepare_error_page(const Client& client, const router::Target& target);
  bool is_asking_for_page() const;
  bool may_ask_for_page() const;
  bool replaces_with_page(int status) const;
  void ask_for_page_of_response();
  bool ask_for_page_of_failure(int status, std::string_view reason);
  void ask_for_page(int status, std::string_view reason, upstream::RequestStream::Use use);
  void begin_way_anew();
  void answer_for_endpoint(int status, std::string_view reason);
  void answer_without_endpoints();
  void answer_without_connection(int error);
  void note_page();

  // ---- exchange_mirror.cpp: a copy for somebody else
  void begin_mirror(const Client& client, const router::Target& target);
  void add_to_mirror(const upstream::Piece& piece);
  void hold_mirror();
  void send_mirror();

  // ---- exchange_move.cpp
  bool takes_moved_response() const override;
  std::optional<net::IoResult> move_response(int socket, std::size_t size) override;

  // ---- exchange_tunnel.cpp
  void add_websocket_key();
  bool is_refused_upgrade() const;
  void begin_tunnel(http::ResponseHead& head, const upstream::Piece& piece);
  void end_tunnel();

  const Means& means_;
  Downstream* downstream_ = nullptr;
  Stage stage_ = Stage::reading;

  // The request.
  http::RequestHead request_;
  // Behind a trusted proxy: what Client's views point to.
  std::string told_address_, forwarded_for_;
  bool request_chunked_ = false;  // towards the endpoint
  bool request_complete_ = false;
  bool is_idempotent_ = false;
  bool is_head_ = false;
  bool is_grpc_ = false;
  bool answers_call_ = false;  // the response that has begun is one of gRPC
  std::string offered_upgrade_;
  std::string websocket_key_;     // ours, for a client of HTTP/2
  policy::CountedIn counted_in_;  // by the limits of its guards
  std::uint64_t body_bytes_max_ = 0;
  // Of its route; nullptr: nothing is done to what is sent.
  std::shared_ptr<const policy::Shape> shape_;
  std::string origin_;     // for the shape: see policy::origin_of()
  bool is_https_ = false;  // likewise
  // While gathering or connecting: all that was taken from the client. On a connection that carried
  // others before, and over HTTP/2: the same, while it is little, for a retry to send again.
  upstream::KeptMessage kept_;
  bool is_unframed_ = false;  // while gathering: its head does not say how the body ends
  GatheredBytes gathered_;
  bool has_guarded_body_ = false;         // which is in gathered_ until an endpoint has taken it
  SlowBodies::Place slow_body_;           // while it is one at an endpoint that has not answered
  std::unique_ptr<Suspended> suspended_;  // while it is guarded
  // Of the guards that looked at it; nullptr: nothing.
  struct Granted {
    std::vector<std::string> cookies;  // of auth servers, for its response
    bool always = false;               // whatever becomes of it
    std::string user;                  // for the log
    std::string firewall;              // likewise: "detected", or why it was not inspected
    std::string rules;                 // likewise, of firewalls, that it matched: "942100,920350"
  };
  // What auth servers said of it, until it has passed them or was answered; nullptr: nothing.
  std::unique_ptr<policy::AuthAnswers> auth_answers_;
  Granted& granted();
  std::unique_ptr<Granted> granted_;
  net::Timer timer_{*this};               // of an inspection, or of gathering
  std::unique_ptr<net::Timer> deadline_;  // of a gRPC call whose client says how long it waits
  BodyTime body_time_;
  bool was_replayed_ = false;

  // The way to an endpoint.
  std::shared_ptr<upstream::Cluster> cluster_;
  std::shared_ptr<upstream::Endpoint> endpoint_;
  upstream::Cluster::Tried tried_;
  std::string proxy_header_;                   // that a connection begins with; mostly empty
  upstream::Cluster::Retrying retrying_;       // it had reached one, and is sent again
  std::shared_ptr<upstream::Endpoint> stale_;  // its pooled connection was dead
  upstream::RequestStream* stream_ = nullptr;  // it is released once
  unsigned moves_ = 0;                         // to another connection, before anything was sent
  unsigned refusals_ = 0;                      // by endpoints that had done nothing for it
  std::optional<config::NextUpstream> next_upstream_;  // of the route
  std::optional<std::uint64_t> hash_;                  // where what it asks for chooses
  // Where the cluster is to remember whom its client got.
  std::optional<policy::ClientPlaces::Key> stay_key_;
  // On a route with a sticky cookie: the endpoint that the client's cookie names, and what is to be
  // told to a client that gets another one, but for the value: name and attributes.
  std::shared_ptr<upstream::Endpoint> sticky_;
  std::string cookie_name_, cookie_attributes_;
  // The whole of it, of a client that has no name yet where the cookie names that; the response's
  // fields point to it.
  std::string set_cookie_;

  // Lines after the request's body. Judged, they are what the endpoint gets.
  admin::HeldText request_trailer_;
  bool request_trailer_is_judged_ = false;
  bool passes_request_trailer_ = true;

  std::unique_ptr<ErrorPage> error_page_;  // on a route that has them
  struct Mirrored;
  std::unique_ptr<Mirrored> mirrored_;  // on a route that has one, until it is sent
  std::unique_ptr<Paced> paced_;        // on a route with a pace
  // On a route whose firewall inspects responses, until one needs it no more.
  std::unique_ptr<ResponseGuard> response_guard_;

  // The response.
  http::ResponseHead* response_ = nullptr;  // its head, until that is sent on
  unsigned interim_heads_ = 0;
  bool was_upgraded_ = false;
  bool client_finished_ = false;  // tunnel

  // For the access log.
  base::WallTime began_at_;
  base::SteadyTime began_;
  base::SteadyTime responded_{};
  std::string log_text_;  // host, method, path and request id, one after the other
  std::size_t host_end_ = 0, method_end_ = 0, path_end_ = 0;
  // On a route that has traces; a request's field points to it.
  struct Traced {
    std::string traceparent;  // as the endpoint is told; empty: as the client said it
    std::string trace_id, parent_id, span_id;
    bool is_sampled = false;
    bool is_https = false;
  };
  std::unique_ptr<Traced> traced_;
  std::string_view client_address_, tls_version_;
  bool is_unlogged_ = false;  // by its route
  // What the client says of itself; nullptr: the form of its line has nothing of that.
  struct Introduction {
    std::string referer, user_agent;
  };
  std::unique_ptr<Introduction> introduction_;
  Protocol protocol_ = Protocol::http1_1;
  int status_ = 0;
  std::string reason_;
  std::uint64_t request_bytes_ = 0;
  std::uint64_t response_bytes_ = 0;
};

}  // namespace proxy::session
