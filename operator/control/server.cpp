#include "operator/control/server.h"

#include <algorithm>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "base/base64url.h"
#include "base/digest.h"
#include "operator/control/ticket_secrets.h"
#include "proxy/config/wire.h"

namespace control {
namespace {

constexpr const char* kConfigPath = "/v1/config";
constexpr const char* kCertificatesPath = "/v1/certificates";
constexpr const char* kTicketKeysPath = "/v1/ticket-keys";
constexpr std::size_t kHashesMax = 10'000;
constexpr std::size_t kRejectionsMax = 1024;
constexpr std::size_t kTokenBytesMax = 16u << 10;
// Between two refusals that are logged as news: strangers of many addresses must not fill the log.
constexpr std::chrono::seconds kRefusalsTold{1};
constexpr std::size_t kReplicaBytes = 12;  // random ones: no two are the same

base::HttpResponse text(int status, std::string sentence) {
  base::HttpResponse response;
  response.status = status;
  response.headers.emplace("content-type", "text/plain; charset=utf-8");
  if (status == 401) response.headers.emplace("www-authenticate", "Bearer");
  if (status == 503) response.headers.emplace("retry-after", "1");
  response.body = std::move(sentence) + "\n";
  return response;
}

// Each proxy is sent the same state, of megabytes in a large cluster.
base::ServedAnswer json(std::shared_ptr<const std::string> body) {
  base::HttpResponse head;
  head.status = 200;
  head.headers.emplace("content-type", "application/json");
  head.headers.emplace("cache-control", "no-store");
  return {std::move(head), std::move(body)};
}

base::ServedAnswer json(std::string body) {
  return json(std::make_shared<const std::string>(std::move(body)));
}

// RFC 6750 §2.1; empty when there is none.
std::string bearer_token(const base::ServedRequest& request) {
  const auto header = request.headers.find("authorization");
  if (header == request.headers.end()) return {};
  const std::string& value = header->second;
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size() || value.size() > kTokenBytesMax) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = value[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kScheme[i]) return {};
  }
  return value.substr(kScheme.size());
}

std::string short_revision(const std::string& revision) {
  return revision.substr(0, 12);
}

}  // namespace

// gatehouse_control_requests_total{answer}, gatehouse_control_connections_cut_off_total{why},
// gatehouse_control_rejections_total,
// gatehouse_control_proxies, gatehouse_control_proxy_up_to_date{proxy},
// gatehouse_control_revisions_total.
class Server::Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry)
      : requests_(prometheus::BuildCounter()
                      .Name("gatehouse_control_requests_total")
                      .Help("Requests to the control API by how they were answered.")
                      .Register(registry)),
        cut_off_(prometheus::BuildCounter()
                     .Name("gatehouse_control_connections_cut_off_total")
                     .Help("Connections to the control API that were ended before their client "
                           "wanted, by why.")
                     .Register(registry)),
        rejections_(prometheus::BuildCounter()
                        .Name("gatehouse_control_rejections_total")
                        .Help("Configurations that a proxy refused.")
                        .Register(registry)
                        .Add({})),
        revisions_(prometheus::BuildCounter()
                       .Name("gatehouse_control_revisions_total")
                       .Help("Configurations published to the proxies.")
                       .Register(registry)
                       .Add({})),
        proxies_(prometheus::BuildGauge()
                     .Name("gatehouse_control_proxies")
                     .Help("Proxies that asked for the configuration lately.")
                     .Register(registry)
                     .Add({})),
        up_to_date_(prometheus::BuildGauge()
                        .Name("gatehouse_control_proxy_up_to_date")
                        .Help("1 for a proxy that serves the newest configuration, by its name.")
                        .Register(registry)) {}

  void count_cut_off(const char* why) { cut_off_.Add({{"why", why}}).Increment(); }
  void count(const char* answer) { requests_.Add({{"answer", answer}}).Increment(); }
  void count_rejection() { rejections_.Increment(); }
  void count_revision() { revisions_.Increment(); }
  void show_proxies(std::size_t count, const std::map<std::string, bool>& up_to_date) {
    proxies_.Set(static_cast<double>(count));
    std::erase_if(shown_, [&](const auto& entry) {
      const bool is_gone = !up_to_date.contains(entry.first);
      if (is_gone) up_to_date_.Remove(entry.second);
      return is_gone;
    });
    for (const auto& [name, is_live] : up_to_date) {
      auto& gauge = shown_[name];
      if (gauge == nullptr) gauge = &up_to_date_.Add({{"proxy", name}});
      gauge->Set(is_live ? 1 : 0);
    }
  }

 private:
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Counter>& cut_off_;
  prometheus::Counter& rejections_;
  prometheus::Counter& revisions_;
  prometheus::Gauge& proxies_;
  prometheus::Family<prometheus::Gauge>& up_to_date_;
  std::map<std::string, prometheus::Gauge*> shown_;  // of up_to_date_, by name
};

