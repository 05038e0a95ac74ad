#include "base/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/broken_pipes.h"
#include "base/connection_roll.h"
#include "base/ip_text.h"
#include "base/listening_socket.h"
#include "base/served_connection.h"
#include "base/server_tls.h"

namespace base {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kLastWordsMax = std::chrono::seconds(2);
// So that a storm of connects does not hold up those that are served already.
constexpr int kAcceptsPerTurn = 32;
// Without descriptors: somebody may have closed one until then.
constexpr milliseconds kAcceptPause{200};
constexpr auto kLogPause = std::chrono::minutes(1);

using Id = ConnectionRoll::Id;
// Of epoll, beside the connections.
constexpr Id kListener = 0;
constexpr Id kWake = 1;
constexpr Id kFirstConnection = 2;

// Where answers from any thread wait for the server's own. Outlives the server.
class Mailbox {
 public:
  using Letters = std::vector<std::pair<Id, ServedAnswer>>;

  Mailbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  int wake_fd() const { return wake_.get(); }
  void wake() { ::eventfd_write(wake_.get(), 1); }
  void put(Id id, ServedAnswer answer) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    letters_.emplace_back(id, std::move(answer));
    wake();
  }
  Letters take_all() {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    const std::lock_guard lock(mutex_);
    return std::exchange(letters_, {});
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    letters_.clear();
  }

 private:
  const Descriptor wake_;
  std::mutex mutex_;
  Letters letters_;
  bool is_closed_ = false;
};

// The answer to one request, given at most once.
class Reply {
 public:
  Reply(std::shared_ptr<Mailbox> mailbox, Id id) : mailbox_(std::move(mailbox)), id_(id) {}
  ~Reply() { give({500, {}, ""}); }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void give(ServedAnswer answer) {
    if (!given_.exchange(true)) mailbox_->put(id_, std::move(answer));
  }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  const Id id_;
  std::atomic<bool> given_ = false;
};

