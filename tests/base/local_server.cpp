#include "tests/base/local_server.h"

#include <algorithm>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/broken_pipes.h"

namespace base {
namespace {

std::size_t content_length(const std::string& head) {
  const std::size_t at = head.find("\r\nContent-Length: ");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 18, nullptr, 10);
}

class SocketPeer final : public LocalServer::Peer {
 public:
  SocketPeer(int fd, SSL* ssl) : fd_(fd), ssl_(ssl) {}

  std::string read_request() override {
    for (;;) {
      const std::size_t head_end = pending_.find("\r\n\r\n");
      if (head_end != std::string::npos) {
        const std::size_t size = head_end + 4 + content_length(pending_.substr(0, head_end));
        if (pending_.size() >= size) {
          std::string request = pending_.substr(0, size);
          pending_.erase(0, size);
          return request;
        }
      }
      if (!read_more()) return {};
    }
  }

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto written = ssl_ != nullptr
                               ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                               : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void wait_for_close() override {
    while (read_more()) {
    }
  }

 private:
  bool read_more() {
    char buffer[4096];
    const auto size = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer)
                                      : ::recv(fd_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  const int fd_;
  SSL* const ssl_;
  std::string pending_;
};

SslCtxPtr server_context(const TestIdentity& identity) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  const auto key = PrivateKey::from_pem(identity.key_pem).value();
  const auto leaf = parse_first_certificate(identity.leaf_pem).value().release();
  SSL_CTX_use_certificate(context.get(), leaf);
  X509_free(leaf);
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  // A client verifies with what it trusts; the CA is sent to be "in the chain".
  SSL_CTX_add_extra_chain_cert(context.get(),
                               parse_first_certificate(identity.ca_pem).value().release());
  return context;
}

}  // namespace

TestIdentity TestIdentity::make() {
  const auto ca_key = PrivateKey::generate({}).value(), key = PrivateKey::generate({}).value();
  const auto ca = make_self_signed(ca_key, {{"Test CA", {}, {}}, true}).value();
  const auto leaf = sign_leaf(key, {{"", {"localhost"}, {"127.0.0.1"}}}, ca, ca_key).value();
  return {ca, leaf + ca, key.to_pem(), leaf};
}

LocalServer::LocalServer(Script script, const TestIdentity* tls) : script_(std::move(script)) {
  ignore_broken_pipes();
  if (tls != nullptr) context_ = server_context(*tls);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

LocalServer::~LocalServer() {
  ::shutdown(listener_, SHUT_RDWR);  // ends accept()
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::string LocalServer::url(std::string_view path) const {
  return (context_ ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port_) +
         std::string(path);
}

void LocalServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void LocalServer::serve(int fd) {
  {
    SslPtr ssl;
    if (context_) {
      ssl.reset(SSL_new(context_.get()));
      SSL_set_fd(ssl.get(), fd);
    }
    if (!ssl || SSL_accept(ssl.get()) == 1) {
      SocketPeer peer(fd, ssl.get());
      script_(peer);
      if (ssl) SSL_shutdown(ssl.get());
    }
    ERR_clear_error();
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  ::close(fd);
}

LocalServer::Script answering(std::function<std::string(const std::string&)> answer) {
  return [answer = std::move(answer)](LocalServer::Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty();
         request = peer.read_request()) {
      peer.write(answer(request));
    }
  };
}

std::string ok(std::string_view body, std::string_view more_headers) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace base
