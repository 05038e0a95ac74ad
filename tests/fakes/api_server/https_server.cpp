#include "tests/fakes/api_server/https_server.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fakes::api_server {

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
            text.data() + i + 3) {
      decoded += static_cast<char>(value);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::size_t body_bytes_max = 8 * 1024 * 1024;  // above etcd's 1.5 MiB, below harm

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

// One TLS connection with a read buffer.
class Wire : public Stream {
 public:
  Wire(SSL* ssl, int fd, const std::atomic<bool>& stopping)
      : ssl_(ssl), fd_(fd), stopping_(stopping) {}

  bool write(std::string_view bytes) override { return chunk(bytes); }

  bool is_open() override {
    if (stopping_) return false;
    pollfd waiting{fd_, POLLIN | POLLRDHUP, 0};
    if (poll(&waiting, 1, 0) <= 0) return true;
    // A peer that closes sends close_notify, which is readable too: look at it without waiting.
    char byte = 0;
    const ssize_t seen = recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (seen == 0) return false;
    if (seen < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    return SSL_peek(ssl_, &byte, 1) > 0;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool chunk(std::string_view bytes) {
    std::array<char, 32> size{};
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string framed(size.data(), static_cast<std::size_t>(length));
    framed.append(bytes).append("\r\n");
    return send(framed);
  }

  std::optional<std::string> read_until(std::string_view mark, std::size_t bytes_max) {
    for (;;) {
      const std::size_t found = buffer_.find(mark);
      if (found != std::string::npos) return take(found + mark.size());
      if (buffer_.size() > bytes_max || !fill()) return std::nullopt;
    }
  }

  std::optional<std::string> read_exactly(std::size_t size) {
    while (buffer_.size() < size) {
      if (!fill()) return std::nullopt;
    }
    return take(size);
  }

 private:
  bool fill() {
    std::array<char, 16384> bytes;
    const int got = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (got <= 0) return false;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  SSL* ssl_;
  int fd_;
  const std::atomic<bool>& stopping_;
  std::string buffer_;
};

void read_target(std::string_view target, Request& request) {
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    request.query[percent_decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1));
  }
}

std::optional<std::string> read_chunks(Wire& wire) {
  std::string body;
  for (;;) {
    const auto line = wire.read_until("\r\n", 1024);
    if (!line) return std::nullopt;
    std::size_t size = 0;
    if (std::from_chars(line->data(), line->data() + line->size(), size, 16).ptr == line->data() ||
        body.size() + size > body_bytes_max) {
      return std::nullopt;
    }
    const auto bytes = wire.read_exactly(size + 2);
    if (!bytes) return std::nullopt;
    if (size == 0) return body;
    body.append(*bytes, 0, size);
  }
}

std::optional<Request> read_request(Wire& wire) {
  const auto head = wire.read_until("\r\n\r\n", head_bytes_max);
  if (!head) return std::nullopt;
  Request request;
  std::string_view rest = *head;
  const auto next_line = [&rest] {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return line;
  };
  const std::string_view first = next_line();
  const std::size_t one = first.find(' ');
  const std::size_t two = first.rfind(' ');
  if (one == std::string_view::npos || one == two) return std::nullopt;
  request.method = first.substr(0, one);
  read_target(first.substr(one + 1, two - one - 1), request);
  for (std::string_view line = next_line(); !line.empty(); line = next_line()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    request.headers[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
  }
  if (request.header("expect") == "100-continue") wire.send("HTTP/1.1 100 Continue\r\n\r\n");
  if (request.header("transfer-encoding") == "chunked") {
    auto body = read_chunks(wire);
    if (!body) return std::nullopt;
    request.body = std::move(*body);
  } else if (const std::string length = request.header("content-length"); !length.empty()) {
    std::size_t size = 0;
    std::from_chars(length.data(), length.data() + length.size(), size);
    if (size > body_bytes_max) return std::nullopt;
    auto body = wire.read_exactly(size);
    if (!body) return std::nullopt;
    request.body = std::move(*body);
  }
  return request;
}

bool send_reply(Wire& wire, const Request& request, const Reply& reply) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " " +
                     std::string(reason_phrase(reply.status)) + "\r\n";
  head += "Content-Type: " + reply.content_type + "\r\nCache-Control: no-cache, private\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  if (reply.stream) {
    if (!wire.send(head + "Transfer-Encoding: chunked\r\n\r\n")) return false;
    return reply.stream(wire) && wire.send("0\r\n\r\n");
  }
  head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n";
  return wire.send(request.method == "HEAD" ? head : head + reply.body);
}

SSL_CTX* make_context(const std::string& certificate_pem, const std::string& key_pem) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* certificate_text = BIO_new_mem_buf(certificate_pem.data(), -1);
  BIO* key_text = BIO_new_mem_buf(key_pem.data(), -1);
  X509* certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
  const bool usable = certificate != nullptr && key != nullptr &&
                      SSL_CTX_use_certificate(context, certificate) == 1 &&
                      SSL_CTX_use_PrivateKey(context, key) == 1;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_text);
  BIO_free(key_text);
  if (usable) return context;
  SSL_CTX_free(context);
  return nullptr;
}

