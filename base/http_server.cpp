#include "base/http_server.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <cpprest/http_listener.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>
#include <sys/socket.h>
#include <unistd.h>

namespace base {
namespace {

using web::http::http_request;
using web::http::experimental::listener::http_listener;
using web::http::experimental::listener::http_listener_config;

constexpr std::size_t kThreads = 4;
constexpr int kPortAttemptsMax = 16;
constexpr auto kLastWordsMax = std::chrono::seconds(2);

// ---- What a request leaves behind when its server is destroyed

class Reply;

// Shared by a server, its requests and their Responds; outlives the server.
class Exchanges {
 public:
  explicit Exchanges(HttpServer::Handler handler) : handler_(std::move(handler)) {}

  void remember(const std::shared_ptr<Reply>& reply);
  void forget(Reply* reply);

  // Nothing when the server is being destroyed.
  bool hand_over(ServedRequest request, Respond respond);

  void writing_begins() {
    const std::lock_guard lock(mutex_);
    ++writing_;
  }
  void writing_ended() {
    const std::lock_guard lock(mutex_);
    --writing_;
    changed_.notify_all();
  }

  void finish();

 private:
  HttpServer::Handler handler_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  int running_ = 0;
  int writing_ = 0;
  std::map<Reply*, std::weak_ptr<Reply>> waiting_;
};

web::http::http_response to_cpprest(const HttpResponse& response, bool is_head) {
  web::http::http_response made(static_cast<web::http::status_code>(response.status));
  if (!response.body.empty() && !is_head) {
    made.set_body(std::vector<unsigned char>(response.body.begin(), response.body.end()));
    made.headers().remove(web::http::header_names::content_type);
  }
  for (const auto& [name, value] : response.headers) made.headers().add(name, value);
  return made;
}

// The answer to one request, given at most once.
class Reply {
 public:
  Reply(const http_request& request, std::shared_ptr<Exchanges> exchanges)
      : request_(request), exchanges_(std::move(exchanges)) {}
  ~Reply() {
    give({500, {}, ""});
    exchanges_->forget(this);
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void give(const HttpResponse& response) {
    if (given_.exchange(true)) return;
    exchanges_->writing_begins();
    const auto ended = [exchanges = exchanges_](const pplx::task<void>& written) {
      try {
        written.get();
      } catch (...) {  // the client went away; there is nobody to tell
      }
      exchanges->writing_ended();
    };
    try {
      request_.reply(to_cpprest(response, request_.method() == web::http::methods::HEAD))
          .then(ended);
    } catch (...) {
      exchanges_->writing_ended();
    }
  }

 private:
  http_request request_;
  std::shared_ptr<Exchanges> exchanges_;
  std::atomic<bool> given_ = false;
};

void Exchanges::remember(const std::shared_ptr<Reply>& reply) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace(reply.get(), reply);
}

void Exchanges::forget(Reply* reply) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(reply);
}

bool Exchanges::hand_over(ServedRequest request, Respond respond) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return false;
    ++running_;
  }
  handler_(std::move(request), std::move(respond));
  const std::lock_guard lock(mutex_);
  --running_;
  changed_.notify_all();
  return true;
}

void Exchanges::finish() {
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  changed_.wait(lock, [this] { return running_ == 0; });
  std::vector<std::shared_ptr<Reply>> waiting;
  for (const auto& [key, reply] : waiting_) {
    if (auto alive = reply.lock()) waiting.push_back(std::move(alive));
  }
  lock.unlock();
  for (const auto& reply : waiting) {
    reply->give({503, {{"connection", "close"}}, "the server is stopping\n"});
  }
  waiting.clear();
  lock.lock();
  changed_.wait_for(lock, kLastWordsMax, [this] { return writing_ == 0; });
  lock.unlock();
  handler_ = nullptr;  // it may own what was built before the server
}

// ---- From cpprestsdk's request to ours

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Nothing when the URI does not decode.
std::optional<ServedRequest> to_served(const http_request& request) {
  ServedRequest served;
  try {
    const web::uri& uri = request.request_uri();
    served.path = web::uri::decode(uri.path());
    for (const auto& [name, value] : web::uri::split_query(uri.query())) {
      served.query[web::uri::decode(name)] = web::uri::decode(value);
    }
  } catch (const std::exception&) {
    return std::nullopt;
  }
  served.method = request.method();
  served.peer_address = request.remote_address();
  for (const auto& [name, value] : request.headers()) {
    served.headers.emplace(lower_case(name), value);
  }
  return served;
}