bool somebody_waits_at(int listener) {
  pollfd polled{listener, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1;
}

HttpResponse stopping_answer() {
  return {503, {}, "the server is stopping\n"};
}

// What is logged of connections that were cut off: the first, and then a sum once a minute.
class CutOffLog {
 public:
  explicit CutOffLog(std::string server) : server_(std::move(server)) {}

  void note(const char* why, const std::string& ip, SteadyTime now) {
    ++count_;
    if (now < next_) return;
    next_ = now + kLogPause;
    spdlog::warn("{}: connections cut off since this was said last: {}; the last, from {}: {}",
                 server_, count_, ip, sentence(why));
    count_ = 0;
  }

 private:
  static std::string_view sentence(std::string_view why) {
    if (why == "made_room") return "all places were taken, and it had asked for nothing";
    if (why == "refused") return "all places were taken by others that are being served";
    if (why == "handshake") return "it did not finish its TLS handshake in time";
    if (why == "memory") return "requests that are not complete held too much, and its the most";
    if (why == "write") return "it did not take its answer in time";
    return "it did not send a whole request in time";
  }

  const std::string server_;
  std::size_t count_ = 0;
  SteadyTime next_{};
};

class EpollServer final : public HttpServer {
 public:
  EpollServer(Options options, Handler handler, ListeningSocket listener)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        port_(listener.port),
        listener_(std::move(listener.descriptor)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        roll_({options_.connections_max, options_.per_origin_max}),
        log_(options_.name) {
    if (options_.tls) tls_.emplace(options_.tls);
  }

  // False: errno says why.
  bool start() {
    if (!epoll_.is_open() || mailbox_->wake_fd() < 0) return false;
    if (!add(listener_.get(), kListener) || !add(mailbox_->wake_fd(), kWake)) return false;
    thread_ = std::thread([this] { run(); });
    return true;
  }

  ~EpollServer() override {
    is_stopping_ = true;
    mailbox_->wake();
    if (thread_.joinable()) thread_.join();
    mailbox_->close();
  }

  std::uint16_t port() const override { return port_; }

 private:
  struct Client {
    ServedConnection connection;
    std::uint32_t events = 0;  // that epoll knows
    SteadyTime deadline;       // that deadlines_ knows
    std::size_t held = 0;      // that held_ counts
  };
  using Clients = std::map<Id, Client>;

  bool add(int fd, Id id) { return tell_epoll(EPOLL_CTL_ADD, fd, id, EPOLLIN); }
  bool tell_epoll(int operation, int fd, Id id, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
  }

  void run();
  void turn(SteadyTime until);
  void on_event(const epoll_event& event, SteadyTime now);
  void accept_some(SteadyTime now);
  void accept_one(Descriptor descriptor, Peer peer, SteadyTime now);
  void end_unless_busy(Id id, SteadyTime now);
  void pause_accepting(SteadyTime now);
  void resume_accepting();
  void go_on(Clients::iterator client, SteadyTime now);
  void hand_over(Clients::iterator client);
  void deliver(SteadyTime now);
  void settle(Clients::iterator client);
  void shed_memory(SteadyTime now);
  void end_overdue(SteadyTime now);
  void cut_off(Id id, const char* why, SteadyTime now);
  void note_cut_off(const char* why, const std::string& ip, SteadyTime now);
  void remove(Clients::iterator client);
  SteadyTime next_deadline() const;
  void say_last_words();

  const Options options_;
  const Handler handler_;
  const std::uint16_t port_;
  Descriptor listener_;
  const Descriptor epoll_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::atomic<bool> is_stopping_ = false;

  // The thread's own.
  std::optional<ServerTls> tls_;
  ConnectionRoll roll_;
  Clients clients_;
  std::size_t held_ = 0;  // of all clients, in bytes
  std::set<std::pair<SteadyTime, Id>> deadlines_;
  Id next_id_ = kFirstConnection;
  SteadyTime accepts_again_ = SteadyTime::max();  // max: it accepts
  SteadyTime warns_again_{};
  CutOffLog log_;

  std::thread thread_;  // last: it uses the others
};

void EpollServer::run() {
  while (!is_stopping_) turn(next_deadline());
  say_last_words();
}

// One turn: what has happened until now, or the first thing that happens before the deadline.
void EpollServer::turn(SteadyTime until) {
  constexpr int kEventsPerTurn = 128;
  std::array<epoll_event, kEventsPerTurn> events;
  int wait = -1;
  if (until != SteadyTime::max()) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    wait = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, wait);
  const SteadyTime now = steady_clock::now();
  for (int i = 0; i < count; ++i) on_event(events[static_cast<std::size_t>(i)], now);
  deliver(now);
  end_overdue(now);
  if (now >= accepts_again_) resume_accepting();
}

void EpollServer::on_event(const epoll_event& event, SteadyTime now) {
  if (event.data.u64 == kWake) return;  // deliver() looks at each turn
  if (event.data.u64 == kListener) return accept_some(now);
  const auto client = clients_.find(event.data.u64);
  if (client == clients_.end()) return;  // it made room for another in this turn
  ServedConnection& connection = client->second.connection;
  if (connection.state() == ServedConnection::State::waiting) {
    connection.on_peer_gone();
    return settle(client);
  }
  go_on(client, now);
}

// ---- Who comes

void EpollServer::accept_some(SteadyTime now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Descriptor accepted(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.is_open()) {
      accept_one(std::move(accepted), peer_of(address), now);
      continue;
    }
    if (errno == EAGAIN) return;
    const bool is_out_of_descriptors =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    // The client was gone before we took it, or accept(2) hands on an error of its network.
    if (!is_out_of_descriptors) continue;
    // accept() takes a descriptor first, so it says so when nobody waits, too.
    if (!somebody_waits_at(listener_.get())) return;
    const auto leaver = roll_.leaver();
    if (!leaver) return pause_accepting(now);
    end_unless_busy(*leaver, now);
  }
}