void set_timeouts(int fd) {
  const timeval idle{300, 0};
  const timeval stuck{30, 0};
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stuck, sizeof stuck);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

base::Result<std::unique_ptr<HttpsServer>> HttpsServer::start(std::uint16_t port,
                                                              const std::string& certificate_pem,
                                                              const std::string& key_pem,
                                                              Handler handler) {
  SSL_CTX* context = make_context(certificate_pem, key_pem);
  if (context == nullptr) {
    return base::failure(base::ErrorKind::invalid, "The serving certificate cannot be used");
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd, 128) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const std::string why = std::strerror(errno);
    close(fd);
    SSL_CTX_free(context);
    return base::failure(base::ErrorKind::unavailable,
                         "Cannot listen on 127.0.0.1:" + std::to_string(port) + ": " + why);
  }
  return std::unique_ptr<HttpsServer>(
      new HttpsServer(fd, ntohs(address.sin_port), context, std::move(handler)));
}

HttpsServer::HttpsServer(int listener, std::uint16_t port, ssl_ctx_st* context, Handler handler)
    : listener_(listener), port_(port), context_(context), handler_(std::move(handler)) {
  acceptor_ = std::thread([this] { accept_loop(); });
}

HttpsServer::~HttpsServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) {
      if (!connection.is_done) shutdown(connection.fd, SHUT_RDWR);
    }
  }
  for (Connection& connection : connections_) {
    connection.thread.join();
    close(connection.fd);
  }
  SSL_CTX_free(context_);
}

void HttpsServer::accept_loop() {
  while (!stopping_) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      if (stopping_) return;
      continue;
    }
    set_timeouts(fd);
    forget_finished();
    const std::lock_guard lock(mutex_);
    Connection& connection = connections_.emplace_back();
    connection.fd = fd;
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

void HttpsServer::serve(Connection& connection) {
  // OpenSSL writes with write(2): a peer that has gone must not end the process.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

  SSL* ssl = SSL_new(context_);
  SSL_set_fd(ssl, connection.fd);
  if (SSL_accept(ssl) == 1) {
    Wire wire(ssl, connection.fd, stopping_);
    while (!stopping_) {
      const auto request = read_request(wire);
      if (!request) break;
      const Reply reply = handler_(*request);
      if (reply.hang_up || !send_reply(wire, *request, reply) ||
          lower(request->header("connection")) == "close") {
        break;
      }
    }
    SSL_shutdown(ssl);
  }
  SSL_free(ssl);
  // The descriptor itself is closed by whoever joins this thread, so that it cannot be reused while
  // somebody still wants to shut it down.
  shutdown(connection.fd, SHUT_RDWR);
  connection.is_done = true;
}

void HttpsServer::forget_finished() {
  const std::lock_guard lock(mutex_);
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (it->is_done) {
      it->thread.join();
      close(it->fd);
      it = connections_.erase(it);
    } else {
      ++it;
    }
  }
}

}  // namespace fakes::api_server