Server::Server(Options options, Authenticator& authenticator, const base::Clock& clock,
               prometheus::Registry& registry)
    : options_(std::move(options)),
      authenticator_(authenticator),
      clock_(clock),
      replica_(base::base64url_encode(base::random_bytes(kReplicaBytes))),
      metrics_(std::make_unique<Metrics>(registry)),
      reviews_(options_.reviews) {}

Server::~Server() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  // Polls and requests that wait are answered by the HTTP server's own last words.
  http_.reset();
}

base::Result<std::unique_ptr<Server>> Server::listen(Options options, Authenticator& authenticator,
                                                     const base::Clock& clock,
                                                     prometheus::Registry& registry) {
  std::unique_ptr<Server> server(new Server(options, authenticator, clock, registry));
  Server& self = *server;
  options.http.name = "the control API";
  options.http.on_cut_off = [metrics = self.metrics_.get()](const char* why) {
    metrics->count_cut_off(why);
  };
  auto http = base::HttpServer::listen(options.http,
                                       [&self](base::ServedRequest request, base::Respond respond) {
                                         self.take(std::move(request), std::move(respond));
                                       });
  if (!http) return base::failure(base::while_doing("serving the control API", http.error()));
  server->http_ = std::move(*http);
  for (std::size_t i = 0; i < options.checkers; ++i) {
    server->threads_.emplace_back(
        [&self](const std::stop_token& stop) { self.check_tokens(stop); });
  }
  for (std::size_t i = 0; i < options.renewers; ++i) {
    server->threads_.emplace_back(
        [&self](const std::stop_token& stop) { self.renew_verdicts(stop); });
  }
  server->threads_.emplace_back(
      [&self](const std::stop_token& stop) { self.end_overdue_polls(stop); });
  return server;
}

std::uint16_t Server::port() const {
  return http_->port();
}

std::string Server::revision() const {
  const std::lock_guard lock(mutex_);
  return editions_.revision();
}

std::vector<Acknowledgement> Server::proxies() const {
  const std::lock_guard lock(mutex_);
  std::vector<Acknowledgement> all;
  for (const auto& [proxy, acknowledgement] : acknowledgements_) all.push_back(acknowledgement);
  return all;
}

bool Server::is_live_everywhere() {
  const std::lock_guard lock(mutex_);
  return std::all_of(acknowledgements_.begin(), acknowledgements_.end(),
                     [this](const auto& entry) { return is_up_to_date(entry.second); });
}

// With the lock held.
bool Server::is_up_to_date(const Acknowledgement& proxy) {
  return proxy.revision == editions_.revision_for(proxy.dialect);
}

std::string Server::publish(std::shared_ptr<const proxy::config::ProxyConfig> config) {
  std::vector<std::pair<base::Respond, std::shared_ptr<const std::string>>> answers;
  std::string revision;
  {
    const std::lock_guard lock(mutex_);
    if (!editions_.publish(std::move(config))) return editions_.revision();
    revision = editions_.revision();
    show_proxies();
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
      const PollQuery& query = waiting->query;
      auto answer = editions_.answer(query.dialect, query.after, query.rejected);
      if (!answer) {  // it has this revision already, or has refused it
        ++waiting;
        continue;
      }
      answers.emplace_back(std::move(waiting->respond), std::move(answer));
      waiting = waiting_.erase(waiting);
    }
  }
  metrics_->count_revision();
  for (auto& [respond, answer] : answers) {
    metrics_->count("delta");
    respond(signed_by_us(json(answer)));
  }
  spdlog::debug("publishing configuration {} to the proxies: {} were waiting",
                short_revision(revision), answers.size());
  return revision;
}