void EpollServer::accept_one(Descriptor descriptor, Peer peer, SteadyTime now) {
  const Id id = next_id_++;
  while (!roll_.has_place_for(peer.origin)) {
    const auto leaver = roll_.leaver_for(peer.origin);
    if (!leaver) return note_cut_off("refused", peer.ip, now);
    end_unless_busy(*leaver, now);
  }
  roll_.admit(id, peer.origin);
  const int fd = descriptor.get();
  ServedConnection::MakeSsl make_ssl;
  if (tls_) make_ssl = [this] { return tls_->make_ssl(); };
  RequestReader::Limits limits;
  limits.body_bytes_max = options_.body_bytes_max;
  ServedConnection connection(std::move(descriptor), std::move(peer), std::move(make_ssl), limits,
                              options_.times, now);
  const SteadyTime deadline = connection.deadline();
  const std::uint32_t events = connection.wanted_events();
  const auto client =
      clients_.emplace(id, Client{std::move(connection), events, deadline, 0}).first;
  deadlines_.emplace(deadline, id);
  if (!tell_epoll(EPOLL_CTL_ADD, fd, id, events)) remove(client);
}

// One that was accepted in this turn has not been read yet, and its request may be there.
void EpollServer::end_unless_busy(Id id, SteadyTime now) {
  go_on(clients_.find(id), now);
  if (!roll_.is_busy(id)) cut_off(id, "made_room", now);
}

// The listener stays readable, so asking again at once would be a loop without a pause.
void EpollServer::pause_accepting(SteadyTime now) {
  if (now >= warns_again_) {
    warns_again_ = now + kLogPause;
    spdlog::warn("{}: there are no descriptors for newcomers; they wait", options_.name);
  }
  accepts_again_ = now + kAcceptPause;
  tell_epoll(EPOLL_CTL_MOD, listener_.get(), kListener, 0);
}

void EpollServer::resume_accepting() {
  accepts_again_ = SteadyTime::max();
  tell_epoll(EPOLL_CTL_MOD, listener_.get(), kListener, EPOLLIN);
}

// ---- Who is served

void EpollServer::go_on(Clients::iterator client, SteadyTime now) {
  ServedConnection& connection = client->second.connection;
  if (connection.go_on(now) == ServedConnection::State::waiting) {
    if (is_stopping_) {
      connection.answer(stopping_answer(), true, now);
    } else {
      hand_over(client);
    }
  }
  settle(client);
  shed_memory(now);
}

void EpollServer::hand_over(Clients::iterator client) {
  const auto reply = std::make_shared<Reply>(mailbox_, client->first);
  handler_(client->second.connection.take_request(),
           [reply](ServedAnswer answer) { reply->give(std::move(answer)); });
}

void EpollServer::deliver(SteadyTime now) {
  for (const auto& [id, answer] : mailbox_->take_all()) {
    const auto client = clients_.find(id);
    if (client == clients_.end()) continue;  // it has gone meanwhile
    // It has had its answer already, for the server is stopping.
    if (client->second.connection.state() != ServedConnection::State::waiting) continue;
    client->second.connection.answer(answer, is_stopping_, now);
    go_on(client, now);
  }
}

// Brings everything that knows of a connection in step with its state.
void EpollServer::settle(Clients::iterator client) {
  const Id id = client->first;
  ServedConnection& connection = client->second.connection;
  if (connection.state() == ServedConnection::State::over) return remove(client);
  if (connection.deadline() != client->second.deadline) {
    deadlines_.erase({client->second.deadline, id});
    client->second.deadline = connection.deadline();
    deadlines_.emplace(client->second.deadline, id);
  }
  held_ += connection.held_bytes() - client->second.held;
  client->second.held = connection.held_bytes();
  const std::uint32_t events = connection.wanted_events();
  if (events != client->second.events) {
    client->second.events = events;
    tell_epoll(EPOLL_CTL_MOD, connection.fd(), id, events);
  }
  using Standing = ConnectionRoll::Standing;
  const bool is_known = connection.is_known();
  switch (connection.state()) {
    case ServedConnection::State::waiting:
      return roll_.set_standing(id, Standing::busy);
    case ServedConnection::State::writing:
      // Who takes its time over a refusal has no claim to its place.
      return roll_.set_standing(id, is_known ? Standing::busy : Standing::stranger);
    default:
      return roll_.set_standing(id, is_known ? Standing::idle : Standing::stranger);
  }
}