// Answers without reading the body. cpprestsdk would first collect all of it, so the buffer that it
// collects into is closed: the next write there fails, and then the answer goes out.
void refuse_body(http_request request, Reply& reply, int status) {
  reply.give({status, {{"connection", "close"}}, ""});
  request._get_impl()->outstream().close(
      std::make_exception_ptr(std::runtime_error("the body is refused")));
}

void hand_over(const std::shared_ptr<Exchanges>& exchanges, ServedRequest served,
               const std::shared_ptr<Reply>& reply) {
  exchanges->remember(reply);
  const bool handed = exchanges->hand_over(
      std::move(served), [reply](const HttpResponse& response) { reply->give(response); });
  if (!handed) reply->give({503, {{"connection", "close"}}, "the server is stopping\n"});
}

void receive(http_request request, const std::shared_ptr<Exchanges>& exchanges,
             std::size_t body_bytes_max) {
  const auto reply = std::make_shared<Reply>(request, exchanges);
  auto served = to_served(request);
  if (!served) return reply->give({400, {{"connection", "close"}}, "the URI does not decode\n"});
  if (served->headers.contains("transfer-encoding")) return refuse_body(request, *reply, 411);
  const auto length = request.headers().content_length();
  if (length > body_bytes_max) return refuse_body(request, *reply, 413);
  if (length == 0) return hand_over(exchanges, std::move(*served), reply);
  request.extract_vector().then([exchanges, reply, served = std::move(*served)](
                                    const pplx::task<std::vector<unsigned char>>& read) mutable {
    try {
      const auto body = read.get();
      served.body.assign(body.begin(), body.end());
    } catch (...) {  // the client broke off in the middle
      return reply->give({400, {{"connection", "close"}}, ""});
    }
    hand_over(exchanges, std::move(served), reply);
  });
}

// ---- TLS

// Throws boost::system::system_error, on which cpprestsdk drops the connection: without a usable
// identity there is nothing to say to a client.
void set_identity(boost::asio::ssl::context& context, const HttpServer::TlsSource& source) {
  const HttpServer::TlsIdentity identity = source();
  SSL_CTX* const native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  // The context lives for one connection, so a session kept in it could never be resumed.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  context.use_certificate_chain(boost::asio::buffer(identity.chain_pem));
  context.use_private_key(boost::asio::buffer(identity.key_pem), boost::asio::ssl::context::pem);
}

// ---- Listeners of this process