// ---- Requests

void Server::take(base::ServedRequest request, base::Respond respond) {
  const bool is_post = request.path == kCertificatesPath;
  if (!is_post && request.path != kConfigPath && request.path != kTicketKeysPath) {
    metrics_->count("not_found");
    return respond(text(404, "there is nothing at this path"));
  }
  if (request.method != (is_post ? "POST" : "GET")) {
    metrics_->count("bad_request");
    return respond(text(405, is_post ? "only POST is served here" : "only GET is served here"));
  }
  std::string token = bearer_token(request);
  if (token.empty()) {
    metrics_->count("denied");
    return respond(text(401, "a ServiceAccount token is needed: Authorization: Bearer TOKEN"));
  }
  if (const auto verdict = authenticator_.remembered(token)) {
    return settle(*verdict, request, std::move(respond));
  }
  wait_for_verdict(std::move(token), std::move(request), std::move(respond));
}

void Server::wait_for_verdict(std::string token, base::ServedRequest request,
                              base::Respond respond) {
  base::Respond turned_away = std::move(respond);
  {
    const std::lock_guard lock(mutex_);
    const ReviewQueue::Ticket ticket = ++next_ticket_;
    // A poll has no body, so nobody's bodies keep one away.
    const std::size_t body = request.body.size();
    const bool fits = body == 0 || unchecked_bytes_ + body <= options_.unchecked_bytes_max;
    ReviewQueue::Added added;
    if (fits) {
      added =
          reviews_.add(ticket, {request.peer_origin, request.peer_address}, clock_.steady_now());
    }
    if (added.has_place) {
      unchecked_bytes_ += body;
      unchecked_[ticket] = {std::move(token), std::move(request), std::move(turned_away)};
      changed_.notify_all();
      if (!added.made_room) return;
      turned_away = std::move(take_unchecked(*added.made_room).respond);
    }
  }
  metrics_->count("overloaded");
  turned_away(text(503, "too many callers are new at once"));
}

// Blocks until somebody is to be asked about; nothing when it is time to stop.
std::optional<ReviewQueue::Ticket> Server::next_ticket(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const base::SteadyTime now = clock_.steady_now();
    if (const auto ticket = reviews_.take(now)) return ticket;
    const auto wait = std::min<base::SteadyTime::duration>(reviews_.next_at(now) - now, kWaitMax);
    const ReviewQueue::Ticket known = next_ticket_;
    changed_.wait_for(lock, stop, wait, [&] { return next_ticket_ != known; });
  }
  return std::nullopt;
}

void Server::check_tokens(const std::stop_token& stop) {
  while (const auto ticket = next_ticket(stop)) {
    std::string token;
    {
      const std::lock_guard lock(mutex_);
      const auto found = unchecked_.find(*ticket);
      // Another thread has asked about the same token meanwhile.
      if (found == unchecked_.end()) continue;
      token = found->second.token;
    }
    const Verdict verdict = authenticator_.check(token, stop);
    for (Unchecked& one : take_unchecked(token)) {
      settle(verdict, one.request, std::move(one.respond));
    }
  }
}

// With the lock held; it is off the queue.
Server::Unchecked Server::take_unchecked(ReviewQueue::Ticket ticket) {
  auto taken = unchecked_.extract(ticket);
  unchecked_bytes_ -= taken.mapped().request.body.size();
  return std::move(taken.mapped());
}

// All that wait with this token: a new proxy asks three things at once.
std::vector<Server::Unchecked> Server::take_unchecked(const std::string& token) {
  std::vector<Unchecked> taken;
  const std::lock_guard lock(mutex_);
  std::erase_if(unchecked_, [&](auto& entry) {
    if (entry.second.token != token) return false;
    reviews_.drop(entry.first);
    unchecked_bytes_ -= entry.second.request.body.size();
    taken.push_back(std::move(entry.second));
    return true;
  });
  return taken;
}

void Server::renew_verdicts(const std::stop_token& stop) {
  std::mutex unshared;
  std::condition_variable_any stopped;
  while (!stop.stop_requested()) {
    const base::SteadyTime next = authenticator_.renew_one(stop);
    std::unique_lock lock(unshared);
    const auto wait = std::min<base::SteadyTime::duration>(next - clock_.steady_now(), kWaitMax);
    stopped.wait_for(lock, stop, wait, [] { return false; });
  }
}

