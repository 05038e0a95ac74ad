#include "base/curl_transport.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include "base/ascii_text.h"
#include "base/broken_pipes.h"

namespace base {
namespace {

using Duration = std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kHeadBytesMax = 256u << 10;
constexpr std::size_t kIdleLinesMax = 16;
constexpr long kConnectionsPerLineMax = 4;
constexpr long kRedirectsMax = 5;
// A NAT or load balancer forgets an idle connection after minutes; a watch may be silent for
// longer.
constexpr long kTcpKeepAliveIdleSeconds = 30;
constexpr long kTcpKeepAliveIntervalSeconds = 15;

// CURL and CURLM are both void, so a handle's deleter is named, not overloaded.
template <auto free_function>
struct CurlDeleter {
  template <class T>
  void operator()(T* handle) const {
    free_function(handle);
  }
};
using EasyPtr = std::unique_ptr<CURL, CurlDeleter<curl_easy_cleanup>>;
using MultiPtr = std::unique_ptr<CURLM, CurlDeleter<curl_multi_cleanup>>;
using SlistPtr = std::unique_ptr<curl_slist, CurlDeleter<curl_slist_free_all>>;

// What carries one call at a time. The multi handle owns the connections, so they outlive the call.
struct Line {
  MultiPtr multi{curl_multi_init()};
  EasyPtr easy{curl_easy_init()};
  std::string origin;  // of its last call: where it has a connection open
};

// "https://host:port" of the URL and the address it is sent to.
std::string origin_of(const HttpRequest& request) {
  const std::size_t scheme = request.url.find("://");
  const std::size_t from = scheme == std::string::npos ? 0 : scheme + 3;
  return request.url.substr(0, request.url.find_first_of("/?#", from)) + " " + request.connect_to;
}

// Lines that wait for their next call.
class LinePool {
 public:
  std::unique_ptr<Line> take(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                    [&](const auto& l) { return l->origin == origin; });
    if (found == idle_.rend()) return nullptr;
    auto line = std::move(*found);
    idle_.erase(std::next(found).base());
    return line;
  }

  void give_back(std::unique_ptr<Line> line) {
    std::unique_ptr<Line> oldest;  // closes its connections outside the lock
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(line));
    if (idle_.size() <= kIdleLinesMax) return;
    oldest = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;
};

constexpr std::string_view kSpace = " \t\r\n";  // libcurl leaves the line's end where it is

std::string seconds_text(Duration duration) {
  const auto count = duration.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
}

// One call: what was received so far, and why we ended it if we did.
class Exchange {
 public:
  enum class Ending { by_curl, body_too_large, head_too_large, by_receiver, stopped, silent };

  Exchange(const HttpRequest& request, const CurlOptions& options)
      : request_(request), options_(options) {}
  Exchange(const HttpRequest& request, const CurlOptions& options,
           const HttpTransport::OnHead& on_head, const HttpTransport::OnChunk& on_chunk)
      : request_(request), options_(options), on_head_(&on_head), on_chunk_(&on_chunk) {}

  Result<HttpResponse> run(Line& line, const std::stop_token& stop);

 private:
  bool is_stream() const { return on_chunk_ != nullptr; }
  Status prepare(CURL* easy);
  Status add_headers(CURL* easy);
  void choose_method(CURL* easy);
  void choose_trust(CURL* easy);
  CURLcode transfer(Line& line, const std::stop_token& stop);
  Duration until_silent() const {
    return std::chrono::ceil<Duration>(silent_at_ - steady_clock::now());
  }
  void heard() { silent_at_ = steady_clock::now() + request_.timeout; }
  bool take_header_line(std::string_view line);
  bool take_body(std::string_view bytes);
  bool end(Ending ending) {
    ending_ = ending;
    return false;
  }
  bool redirect_follows() const {
    return options_.follow_redirects && response_.status / 100 == 3 &&
           response_.headers.contains("location");
  }
  Error describe(CURL* easy, CURLcode code) const;
  Error describe_distrust(CURL* easy) const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Exchange*>(self)->take_header_line({data, size * count}) ? size * count : 0;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    // Nothing else than the size taken tells libcurl to go on, so an empty piece is not passed on.
    if (size * count == 0) return 0;
    return static_cast<Exchange*>(self)->take_body({data, size * count}) ? size * count : 0;
  }

  const HttpRequest& request_;
  const CurlOptions& options_;
  const HttpTransport::OnHead* on_head_ = nullptr;
  const HttpTransport::OnChunk* on_chunk_ = nullptr;

  HttpResponse response_;
  std::size_t head_bytes_ = 0;
  bool head_is_complete_ = false;
  Ending ending_ = Ending::by_curl;
  steady_clock::time_point silent_at_;
  SlistPtr headers_, connect_to_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
};

