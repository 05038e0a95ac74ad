#include "tests/proxy/support/scripted_backend.h"

#include <algorithm>
#include <vector>

#include <netinet/in.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/net/socket.h"

namespace proxy::support {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), ::tolower);
  return text;
}

}  // namespace

std::string SeenRequest::field(std::string name) const {
  const std::string wanted = "\r\n" + lower(std::move(name)) + ": ";
  const std::size_t at = lower(head).find(wanted);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + wanted.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

base::SslCtxPtr tls_server(const config::Certificate& own) {
  base::SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  const base::X509Ptr leaf = base::parse_first_certificate(own.chain_pem.text()).value();
  const std::string own_key = own.key_pem.text();
  const base::BioPtr text(BIO_new_mem_buf(own_key.data(), static_cast<int>(own_key.size())));
  const base::EvpPkeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(context.get(), leaf.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  return context;
}

ScriptedBackend::ScriptedBackend(Script script, std::string_view ip, base::SslCtxPtr tls)
    : script_(std::move(script)), tls_(std::move(tls)) {
  listener_ = net::listen_on(net::SocketAddress::from_ip(ip, 0).value()).value();
  port_ = net::local_address(listener_.get()).port();
  thread_ = std::thread([this] { accept(); });
}

ScriptedBackend::~ScriptedBackend() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  // Nobody adds a session any more, and one that just read a request needs the mutex to end.
  for (Session& session : sessions_) ::shutdown(session.stream.fd(), SHUT_RDWR);
  for (Session& session : sessions_) {
    if (session.thread.joinable()) session.thread.join();
  }
}

void ScriptedBackend::accept() {
  for (;;) {
    pollfd wait{listener_.get(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    net::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.is_open()) {
      if ((wait.revents & POLLHUP) != 0) return;
      continue;
    }
    ++connections_;
    ++open_;
    const std::lock_guard lock(mutex_);
    join_ended();
    Session& session = sessions_.emplace_back();
    session.stream = SocketStream(std::move(fd));
    session.thread = std::thread([this, &session] { serve(session); });
  }
}

// A thread that is not joined keeps its stack, of which a bench with thousands of connections would
// have hundreds of megabytes.
void ScriptedBackend::join_ended() {
  for (Session& session : sessions_) {
    if (session.has_ended && session.thread.joinable()) session.thread.join();
  }
}

bool ScriptedBackend::read_request(SocketStream& stream, std::string& pending,
                                   SeenRequest& request) {
  const auto fill = [&] {
    const std::string more = stream.receive();
    pending += more;
    return !more.empty();
  };
  std::size_t end = 0;
  while ((end = pending.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  request.head = pending.substr(0, end + 4);
  pending.erase(0, end + 4);
  const std::size_t space = request.head.find(' ');
  request.method = request.head.substr(0, space);
  request.path = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
  if (request.field("transfer-encoding") == "chunked") {
    for (;;) {
      std::size_t line = 0;
      while ((line = pending.find("\r\n")) == std::string::npos) {
        if (!fill()) return false;
      }
      const std::size_t size = std::stoul(pending, nullptr, 16);
      if (size == 0) {
        std::size_t last = 0;
        while ((last = pending.find("\r\n\r\n")) == std::string::npos) {
          if (!fill()) return false;
        }
        if (last != line) request.trailer = pending.substr(line + 2, last - line);
        pending.erase(0, last + 4);
        return true;
      }
      while (pending.size() < line + 2 + size + 2) {
        if (!fill()) return false;
      }
      request.body += pending.substr(line + 2, size);
      pending.erase(0, line + 2 + size + 2);
    }
  }
  const std::string length = request.field("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (pending.size() < size) {
    if (!fill()) return false;
  }
  request.body = pending.substr(0, size);
  pending.erase(0, size);
  return true;
}

void ScriptedBackend::serve(Session& session) {
  std::string pending;
  const bool can_talk = tls_ == nullptr || session.stream.accept_tls(tls_.get());
  while (can_talk) {
    SeenRequest request;
    session.is_idle = true;
    session.is_idle.notify_all();
    if (!read_request(session.stream, pending, request)) break;
    session.is_idle = false;
    ++requests_;
    {
      const std::lock_guard lock(mutex_);
      last_ = request;
    }
    if (!script_(session.stream, request)) break;
  }
  ::shutdown(session.stream.fd(), SHUT_RDWR);
  session.is_idle = true;
  session.is_idle.notify_all();
  --open_;
  session.has_ended = true;  // the last that it does: it takes no lock any more
}

SeenRequest ScriptedBackend::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void ScriptedBackend::close_idle() {
  std::vector<Session*> sessions;  // waited for without the lock: they want it
  {
    const std::lock_guard lock(mutex_);
    for (Session& session : sessions_) sessions.push_back(&session);
  }
  for (Session* session : sessions) {
    session->is_idle.wait(false);
    ::shutdown(session->stream.fd(), SHUT_RDWR);
  }
}

std::string ScriptedBackend::ok(std::string_view body, std::string_view more_fields) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_fields) + "\r\n" + std::string(body);
}

}  // namespace proxy::support
