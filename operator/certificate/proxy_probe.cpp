#include "operator/certificate/proxy_probe.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>

#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "base/ip_text.h"

namespace certificate {

namespace {

std::uint16_t port_named(const kube::EndpointSlice& slice, const std::string& name) {
  for (const kube::EndpointPort& port : slice.ports) {
    if (port.name == name && port.port > 0 && port.port <= 65535) {
      return static_cast<std::uint16_t>(port.port);
    }
  }
  return 0;
}

bool is_ipv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

std::string authority(const std::string& address, std::uint16_t port) {
  return (is_ipv6(address) ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

// A host as it stands in a URL and in the Host header (RFC 8738 §4: the address literal).
std::string url_host(const std::string& host) {
  return is_ipv6(host) ? "[" + host + "]" : host;
}

}  // namespace

std::vector<ProxyEndpoint> ready_proxies(
    const std::vector<std::shared_ptr<const kube::EndpointSlice>>& slices,
    const kube::ObjectKey& service) {
  std::set<ProxyEndpoint> found;
  std::set<std::size_t> pods;
  for (const auto& slice : slices) {
    if (slice->service() != service || slice->address_type == "FQDN") continue;
    const std::uint16_t http = port_named(*slice, "http");
    const std::uint16_t https = port_named(*slice, "https");
    if (http == 0 && https == 0) continue;
    for (const kube::Endpoint& endpoint : slice->endpoints) {
      if (!endpoint.is_ready() || endpoint.is_terminating() || endpoint.addresses.empty()) continue;
      // Further addresses are the same Pod again (KEP-752: consumers use the first).
      // So is the other slice of a dual-stack Service.
      if (endpoint.target != 0 && !pods.insert(endpoint.target).second) continue;
      found.insert({endpoint.addresses.front(), http, https});
    }
  }
  return {found.begin(), found.end()};
}

ProxyProbe::ProxyProbe(ProxyProbeOptions options, kube::Store<kube::EndpointSlice>& slices,
                       base::HttpTransport& transport, ReadServed read_served,
                       const base::Clock& clock, prometheus::Registry& registry,
                       std::stop_token stop)
    : options_(std::move(options)),
      slices_(slices),
      transport_(transport),
      read_served_(std::move(read_served)),
      clock_(clock),
      unreachable_(prometheus::BuildGauge()
                       .Name("gatehouse_proxy_unreachable")
                       .Help("Ready proxies that the operator cannot reach")
                       .Register(registry)),
      stop_(std::move(stop)) {
  slices_.add_index(kByService, [](const kube::EndpointSlice& slice) {
    return std::vector<std::string>{slice.service().text()};
  });
  slices_.add_listener([this](const kube::ObjectChange<kube::EndpointSlice>& change) {
    const auto is_ours = [this](const std::shared_ptr<const kube::EndpointSlice>& slice) {
      return slice && slice->service() == options_.service;
    };
    if (!is_ours(change.before) && !is_ours(change.after)) return;
    std::string seen = proxies();
    {
      const std::lock_guard lock(mutex_);
      if (seen == last_seen_) return;
      last_seen_ = std::move(seen);
    }
    if (listener_) listener_();
  });
}

std::vector<ProxyEndpoint> ProxyProbe::ready() const {
  return ready_proxies(slices_.find(kByService, options_.service.text()), options_.service);
}

std::string ProxyProbe::proxies() const {
  std::string text;
  for (const ProxyEndpoint& proxy : ready()) {
    text += (text.empty() ? "" : ",") + proxy.address + "/" + std::to_string(proxy.http_port) +
            "/" + std::to_string(proxy.https_port);
  }
  return text;
}

// Nobody there, or nobody who speaks; a refusal in TLS is an answer.
ProxyProbe::Answer ProxyProbe::not_heard(const std::string& place, const base::Error& error) {
  return {place + ": " + error.message, error.kind == base::ErrorKind::unavailable};
}

ProxyAnswers ProxyProbe::check_challenge(const std::string& host, const std::string& token,
                                         const std::string& key_authorization) {
  base::HttpRequest request;
  // RFC 9110 §7.6.2: a proxy that does not have the token answers for itself. It would else ask the
  // Ingress's own Pods, for whom the question is not.
  request.method = "OPTIONS";
  request.headers.emplace("max-forwards", "0");
  request.url = "http://" + url_host(host) + "/.well-known/acme-challenge/" + token;
  request.timeout = options_.timeout;
  return ask_all(ready(), [&](const ProxyEndpoint& proxy) -> Answer {
    if (proxy.http_port == 0) return {proxy.address + ": the Service has no port named http"};
    base::HttpRequest asked = request;
    asked.connect_to = authority(proxy.address, proxy.http_port);
    const auto response = transport_.send(asked, stop_);
    if (!response) return not_heard(asked.connect_to, response.error());
    if (response->status != 200) {
      return {asked.connect_to + ": HTTP " + std::to_string(response->status)};
    }
    // RFC 8555 §8.3: the server ignores white space at the end; a proxy of ours sends none.
    if (response->body != key_authorization) return {asked.connect_to + ": another answer"};
    return {};
  });
}

ProxyAnswers ProxyProbe::check_serial(const std::string& host, const std::string& serial) {
  // An address literal is no server name (RFC 6066 §3).
  const std::string server_name = base::ip_bytes_from_text(host) ? std::string() : host;
  return ask_all(ready(), [&](const ProxyEndpoint& proxy) -> Answer {
    if (proxy.https_port == 0) return {proxy.address + ": the Service has no port named https"};
    const auto leaf =
        read_served_(proxy.address, proxy.https_port, server_name, options_.timeout, stop_);
    const std::string place = authority(proxy.address, proxy.https_port);
    if (!leaf) return not_heard(place, leaf.error());
    if (leaf->serial != serial) return {place + ": serves serial " + leaf->serial};
    return {};
  });
}

ProxyProbe::Answer ProxyProbe::ask(const ProxyEndpoint& proxy, const Question& question) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = deaf_.find(proxy);
    if (found != deaf_.end() && clock_.steady_now() < found->second.until) {
      return {found->second.problem, true};
    }
  }
  Answer answer = question(proxy);
  if (note(proxy, answer)) {
    spdlog::warn("a ready proxy cannot be reached: {}", answer.problem);
    if (unreachable_listener_) unreachable_listener_(answer.problem);
  }
  return answer;
}

// Whether it is news that this proxy cannot be reached.
bool ProxyProbe::note(const ProxyEndpoint& proxy, const Answer& answer) {
  const std::lock_guard lock(mutex_);
  if (!answer.is_silent) {
    if (deaf_.erase(proxy) != 0) {
      spdlog::info("the proxy at {} is reached again", proxy.address);
      unreachable_.Add({{"proxy", proxy.address}}).Set(0);
    }
    return false;
  }
  const auto [entry, is_new] = deaf_.try_emplace(proxy);
  Deaf& deaf = entry->second;
  deaf.pause = is_new ? options_.deaf_first : std::min(deaf.pause * 2, options_.deaf_max);
  deaf.until = clock_.steady_now() + deaf.pause;
  deaf.problem = answer.problem;
  if (is_new) unreachable_.Add({{"proxy", proxy.address}}).Set(1);
  return is_new;
}

// What is remembered has the bound of what is ready.
void ProxyProbe::forget_others(const std::vector<ProxyEndpoint>& proxies) {
  const std::lock_guard lock(mutex_);
  std::erase_if(deaf_, [&](const auto& entry) {
    if (std::binary_search(proxies.begin(), proxies.end(), entry.first)) return false;
    unreachable_.Remove(&unreachable_.Add({{"proxy", entry.first.address}}));
    return true;
  });
}

ProxyAnswers ProxyProbe::ask_all(const std::vector<ProxyEndpoint>& proxies,
                                 const Question& question) {
  forget_others(proxies);
  std::vector<Answer> answers(proxies.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < proxies.size(); i = next++) {
      answers[i] = ask(proxies[i], question);
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t at_once = std::min(proxies.size(), options_.at_once_max);
    for (std::size_t i = 1; i < at_once; ++i) helpers.emplace_back(work);
    work();
  }
  ProxyAnswers result;
  result.ready = proxies.size();
  for (Answer& answer : answers) {
    if (answer.is_silent) ++result.silent;
    if (answer.problem.empty()) {
      ++result.right;
    } else if (result.problems.size() < options_.problems_max) {
      result.problems.push_back(std::move(answer.problem));
    }
  }
  return result;
}

}  // namespace certificate
