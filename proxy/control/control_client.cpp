#include "proxy/control/control_client.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/curl_transport.h"
#include "proxy/config/limits.h"
#include "proxy/control/control_flow.h"
#include "proxy/control/credential_file.h"

namespace proxy::control {
namespace {

// The poll's own wait, and what an operator may need on top of it.
constexpr std::chrono::seconds kRequestTimeout = ControlFlow::kPollWait + std::chrono::seconds(15);
// Within one cluster. Where a replica of the operator has just ended, the Service may still lead to
// it, and nobody says that it is gone: no change arrives before the next one is tried.
constexpr std::chrono::seconds kConnectTimeout{2};

// The operator's keys change each hour, and it tells the coming one: a proxy must only ask a few
// times an hour.
constexpr std::chrono::minutes kTicketKeysEvery{10};
constexpr std::chrono::seconds kTicketKeysAgain{30};

// Different troubles at one time: a revision that is refused, an operator that is away.
constexpr std::size_t kSaidMax = 32;

class PollingControlClient final : public ControlClient {
 public:
  PollingControlClient(ControlOptions options, TransportFactory make_transport, ConfigSink& sink)
      : options_(std::move(options)),
        make_transport_(std::move(make_transport)),
        sink_(sink),
        flow_(options_.name),
        ca_file_(options_.ca_file, check_ca_bundle),
        token_file_(options_.token_file, check_token),
        random_(std::random_device{}()) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
  }

  // One that cannot be served is as none: the operator's next one may be.
  void begin_with(KeptState kept) {
    sink_.on_proxies(kept.proxies);
    const auto published = sink_.publish(kept.snapshot);
    const std::string revision = kept.snapshot->revision.substr(0, 12);
    if (!published) {
      spdlog::warn("configuration {}, kept by the process before this one, is not served: {}",
                   revision, published.error().message);
      return;
    }
    ++applied_;
    const auto& config = *kept.snapshot->config;
    spdlog::info(
        "configuration {} is live, kept by the process before this one, until {} answers "
        "(hosts {}, clusters {}, certificates {})",
        revision, options_.url, config.hosts.size(), config.clusters.size(),
        config.certificates.size());
    flow_.begin_with(std::move(kept.snapshot), std::move(kept.valid));
  }

  void run_thread() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  Counts counts() const override {
    return {applied_.load(), rejected_.load(), failed_polls_.load()};
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::visit([&](const auto& step) { take(step, stop); }, ControlFlow::Step(flow_.next()));
    }
  }

  void take(const ControlFlow::Poll& poll, const std::stop_token& stop) {
    if (poll.is_by_new_connection) transport_.reset();
    follow_ticket_keys(stop);
    const auto begin = std::chrono::steady_clock::now();
    auto answer = send("GET", poll.path, "", stop);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    if (!answer) return failed(answer.error(), stop);
    const std::string replica = answer->header(config::kReplicaHeader).value_or("");
    take_proxies(answer->header(config::kProxiesHeader).value_or(""));
    settle(flow_.on_polled(answer->status, answer->body, took, jitter(), replica));
    count_rejections();
  }