void Server::settle(const Verdict& verdict, const base::ServedRequest& request,
                    base::Respond respond) {
  if (!verdict.is_allowed()) {
    metrics_->count(verdict.status == 503 ? "unavailable" : "denied");
    log_refusal(verdict, request);
    return respond(text(verdict.status, verdict.problem));
  }
  {
    const std::lock_guard lock(mutex_);
    reviews_.note_known(request.peer_origin, clock_.steady_now());
  }
  if (request.path == kConfigPath) {
    poll(verdict, request, std::move(respond));
  } else if (request.path == kTicketKeysPath) {
    give_ticket_keys(respond);
  } else {
    give_certificates(request, respond);
  }
}

void Server::log_refusal(const Verdict& verdict, const base::ServedRequest& request) {
  const std::string refusal = request.peer_address + verdict.problem;
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    const base::SteadyTime now = clock_.steady_now();
    is_news = now >= refusals_again_ && std::exchange(last_refusal_, refusal) != refusal;
    if (is_news) refusals_again_ = now + kRefusalsTold;
  }
  spdlog::log(is_news ? spdlog::level::warn : spdlog::level::debug,
              "refusing {} to a caller at {} with HTTP {}: {}", request.path, request.peer_address,
              verdict.status, verdict.problem);
}

void Server::poll(const Verdict& verdict, const base::ServedRequest& request,
                  base::Respond respond) {
  auto query = read_poll_query(request.query);
  if (!query) {
    metrics_->count("bad_request");
    return respond(text(400, query.error().message));
  }
  // Told before the answer can go out: whoever has the answer may rely on it.
  const std::string proxy = verdict.proxy + " at " + request.peer_address;
  const std::string& name = query->proxy.empty() ? verdict.proxy : query->proxy;
  if (note(proxy, name, *query) && options_.on_acknowledged) options_.on_acknowledged();
  std::shared_ptr<const std::string> answer;
  {
    const std::lock_guard lock(mutex_);
    answer = editions_.answer(query->dialect, query->after, query->rejected);
    // Said again after the wait, in end_overdue_polls(); anything else goes out at once.
    const bool is_doubted = answer && query->wait.count() > 0 &&
                            query->doubted == editions_.revision_for(query->dialect);
    if ((!answer || is_doubted) && waiting_.size() < options_.waiting_max) {
      const base::SteadyTime deadline = clock_.steady_now() + query->wait;
      waiting_.push_back({std::move(*query), deadline, std::move(respond)});
      respond = nullptr;
      ++polls_begun_;
      changed_.notify_all();
    }
  }
  if (!respond) return;
  metrics_->count(answer ? "delta" : "overloaded");
  respond(answer ? signed_by_us(json(answer)) : text(503, "too many polls are waiting"));
}

// Remembers what the poll says; true when the present state is live in that proxy.
bool Server::note(const std::string& proxy, const std::string& name, const PollQuery& query) {
  bool is_new = false;
  bool is_news = false;
  bool is_live = false;
  {
    const std::lock_guard lock(mutex_);
    const base::WallTime now = clock_.now();
    std::erase_if(acknowledgements_, [&](const auto& entry) {
      return now - entry.second.at > options_.proxy_forgotten_after;
    });
    is_new = !acknowledgements_.contains(proxy);
    acknowledgements_[proxy] = {proxy, name, query.after, now, query.dialect};
    show_proxies();
    is_live = !query.after.empty() && query.after == editions_.revision_for(query.dialect);
    if (!query.rejected.empty()) {
      if (rejections_.size() >= kRejectionsMax) rejections_.clear();
      is_news = rejections_.insert({proxy, query.rejected}).second;
    }
  }
  if (is_new) spdlog::info("proxy {} ({}) follows", name, proxy);
  if (is_news) {
    metrics_->count_rejection();
    spdlog::error("proxy {} ({}) refuses configuration {} and keeps {}: {}", name, proxy,
                  short_revision(query.rejected),
                  query.after.empty() ? "none" : short_revision(query.after),
                  query.reason.empty() ? "it gave no reason" : query.reason);
  }
  return is_live;
}