// Of all threads of the pool and one more: none leaves before all have come.
class Meeting {
 public:
  void attend() {
    std::unique_lock lock(mutex_);
    ++present_;
    changed_.notify_all();
    changed_.wait_for(lock, kLastWordsMax, [this] { return present_ == kThreads + 1; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t present_ = 0;
};

// cpprestsdk closes its ports only when the last listener of the process is closed, and until then
// keeps a reference into the configuration of each. So a closed listener is kept until then too,
// and no port is opened twice.
class Listeners {
 public:
  static Listeners& of_this_process() {
    static Listeners* const listeners = new Listeners;  // never destroyed: the threads may be last
    return *listeners;
  }

  // The port that it listens on, or nothing when it is taken.
  bool open(const std::string& address, std::uint16_t port, http_listener& listener) {
    const std::lock_guard lock(mutex_);
    if (ports_.contains({address, port})) return false;
    start_threads();
    try {
      listener.open().wait();
    } catch (const std::exception&) {
      return false;
    }
    ports_.insert({address, port});
    ++open_;
    return true;
  }

  void close(std::unique_ptr<http_listener> listener) {
    const std::lock_guard lock(mutex_);
    try {
      listener->close().wait();
    } catch (const std::exception&) {  // it is closed all the same
    }
    closed_.push_back(std::move(listener));
    if (--open_ > 0) return;
    closed_.clear();
    ports_.clear();
    free_openssl_state_of_threads();
  }

 private:
  void start_threads() {
    if (std::exchange(threads_started_, true)) return;
    try {
      crossplat::threadpool::initialize_with_threads(kThreads);
    } catch (const std::exception&) {  // somebody else was first; theirs do as well
    }
  }

  // OpenSSL keeps an error queue for each thread, and frees it when the thread ends. Those of
  // cpprestsdk end after OpenSSL's own clean-up at exit, too late for that. So each gives its queue
  // back here: nobody leaves the meeting before all have come, hence each comes once.
  static void free_openssl_state_of_threads() {
    const auto meeting = std::make_shared<Meeting>();
    for (std::size_t i = 0; i < kThreads; ++i) {
      // Not through Asio's post(): its fences are unknown to ThreadSanitizer.
      pplx::get_ambient_scheduler()->schedule(
          [](void* handed) {
            const std::unique_ptr<std::shared_ptr<Meeting>> held(
                static_cast<std::shared_ptr<Meeting>*>(handed));
            OPENSSL_thread_stop();
            (*held)->attend();
          },
          new std::shared_ptr<Meeting>(meeting));
    }
    meeting->attend();
  }

  std::mutex mutex_;
  bool threads_started_ = false;
  int open_ = 0;
  std::set<std::pair<std::string, std::uint16_t>> ports_;
  std::list<std::unique_ptr<http_listener>> closed_;
};

// cpprestsdk cannot say which port the system chose, so one is asked for and let go again.
std::uint16_t find_free_port(const in_addr& address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  bound.sin_addr = address;
  socklen_t size = sizeof bound;
  const bool is_bound = ::bind(fd, reinterpret_cast<sockaddr*>(&bound), size) == 0 &&
                        ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0;
  ::close(fd);
  return is_bound ? ntohs(bound.sin_port) : 0;
}

// Nor can it say why a port could not be bound, so that is tried again.
std::string bind_problem(const in_addr& address, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  bound.sin_addr = address;
  bound.sin_port = htons(port);
  const bool is_bound = ::bind(fd, reinterpret_cast<sockaddr*>(&bound), sizeof bound) == 0;
  std::string problem = is_bound ? "it was taken for a moment" : std::strerror(errno);
  ::close(fd);
  return problem;
}

class CpprestServer final : public HttpServer {
 public:
  CpprestServer(const Options& options, std::uint16_t port, Handler handler)
      : port_(port), exchanges_(std::make_shared<Exchanges>(std::move(handler))) {
    http_listener_config config;
    if (options.tls) {
      config.set_ssl_context_callback([source = options.tls](boost::asio::ssl::context& context) {
        set_identity(context, source);
      });
    }
    const std::string scheme = options.tls ? "https://" : "http://";
    listener_ = std::make_unique<http_listener>(
        web::uri(scheme + options.address + ":" + std::to_string(port) + "/"), config);
    const auto take = [exchanges = exchanges_, limit = options.body_bytes_max](
                          const http_request& request) { receive(request, exchanges, limit); };
    listener_->support(take);
    // These two it would answer by itself.
    listener_->support(web::http::methods::OPTIONS, take);
    listener_->support(web::http::methods::TRCE, take);
  }

  bool open(const std::string& address) {
    is_open_ = Listeners::of_this_process().open(address, port_, *listener_);
    return is_open_;
  }

  ~CpprestServer() override {
    if (!is_open_) return;
    exchanges_->finish();
    Listeners::of_this_process().close(std::move(listener_));
  }

  std::uint16_t port() const override { return port_; }

 private:
  const std::uint16_t port_;
  std::shared_ptr<Exchanges> exchanges_;
  std::unique_ptr<http_listener> listener_;
  bool is_open_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Options options, Handler handler) {
  in_addr address{};
  if (::inet_pton(AF_INET, options.address.c_str(), &address) != 1) {
    return failure(ErrorKind::invalid,
                   "cannot listen on \"" + options.address + "\": it is not an IPv4 address");
  }
  const int attempts = options.port == 0 ? kPortAttemptsMax : 1;
  std::uint16_t port = options.port;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (options.port == 0) port = find_free_port(address);
    if (port == 0) break;
    auto server = std::make_unique<CpprestServer>(options, port, handler);
    if (server->open(options.address)) return server;
  }
  return failure(ErrorKind::invalid, "cannot listen on " + options.address + ":" +
                                         std::to_string(port) + ": " + bind_problem(address, port));
}

}  // namespace base
