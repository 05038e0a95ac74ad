#include "tests/proxy/support/socket_stream.h"

#include <array>
#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "proxy/net/socket_address.h"
#include "tests/proxy/support/patience.h"

namespace proxy::support {

SocketStream::SocketStream(net::Fd fd) : fd_(std::move(fd)) {
  // One that net::accept_from() gave does not block.
  ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) & ~O_NONBLOCK);
  be_patient_for(kPatience);
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void SocketStream::be_patient_for(std::chrono::milliseconds time) {
  const timeval limit{time.count() / 1000, time.count() % 1000 * 1000};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

SocketStream SocketStream::connect(std::uint16_t port, std::string_view ip) {
  const net::SocketAddress address = net::SocketAddress::from_ip(ip, port).value();
  net::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), address.get(), address.size()) != 0) fd.reset();
  return SocketStream(std::move(fd));
}

namespace {

void show(SSL_CTX* context, const std::string& chain, const std::string& key) {
  SSL_CTX_set_security_level(context, 0);  // whatever it is, it is sent
  const base::BioPtr text(BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size())));
  const base::X509Ptr leaf(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(context, leaf.get());
  while (X509* const next = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context, next);
  }
  const base::BioPtr key_text(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const base::EvpPkeyPtr own(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_PrivateKey(context, own.get());
  ERR_clear_error();
}

}  // namespace

std::string SocketStream::start_tls(const TlsWishes& wishes) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT);
  if (wishes.version_max != 0) {
    SSL_CTX_set_max_proto_version(context_.get(), wishes.version_max);
  }
  if (!wishes.ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), wishes.ciphers.c_str());
  if (!wishes.chain_pem.empty()) show(context_.get(), wishes.chain_pem, wishes.key_pem);
  ssl_.reset(SSL_new(context_.get()));
  if (!wishes.server_name.empty()) {
    SSL_set_tlsext_host_name(ssl_.get(), wishes.server_name.c_str());
  }
  if (!wishes.alpn.empty()) {
    const std::string list = std::string(1, static_cast<char>(wishes.alpn.size())) + wishes.alpn;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(list.data()),
                        static_cast<unsigned>(list.size()));
  }
  if (wishes.resume != nullptr) SSL_set_session(ssl_.get(), wishes.resume);
  SSL_set_fd(ssl_.get(), fd_.get());
  if (SSL_connect(ssl_.get()) == 1) return "";
  const std::string error = base::take_openssl_error();
  return error.empty() ? "closed" : error;
}

bool SocketStream::accept_tls(SSL_CTX* context) {
  ERR_clear_error();
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd_.get());
  const bool is_done = SSL_accept(ssl_.get()) == 1;
  ERR_clear_error();
  return is_done;
}

void SocketStream::say_goodbye() {
  SSL_shutdown(ssl_.get());
}

bool SocketStream::send(std::string_view bytes) {
  if (ssl_ != nullptr) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string SocketStream::receive() {
  std::array<char, 65536> buffer;
  ssize_t got = 0;
  if (ssl_ != nullptr) {
    got = SSL_read(ssl_.get(), buffer.data(), buffer.size());
  } else {
    got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
}

std::string SocketStream::receive_all() {
  std::string all;
  for (std::string part = receive(); !part.empty(); part = receive()) all += part;
  return all;
}

std::string SocketStream::receive_slowly(std::chrono::milliseconds time) {
  const int few = 64 << 10;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
  const auto end = std::chrono::steady_clock::now() + time;
  std::string all;
  while (std::chrono::steady_clock::now() < end) {
    const std::string part = receive();
    if (part.empty()) break;
    all += part;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it is the line that is slow
  }
  return all;
}

bool SocketStream::at_end() {
  char byte = 0;
  if (ssl_ != nullptr) {
    const int got = SSL_read(ssl_.get(), &byte, 1);
    return got <= 0 && SSL_get_error(ssl_.get(), got) == SSL_ERROR_ZERO_RETURN;
  }
  return ::recv(fd_.get(), &byte, 1, 0) == 0;
}

void SocketStream::finish_sending() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void SocketStream::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void SocketStream::close() {
  ssl_.reset();
  fd_.reset();
}

std::string client_hello() {
  const base::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL* const ssl = SSL_new(context.get());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
  SSL_set_tlsext_host_name(ssl, "shop.test");
  SSL_connect(ssl);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  std::string hello(bytes, static_cast<std::size_t>(size));
  SSL_free(ssl);
  return hello;
}

}  // namespace proxy::support