Result<HttpResponse> Exchange::run(Line& line, const std::stop_token& stop) {
  CURL* const easy = line.easy.get();
  if (auto prepared = prepare(easy); !prepared) return failure(prepared.error());
  const CURLcode code = transfer(line, stop);
  const bool is_done = code == CURLE_OK && ending_ == Ending::by_curl;
  if (is_done || ending_ == Ending::by_receiver) return std::move(response_);
  return failure(describe(easy, code));
}

Status Exchange::prepare(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_.data());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, options_.follow_redirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kTcpKeepAliveIdleSeconds);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kTcpKeepAliveIntervalSeconds);
  // A stop must not wait for a name server: the thread that resolves is left to end by itself.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  const Duration timeout = std::max(request_.timeout, Duration(1));  // 0 would mean "for ever"
  const Duration connect_timeout = std::min(options_.connect_timeout, timeout);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::max(connect_timeout, Duration(1)).count()));
  if (!is_stream()) curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  // The empty string is libcurl's way to say "none, whatever the environment has".
  if (!options_.use_environment_proxy) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  if (!request_.connect_to.empty()) {
    // Empty host and port: for every host and port that the URL may have.
    connect_to_.reset(curl_slist_append(nullptr, ("::" + request_.connect_to).c_str()));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_.get());
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  choose_method(easy);
  choose_trust(easy);
  return add_headers(easy);
}

void Exchange::choose_method(CURL* easy) {
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!request_.body.empty() || request_.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  const bool is_implied = request_.method == (request_.body.empty() ? std::string_view("GET")
                                                                    : std::string_view("POST"));
  if (!is_implied) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void set_blob(CURL* easy, CURLoption option, const std::string& pem) {
  // The options outlive every call, so nothing is copied.
  curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(easy, option, &blob);
}

void Exchange::choose_trust(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options_.verify_peer ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options_.verify_peer ? 2L : 0L);
  if (!options_.ca_pem.empty()) {
    set_blob(easy, CURLOPT_CAINFO_BLOB, options_.ca_pem);
    // The blob replaces the system's file but not its folder, which would still be trusted.
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!options_.client_certificate_pem.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
    curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
    set_blob(easy, CURLOPT_SSLCERT_BLOB, options_.client_certificate_pem);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, options_.client_key_pem);
  }
}

Status Exchange::add_headers(CURL* easy) {
  if (!is_token(request_.method)) {
    return failure(ErrorKind::invalid, "the request to " + request_.url + " has no valid method");
  }
  bool has_content_type = false;
  const auto append = [this](const std::string& line) {
    headers_.reset(curl_slist_append(headers_.release(), line.c_str()));
  };
  for (const auto& [name, value] : request_.headers) {
    // Not the value itself: it may be a token.
    if (!is_token(name) ||
        value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return failure(ErrorKind::invalid, "the request to " + request_.url +
                                             " has a header that cannot be sent: its name is not a "
                                             "token or its value has a line break");
    }
    if (in_lower_case(name) == "content-type") has_content_type = true;
    // libcurl's syntax: "Name:" removes a header, "Name;" sends it without a value.
    append(trimmed(value, kSpace).empty() ? name + ";" : name + ": " + value);
  }
  append("Expect:");                               // no round trip before a body of kilobytes
  if (!has_content_type) append("Content-Type:");  // libcurl would claim that it is a form
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  return {};
}

CURLcode Exchange::transfer(Line& line, const std::stop_token& stop) {
  CURLM* const multi = line.multi.get();
  curl_multi_add_handle(multi, line.easy.get());
  CURLcode code = CURLE_FAILED_INIT;
  bool is_over = false;
  heard();
  {
    const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
    while (!is_over) {
      if (stop.stop_requested()) {
        end(Ending::stopped);
        break;
      }
      if (is_stream() && until_silent() <= Duration(0)) {
        end(Ending::silent);
        break;
      }
      int running = 0;
      if (curl_multi_perform(multi, &running) != CURLM_OK) break;
      int queued = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
        if (message->msg != CURLMSG_DONE) continue;
        code = message->data.result;
        is_over = true;
      }
      if (is_over) break;
      // libcurl shortens the wait to its own timers; a wake-up in between is not lost.
      constexpr Duration longest = std::chrono::minutes(1);
      const Duration wait =
          is_stream() ? std::clamp(until_silent(), Duration(0), longest) : longest;
      if (curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait.count()), nullptr) != CURLM_OK) {
        break;
      }
    }
  }
  // A transfer that is not done takes its connection with it.
  curl_multi_remove_handle(multi, line.easy.get());
  return code;
}

