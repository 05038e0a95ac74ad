#include "proxy/admin/admin_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <list>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/listening_socket.h"
#include "base/metrics.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"

namespace proxy::admin {
namespace {

using base::Descriptor;
using http1::RequestParser;
using SteadyClock = std::chrono::steady_clock;

std::string answer_text(const http::Answer& answer) {
  std::string text(http1::answer_bound(answer), '\0');
  text.resize(http1::write_answer(answer, text));
  return text;
}

// What to say to a whole request head.
std::string answer_to(const http::RequestHead& head, const AdminServer::Pages& pages) {
  http::Answer answer;
  answer.keep_alive = false;
  answer.head_method = head.method == http::Method::head;
  std::string body;
  const auto say_status = [&](const base::Status& status) {
    answer.status = status ? 200 : 503;
    body = status ? "ok\n" : status.error().message + "\n";
  };
  if (head.method != http::Method::get && head.method != http::Method::head) {
    answer.status = 405;
    answer.allow = "GET, HEAD";
    body = "only GET and HEAD\n";
  } else if (head.path == "/livez") {
    say_status(pages.alive());
  } else if (head.path == "/readyz") {
    say_status(pages.ready());
  } else if (head.path == "/metrics") {
    answer.status = 200;
    answer.content_type = base::kPrometheusContentType;
    body = pages.metrics();
  } else {
    answer.status = 404;
    body = "there are /livez, /readyz and /metrics\n";
  }
  answer.body = body;
  return answer_text(answer);
}

// One request and its answer.
class Connection {
 public:
  static constexpr std::chrono::seconds kTime{5};

  explicit Connection(Descriptor descriptor)
      : descriptor_(std::move(descriptor)), deadline_(SteadyClock::now() + kTime) {}

  int descriptor() const { return descriptor_.get(); }
  short events() const { return out_.empty() ? POLLIN : POLLOUT; }
  SteadyClock::time_point deadline() const { return deadline_; }

  // False: it is over.
  bool go_on(const AdminServer::Pages& pages) { return out_.empty() ? read(pages) : write(); }

 private:
  static constexpr http1::Limits kLimits{
      .request_line_bytes_max = 1024, .head_bytes_max = 8192, .fields_max = 64};

  bool read(const AdminServer::Pages& pages) {
    std::array<char, 4096> bytes;
    const ssize_t got = ::recv(descriptor_.get(), bytes.data(), bytes.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    in_.append(bytes.data(), static_cast<std::size_t>(got));
    switch (parser_.parse(in_, head_)) {
      case RequestParser::Outcome::needs_more:
        return true;
      case RequestParser::Outcome::complete:
        out_ = answer_to(head_, pages);
        break;
      case RequestParser::Outcome::failed: {
        const std::string body = std::string(http::reason_of(parser_.failure())) + "\n";
        http::Answer answer;
        answer.status = http::status_of(parser_.failure());
        answer.body = body;
        answer.keep_alive = false;
        out_ = answer_text(answer);
        break;
      }
    }
    return write();
  }

  bool write() {
    const ssize_t sent =
        ::send(descriptor_.get(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    written_ += static_cast<std::size_t>(sent);
    return written_ < out_.size();
  }

  Descriptor descriptor_;
  SteadyClock::time_point deadline_;
  std::string in_;
  RequestParser parser_{kLimits};
  http::RequestHead head_;
  std::string out_;
  std::size_t written_ = 0;
};

class PollingAdminServer final : public AdminServer {
 public:
  PollingAdminServer(base::ListeningSocket listener, Descriptor wake, Pages pages)
      : listener_(std::move(listener.descriptor)),
        wake_(std::move(wake)),
        port_(listener.port),
        pages_(std::move(pages)),
        thread_([this] { run(); }) {}

  ~PollingAdminServer() override {
    const std::uint64_t one = 1;
    // The counter of an eventfd that is written once always has room.
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
    thread_.join();
  }

  std::uint16_t port() const override { return port_; }

 private:
  static constexpr std::size_t kConnectionsMax = 64;
  static constexpr int kPauseMillis = 100;

  void run() {
    std::list<Connection> connections;
    std::vector<pollfd> polled;
    while (true) {
      polled.clear();
      polled.push_back({wake_.get(), POLLIN, 0});
      polled.push_back({listener_.get(), static_cast<short>(is_full_ ? 0 : POLLIN), 0});
      for (const Connection& c : connections) polled.push_back({c.descriptor(), c.events(), 0});
      const int wait = is_full_ ? kPauseMillis : until_next_deadline(connections);
      is_full_ = false;
      if (::poll(polled.data(), polled.size(), wait) < 0) continue;
      if (polled[0].revents != 0) return;

      std::size_t at = 2;
      const auto now = SteadyClock::now();
      for (auto c = connections.begin(); c != connections.end(); ++at) {
        const bool is_late = now >= c->deadline();
        const bool goes_on = !is_late && (polled[at].revents == 0 || c->go_on(pages_));
        c = goes_on ? std::next(c) : connections.erase(c);
      }
      if (polled[1].revents != 0) accept_into(connections);
    }
  }

  static int until_next_deadline(const std::list<Connection>& connections) {
    if (connections.empty()) return -1;
    // They are in the order in which they came, so the first has the first deadline.
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        connections.front().deadline() - SteadyClock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count() + 1, 0));
  }

  void accept_into(std::list<Connection>& connections) {
    // As many as there are places: a storm of connects must not hold up the answers.
    for (std::size_t i = 0; i < kConnectionsMax; ++i) {
      Descriptor accepted(
          ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!accepted.is_open()) {
        // Out of descriptors: the listener stays readable, so asking at once would be a loop
        // without a pause.
        is_full_ = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return;
      }
      // Whoever holds many connections open loses the oldest: a probe always gets in.
      if (connections.size() == kConnectionsMax) connections.pop_front();
      connections.emplace_back(std::move(accepted));
    }
  }

  Descriptor listener_;
  Descriptor wake_;
  const std::uint16_t port_;
  const Pages pages_;
  bool is_full_ = false;  // the process has no descriptor left; the thread's own
  std::thread thread_;    // last: it uses the others
};

}  // namespace

base::Result<std::unique_ptr<AdminServer>> AdminServer::listen(const std::string& address,
                                                               std::uint16_t port, Pages pages) {
  auto listener = base::listen_on(address, port);
  if (!listener) return base::failure(base::while_doing("the admin endpoint", listener.error()));
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (wake.get() < 0) {
    return base::failure(base::ErrorKind::unavailable,
                         std::string("the admin server cannot start: ") + std::strerror(errno));
  }
  return std::make_unique<PollingAdminServer>(std::move(*listener), std::move(wake),
                                              std::move(pages));
}

}  // namespace proxy::admin