  // What is no number says nothing, and what was said last counts.
  void take_proxies(const std::string& text) {
    std::uint32_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, count);
    if (error == std::errc() && last == end && count != 0) sink_.on_proxies(count);
  }

  void take(const ControlFlow::Fetch& fetch, const std::stop_token& stop) {
    auto answer = send("POST", "/v1/certificates", fetch.body, stop);
    if (!answer) return failed(answer.error(), stop);
    settle(flow_.on_fetched(answer->status, answer->body, jitter()));
    count_rejections();
  }

  void take(const ControlFlow::Publish& publish, const std::stop_token&) {
    const auto published = sink_.publish(publish.snapshot);
    const std::string revision = publish.snapshot->revision.substr(0, 12);
    if (published) {
      ++applied_;
      const auto& config = *publish.snapshot->config;
      spdlog::info("configuration {} is live (hosts {}, clusters {}, certificates {})", revision,
                   config.hosts.size(), config.clusters.size(), config.certificates.size());
      if (!publish.skipped.empty()) {
        spdlog::warn("configuration {} is served without what this version does not know: {}",
                     revision, fmt::join(publish.skipped, ", "));
      }
    } else if (published.error().kind == base::ErrorKind::unavailable) {
      say_once(spdlog::level::err, fmt::format("configuration {} is not live in every worker yet: "
                                               "{}; waiting for it before anything is acknowledged",
                                               revision, published.error().message));
    } else {
      say_once(spdlog::level::err,
               fmt::format("configuration {} is not served: {}; the last good one stays in place",
                           revision, published.error().message));
    }
    flow_.on_published(published, jitter());
    count_rejections();
  }

  void count_rejections() {
    if (rejected_.exchange(flow_.rejections()) != flow_.rejections()) sink_.on_refused();
  }

  void take(const ControlFlow::Wait& wait, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, wait.delay, [] { return false; });
    flow_.on_waited();
  }

  // Beside the configuration, which is logged and compared; these are neither. Whatever goes wrong
  // costs no more than full handshakes: the keys that there are stay, or the proxy's own.
  void follow_ticket_keys(const std::stop_token& stop) {
    const auto now = std::chrono::steady_clock::now();
    // The configuration comes first.
    if (now < ticket_keys_due_ || flow_.live() == nullptr || stop.stop_requested()) return;
    ticket_keys_due_ = now + kTicketKeysEvery;
    auto answer = send("GET", "/v1/ticket-keys", "", stop);
    if (!answer || answer->status == 503) {
      ticket_keys_due_ = now + kTicketKeysAgain;
      return;
    }
    if (answer->status != 200) return;  // an operator of the first release has none
    const auto keys = config::ticket_keys_from_json(answer->body);
    const base::Status used =
        keys ? sink_.use_ticket_keys(*keys) : base::Status(base::failure(keys.error()));
    if (used) return;
    say_once(spdlog::level::warn,
             "the operator's session ticket keys are not used: " + used.error().message +
                 "; sessions resume at this proxy only");
  }

  base::Result<base::HttpResponse> send(const char* method, const std::string& path,
                                        std::string body, const std::stop_token& stop) {
    // Read each time: the projected token and the CA are replaced while we run.
    auto ca = ca_file_.read();
    if (!ca) return base::failure(std::move(ca.error()));
    auto token = token_file_.read();
    if (!token) return base::failure(std::move(token.error()));
    if (transport_ == nullptr || *ca != ca_pem_) {
      ca_pem_ = std::move(*ca);
      transport_ = make_transport_(ca_pem_);
    }
    base::HttpRequest request;
    request.method = method;
    request.url = options_.url + path;
    request.headers.emplace("authorization", "Bearer " + *token);
    if (!body.empty()) request.headers.emplace("content-type", "application/json");
    request.body = std::move(body);
    request.timeout = kRequestTimeout;
    auto answer = transport_->send(request, stop);
    if (!answer) return base::failure(without_arguments(std::move(answer.error()), request.url));
    return answer;
  }

  // What this proxy says of itself fills a screen, and differs from one poll to the next: neither
  // is for the log.
  static base::Error without_arguments(base::Error error, std::string_view url) {
    const std::string_view arguments = url.substr(std::min(url.find('?'), url.size()));
    const std::size_t at = arguments.empty() ? std::string::npos : error.message.find(arguments);
    if (at != std::string::npos) error.message.erase(at, arguments.size());
    return error;
  }

  void settle(const base::Status& settled) {
    if (!settled) return report(settled.error());
    if (flow_.is_rejecting()) return;
    if (!said_.empty()) spdlog::info("following {} again", options_.url);
    said_.clear();
  }

  void failed(const base::Error& error, const std::stop_token& stop) {
    if (stop.stop_requested()) return;
    flow_.on_failed(error, jitter());
    report(error);
  }

  void report(const base::Error& error) {
    ++failed_polls_;
    const char* const meanwhile =
        flow_.live() == nullptr ? "there is no configuration yet" : "the last good one stays";
    const auto level = is_news(error.message) ? spdlog::level::warn : spdlog::level::debug;
    spdlog::log(level, "following {}: {}; {}, {}", options_.url, error.message, meanwhile,
                what_next(flow_.next()));
  }

  void say_once(spdlog::level::level_enum level, const std::string& sentence) {
    spdlog::log(is_news(sentence) ? level : spdlog::level::debug, sentence);
  }

  // The same again is not, until all is well in between; the metrics count it.
  bool is_news(const std::string& sentence) {
    if (said_.size() >= kSaidMax) said_.clear();
    return said_.insert(sentence).second;
  }

  double jitter() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  ControlOptions options_;
  TransportFactory make_transport_;
  ConfigSink& sink_;
  ControlFlow flow_;
  CredentialFile ca_file_;
  CredentialFile token_file_;
  std::string ca_pem_;
  std::unique_ptr<base::HttpTransport> transport_;
  std::mt19937 random_;
  std::chrono::steady_clock::time_point ticket_keys_due_{};
  std::set<std::string> said_;  // since all was well
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> rejected_{0};
  std::atomic<std::uint64_t> failed_polls_{0};
  std::jthread thread_;  // last: it uses the others
};

base::Status check(const ControlOptions& options) {
  const bool is_url = options.url.starts_with("https://") && options.url.size() > 8;
  if (!is_url) {
    return base::failure(base::ErrorKind::invalid,
                         "the operator's URL \"" + options.url + "\" must start with https://");
  }
  if (options.ca_file.empty() || options.token_file.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         "--control-ca-file and --control-token-file are both needed with "
                         "--control-url: they say which operator to trust, and who we are to it");
  }
  // What can be seen to be wrong at the start; when it breaks later, the last good content serves.
  auto ca = CredentialFile(options.ca_file, check_ca_bundle).read();
  auto token = CredentialFile(options.token_file, check_token).read();
  for (const auto* const content : {&ca, &token}) {
    if (!*content) return base::failure(base::ErrorKind::invalid, content->error().message);
  }
  return {};
}

std::unique_ptr<base::HttpTransport> make_transport(const std::string& ca_pem) {
  base::CurlOptions options;
  options.user_agent = "gatehouse-proxy";
  options.ca_pem = ca_pem;
  options.connect_timeout = kConnectTimeout;
  options.body_bytes_max = config::kDocumentBytesMax;
  options.use_environment_proxy = false;  // the operator is in the same cluster
  return base::make_curl_transport(std::move(options));
}

}  // namespace

base::Result<std::unique_ptr<ControlClient>> ControlClient::start(const ControlOptions& options,
                                                                  ConfigSink& sink,
                                                                  std::optional<KeptState> kept) {
  return start_with(options, make_transport, sink, std::move(kept));
}

base::Result<std::unique_ptr<ControlClient>> ControlClient::start_with(
    const ControlOptions& options, TransportFactory factory, ConfigSink& sink,
    std::optional<KeptState> kept) {
  auto checked = check(options);
  if (!checked) return base::failure(std::move(checked.error()));
  auto client = std::make_unique<PollingControlClient>(options, std::move(factory), sink);
  if (kept) client->begin_with(std::move(*kept));
  client->run_thread();
  return client;
}

}  // namespace proxy::control