// With the lock held.
void Server::show_proxies() {
  std::map<std::string, bool> up_to_date;
  for (const auto& [proxy, acknowledgement] : acknowledgements_) {
    const bool is_live = is_up_to_date(acknowledgement);
    // Two that share a name (no Pods, one host) are up to date when both are.
    const auto [entry, is_first] = up_to_date.emplace(acknowledgement.name, is_live);
    if (!is_first) entry->second = entry->second && is_live;
  }
  metrics_->show_proxies(acknowledgements_.size(), up_to_date);
}

void Server::give_certificates(const base::ServedRequest& request, const base::Respond& respond) {
  const auto hashes = proxy::config::hashes_from_json(request.body);
  if (!hashes || hashes->size() > kHashesMax) {
    metrics_->count("bad_request");
    return respond(
        text(400, hashes ? "too many hashes are asked for at once" : hashes.error().message));
  }
  metrics_->count("certificates");
  respond(json(certificates_for(request.body, *hashes)));
}

// Proxies that start together ask for the same ones; the answer is kept while one of them is being
// sent it, and no longer, for it has keys.
std::shared_ptr<const std::string> Server::certificates_for(
    const std::string& question, const std::vector<std::string>& hashes) {
  std::string asked = base::sha256(question);
  proxy::config::CertificatesByHash found;
  {
    const std::lock_guard lock(mutex_);
    asked += editions_.revision();  // which may have brought some of them
    auto known = asked == certificates_asked_ ? certificates_answer_.lock() : nullptr;
    if (known) return known;
    found = editions_.find_certificates(hashes);
  }
  auto answer = std::make_shared<const std::string>(proxy::config::certificates_to_json(found));
  const std::lock_guard lock(mutex_);
  certificates_asked_ = std::move(asked);
  certificates_answer_ = answer;
  return answer;
}

void Server::give_ticket_keys(const base::Respond& respond) {
  // Every replica has this key, or will in a moment; it is replaced a few times a year, and with it
  // all of these.
  const std::string secret = options_.http.tls ? options_.http.tls().key_pem : std::string();
  if (secret.empty()) {
    metrics_->count("unavailable");
    return respond(text(503, "there is no secret yet to derive them from"));
  }
  metrics_->count("ticket_keys");
  respond(json(proxy::config::ticket_keys_to_json(ticket_keys_at(secret, clock_.now()))));
}

// ---- Time

base::ServedAnswer Server::timeout_answer() const {
  if (editions_.revision().empty()) {
    return text(503, "the operator has not read the whole cluster yet");
  }
  base::HttpResponse nothing_newer;
  nothing_newer.status = 304;
  return signed_by_us(std::move(nothing_newer));
}

base::ServedAnswer Server::signed_by_us(base::ServedAnswer answer) const {
  base::HttpHeaders& headers = answer.response.headers;
  headers.emplace(proxy::config::kReplicaHeader, replica_);
  const std::size_t proxies = ready_proxies_;
  if (proxies != 0) {
    headers.emplace(proxy::config::kProxiesHeader, std::to_string(proxies));
  }
  return answer;
}

void Server::end_overdue_polls(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const base::SteadyTime now = clock_.steady_now();
    std::vector<std::pair<base::Respond, base::ServedAnswer>> overdue;
    base::SteadyTime next = now + kWaitMax;
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
      if (waiting->deadline > now) {
        next = std::min(next, waiting->deadline);
        ++waiting;
        continue;
      }
      const PollQuery& query = waiting->query;
      const auto answer = editions_.answer(query.dialect, query.after, query.rejected);
      overdue.emplace_back(std::move(waiting->respond),
                           answer ? signed_by_us(json(answer)) : timeout_answer());
      waiting = waiting_.erase(waiting);
    }
    if (!overdue.empty()) {
      lock.unlock();
      for (const auto& [respond, answer] : overdue) {
        metrics_->count(answer.response.status == 200 ? "delta" : "nothing_newer");
        respond(answer);
      }
      lock.lock();
      continue;
    }
    const unsigned known = polls_begun_;
    changed_.wait_for(lock, stop, next - now, [&] { return polls_begun_ != known; });
  }
}

}  // namespace control