// Whoever holds less than the mean stays, so each round gives back at least that much: looking
// through all of them was worth it.
void EpollServer::shed_memory(SteadyTime now) {
  while (held_ > options_.held_bytes_max) {
    const std::size_t mean = held_ / clients_.size();
    const auto blame = [mean](const Clients::value_type& entry) {
      const ServedConnection& connection = entry.second.connection;
      const std::size_t held = entry.second.held;
      const bool is_reading = connection.state() == ServedConnection::State::reading;
      return std::tuple(held >= mean, is_reading, !connection.is_known(), held);
    };
    const auto most =
        std::max_element(clients_.begin(), clients_.end(),
                         [&](const auto& a, const auto& b) { return blame(a) < blame(b); });
    cut_off(most->first, "memory", now);
  }
}

// ---- Who goes

SteadyTime EpollServer::next_deadline() const {
  const SteadyTime first = deadlines_.empty() ? SteadyTime::max() : deadlines_.begin()->first;
  return std::min(first, accepts_again_);
}

void EpollServer::end_overdue(SteadyTime now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const Id id = deadlines_.begin()->second;
    cut_off(id, clients_.at(id).connection.awaited(), now);
  }
}

void EpollServer::cut_off(Id id, const char* why, SteadyTime now) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  const std::string ip = client->second.connection.peer().ip;
  remove(client);
  note_cut_off(why, ip, now);
}

void EpollServer::note_cut_off(const char* why, const std::string& ip, SteadyTime now) {
  // These have what they wanted.
  if (std::string_view(why) == "idle" || std::string_view(why) == "end") return;
  if (options_.on_cut_off) options_.on_cut_off(why);
  log_.note(why, ip, now);
}

void EpollServer::remove(Clients::iterator client) {
  roll_.leave(client->first);
  deadlines_.erase({client->second.deadline, client->first});
  held_ -= client->second.held;
  clients_.erase(client);
}

// What is written when this returns, the kernel delivers.
void EpollServer::say_last_words() {
  listener_.reset();
  accepts_again_ = SteadyTime::max();
  const SteadyTime now = steady_clock::now();
  const SteadyTime end = now + kLastWordsMax;
  deliver(now);
  for (auto client = clients_.begin(); client != clients_.end();) {
    const auto next = std::next(client);
    ServedConnection& connection = client->second.connection;
    if (connection.state() == ServedConnection::State::waiting) {
      connection.answer(stopping_answer(), true, now);
      settle(client);
    }
    client = next;
  }
  const auto is_writing = [](const auto& entry) {
    return entry.second.connection.state() == ServedConnection::State::writing;
  };
  while (steady_clock::now() < end && std::any_of(clients_.begin(), clients_.end(), is_writing)) {
    turn(std::min(end, next_deadline()));
  }
  clients_.clear();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Options options, Handler handler) {
  ignore_broken_pipes();  // OpenSSL writes through write()
  auto listener = listen_on(options.address, options.port);
  if (!listener) return failure(std::move(listener.error()));
  auto server =
      std::make_unique<EpollServer>(std::move(options), std::move(handler), std::move(*listener));
  if (!server->start()) {
    return failure(ErrorKind::unavailable,
                   std::string("the HTTP server cannot start: ") + std::strerror(errno));
  }
  return server;
}

}  // namespace base