bool Exchange::take_header_line(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > kHeadBytesMax) return end(Ending::head_too_large);
  if (head_is_complete_) return true;  // trailers; nobody asked for them
  if (line.starts_with("HTTP/")) {     // of the answer, or of one after 100 Continue or a redirect
    response_ = HttpResponse{};
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos) {
      response_.status = std::atoi(std::string(line.substr(space + 1, 3)).c_str());
    }
    return true;
  }
  if (!trimmed(line, kSpace).empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    response_.headers.emplace(in_lower_case(trimmed(line.substr(0, colon), kSpace)),
                              trimmed(line.substr(colon + 1), kSpace));
    return true;
  }
  if (response_.status < 200 || redirect_follows()) return true;
  head_is_complete_ = true;
  if (on_head_ != nullptr) {
    const bool goes_on = (*on_head_)(response_);
    heard();
    if (!goes_on) return end(Ending::by_receiver);
  }
  return true;
}

bool Exchange::take_body(std::string_view bytes) {
  if (!head_is_complete_) return true;  // of a redirect
  if (is_stream()) {
    const bool goes_on = (*on_chunk_)(bytes);
    heard();  // only now: the receiver's own time is not the peer's silence
    return goes_on || end(Ending::by_receiver);
  }
  if (bytes.size() > options_.body_bytes_max - response_.body.size()) {
    return end(Ending::body_too_large);
  }
  response_.body += bytes;
  return true;
}

bool is_for_want_of_a_ca(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return true;
    default:
      return false;
  }
}

Error Exchange::describe_distrust(CURL* easy) const {
  long verify_result = X509_V_OK;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
  // Without a verdict on the chain (libcurl's first value is "unspecified") it is the name.
  if (verify_result == X509_V_OK || verify_result == X509_V_ERR_UNSPECIFIED) {
    return {ErrorKind::denied, request_.url + " is not trusted: " + reason_.data()};
  }
  std::string message =
      request_.url + " is not trusted: " + X509_verify_cert_error_string(verify_result);
  if (is_for_want_of_a_ca(verify_result)) message += "; configure the CA that signed it";
  return {ErrorKind::denied, std::move(message)};
}

Error Exchange::describe(CURL* easy, CURLcode code) const {
  const std::string& url = request_.url;
  switch (ending_) {
    case Ending::body_too_large:
      return {ErrorKind::protocol, "the answer of " + url + " is larger than " +
                                       std::to_string(options_.body_bytes_max) + " bytes"};
    case Ending::head_too_large:
      return {ErrorKind::protocol, "the headers of the answer of " + url + " are larger than " +
                                       std::to_string(kHeadBytesMax) + " bytes"};
    case Ending::stopped:
      return {ErrorKind::cancelled, "the request to " + url + " was cancelled"};
    case Ending::silent:
      return {ErrorKind::unavailable, url + " sent nothing for " + seconds_text(request_.timeout)};
    case Ending::by_receiver:
    case Ending::by_curl:
      break;
  }
  const std::string reason = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return describe_distrust(easy);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return {ErrorKind::invalid, "\"" + url + "\" is not a URL that can be asked: " + reason};
    case CURLE_SSL_CERTPROBLEM:
      return {ErrorKind::invalid, "the client certificate for " + url + " is unusable: " + reason};
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorKind::invalid, "the CA for " + url + " is unusable: " + reason};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_TOO_MANY_REDIRECTS:
      return {ErrorKind::protocol, url + " gave an answer that cannot be used: " + reason};
    default:
      return {ErrorKind::unavailable, "no answer from " + url + ": " + reason};
  }
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {}

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override {
    return perform(request, Exchange(request, options_), stop);
  }

  Result<HttpResponse> stream(const HttpRequest& request, const OnHead& on_head,
                              const OnChunk& on_chunk, std::stop_token stop) override {
    return perform(request, Exchange(request, options_, on_head, on_chunk), stop);
  }

 private:
  Result<HttpResponse> perform(const HttpRequest& request, Exchange exchange,
                               const std::stop_token& stop) {
    std::string origin = origin_of(request);
    auto line = lines_.take(origin);
    if (!line) line = new_line(std::move(origin));
    auto response = exchange.run(*line, stop);
    // Connections stay; pointers into this call's request and exchange must not.
    curl_easy_reset(line->easy.get());
    lines_.give_back(std::move(line));
    return response;
  }

  static std::unique_ptr<Line> new_line(std::string origin) {
    auto line = std::make_unique<Line>();
    if (!line->multi || !line->easy) std::abort();  // out of memory
    curl_multi_setopt(line->multi.get(), CURLMOPT_MAXCONNECTS, kConnectionsPerLineMax);
    line->origin = std::move(origin);
    return line;
  }

  const CurlOptions options_;
  LinePool lines_;
};

}  // namespace

std::unique_ptr<HttpTransport> make_curl_transport(CurlOptions options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) std::abort();
  ignore_broken_pipes();
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace base
