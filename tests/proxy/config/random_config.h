#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/config/fields.h"
#include "proxy/config/model.h"

namespace proxy::config {

// Random valid states over few names, so that two of them share, differ and lack entries. What a
// value is made of comes from the fields' list: a field that is added there is here, too.
class RandomConfig {
 public:
  explicit RandomConfig(unsigned seed) : random_(seed) {}

  ProxyConfig next() {
    ProxyConfig config;
    for (const char* id : {"ns/a:80", "ns/b:http", "ns/c:443"}) {
      if (coin()) config.clusters[id] = std::make_shared<const Cluster>(value<Cluster>(config));
    }
    for (const char* id : {"g1", "g2"}) {
      if (coin()) config.guards[id] = std::make_shared<const Guards>(value<Guards>(config));
    }
    for (const char* id : {"s1", "s2"}) {
      if (coin()) config.shapes[id] = std::make_shared<const Shape>(value<Shape>(config));
    }
    for (const char* name : {"", "shop.example", "*.shop.example", "b.example", "127.0.0.1"}) {
      if (coin())
        config.hosts[name] = std::make_shared<const VirtualHost>(value<VirtualHost>(config));
    }
    for (const char* id : {"ns/tls-a", "ns/tls-b", "ns/tls-c"}) {
      if (!coin()) continue;
      config.certificates[id] = std::make_shared<const Certificate>(value<Certificate>(config));
      if (coin()) config.sni["n" + std::to_string(up_to(2)) + ".example"] = id;
    }
    for (const char* token : {"tok_1", "tok-2"}) {
      if (!coin()) continue;
      auto answer = value<ChallengeAnswer>(config);
      const auto key_authorization = [&] {
        return std::string(token) + "." + (coin() ? "x" : "y");
      };
      answer.key_authorization = key_authorization();
      // Each host once, in their order.
      std::map<std::string, OtherAnswer> others;
      for (OtherAnswer& other : answer.others) {
        other.key_authorization = key_authorization();
        if (other.host != answer.host) others.insert_or_assign(other.host, other);
      }
      answer.others.clear();
      for (auto& [host, other] : others) answer.others.push_back(std::move(other));
      config.challenges[token] = std::make_shared<const ChallengeAnswer>(std::move(answer));
    }
    if (coin()) config.arrivals[""] = std::make_shared<const Arrivals>(value<Arrivals>(config));
    return config;
  }

 private:
  unsigned up_to(unsigned max) { return std::uniform_int_distribution<unsigned>(0, max)(random_); }
  bool coin() { return up_to(1) == 1; }

  template <HasFields T>
  T value(const ProxyConfig& config) {
    T value;
    fill(value, config);
    return value;
  }

  template <HasFields T>
  void fill(T& value, const ProxyConfig& config) {
    for_each_field<T>(
        [&](const auto& field, bool, auto& member) {
          if (field.presence == Presence::when_set && !is_action(member) && coin()) return;
          fill(field.rule, member, config);
        },
        value);
  }

  template <class Value>
  static constexpr bool is_action(const Value&) {
    return std::is_same_v<Value, Action>;
  }

  void fill(const Flag&, bool& value, const ProxyConfig&) { value = coin(); }
  void fill(const Number& rule, std::uint64_t& value, const ProxyConfig&) {
    value = coin() ? rule.max : std::min<std::uint64_t>(rule.max, up_to(3));
  }
  void fill(const Status&, int& value, const ProxyConfig&) { value = coin() ? 503 : 404; }
  void fill(const RedirectStatus&, int& value, const ProxyConfig&) { value = coin() ? 301 : 308; }
  void fill(const PageStatus&, int& value, const ProxyConfig&) { value = coin() ? 200 : 404; }
  void fill(const Timeout&, std::chrono::milliseconds& value, const ProxyConfig&) {
    value = coin() ? std::chrono::milliseconds(1 + up_to(2000)) : std::chrono::hours(1);
  }
  void fill(const Text&, std::string& value, const ProxyConfig&) {
    value = std::string(up_to(3), coin() ? 'x' : '"');
  }
  void fill(const Path&, std::string& value, const ProxyConfig&) {
    value = std::vector<std::string>{"/", "/a", "/b/c/", "/caf\xc3\xa9"}[up_to(3)];
  }
  void fill(const PathTemplate&, std::string& value, const ProxyConfig&) {
    value = std::vector<std::string>{"", "/", "/$2", "/index.php?path=$1"}[up_to(3)];
  }
  void fill(const FieldValue&, std::string& value, const ProxyConfig&) {
    value = std::vector<std::string>{"", "/pay", "a b"}[up_to(2)];
  }
  void fill(const Reason&, std::string& value, const ProxyConfig&) {
    value = coin() ? "service_not_found" : "x";
  }
  void fill(const Pem&, base::PemText& value, const ProxyConfig&) {
    value = "PEM " + std::to_string(up_to(2));
    if (coin()) return;
    // As it is held where it was read, which makes no difference.
    const std::string leaf = base::write_pem({"CERTIFICATE", std::string(1 + up_to(80), 'l')});
    value = base::PemText::small(leaf + base::write_pem({"CERTIFICATE", "issuer"}));
  }
  void fill(const GuardsId&, std::string& value, const ProxyConfig& config) {
    if (config.guards.empty()) return;
    value = config.guards.begin()->first;
  }
  void fill(const ShapeId&, std::string& value, const ProxyConfig& config) {
    if (!config.shapes.empty()) value = config.shapes.begin()->first;
  }
  void fill(const Token&, std::string& value, const ProxyConfig&) {
    value = coin() ? "X-Canary" : "";
  }
  void fill(const ClusterId&, std::string& value, const ProxyConfig& config) {
    value = config.clusters.begin()->first;
  }
  void fill(const ClusterIdOrNone&, std::string& value, const ProxyConfig& config) {
    if (!config.clusters.empty()) fill(ClusterId{}, value, config);
  }
  void fill(const List&, std::vector<Split>& value, const ProxyConfig& config) {
    if (!config.clusters.empty() && coin()) fill(value.emplace_back(), config);
  }
  void fill(const Part&, base::Rare<Passthrough>& value, const ProxyConfig& config) {
    if (!config.clusters.empty()) fill(value.emplace(), config);
  }
  void fill(const FieldName&, std::string& value, const ProxyConfig&) {
    value = coin() ? "X-Frame-Options" : "server";
  }
  void fill(const Statuses&, std::vector<int>& value, const ProxyConfig&) {
    for (const int status : {404, 502, 503}) {
      if (coin()) value.push_back(status);
    }
  }
  // Whoever makes pages has to be there.
  void fill(const Part&, base::Rare<ErrorPages>& value, const ProxyConfig& config) {
    if (!config.clusters.empty()) fill(value.emplace(), config);
  }
  void fill(const Part&, base::Rare<Mirror>& value, const ProxyConfig& config) {
    if (!config.clusters.empty()) fill(value.emplace(), config);
  }
  void fill(const Origins&, std::vector<std::string>& value, const ProxyConfig&) {
    for (const char* origin : {"https://*.shop.example", "https://shop.example:8443", "null"}) {
      if (coin()) value.emplace_back(origin);
    }
  }
  void fill(const List&, std::vector<Network>& value, const ProxyConfig&) {
    for (const char* network : {"10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"}) {
      if (coin()) value.push_back(*Network::parse(network));
    }
  }
  void fill(const SaidName&, std::string& value, const ProxyConfig&) {
    value = coin() ? "X-Said" : "X-Forwarded-Method";
  }
  void fill(const CookieName&, std::string& value, const ProxyConfig&) {
    value = coin() ? "route" : "S-1";
  }
  void fill(const CookieText&, std::string& value, const ProxyConfig&) {
    value = coin() ? "/shop" : "";
  }
  void fill(const Authority&, std::string& value, const ProxyConfig&) {
    value = std::vector<std::string>{"", "shop.internal", "web.shop.svc:8080", "[::1]"}[up_to(3)];
  }
  void fill(const HostText&, std::string& value, const ProxyConfig&) {
    value = coin() ? "shop.example" : "::1";
  }
  template <std::size_t count, class Enum>
  void fill(const Choice<count>&, Enum& value, const ProxyConfig&) {
    value = static_cast<Enum>(up_to(count - 1));
  }
  void fill(const OneAction&, Action& value, const ProxyConfig& config) {
    if (config.clusters.empty() || coin()) {
      value = this->value<FixedAnswer>(config);
      return;
    }
    auto at = config.clusters.begin();
    std::advance(at, up_to(static_cast<unsigned>(config.clusters.size()) - 1));
    value = Forward{at->first};
  }
  void fill(const List&, std::vector<Endpoint>& value, const ProxyConfig&) {
    for (const char* address : {"10.0.0.1", "10.0.0.2", "2001:db8::1"}) {
      if (coin()) value.push_back({address, static_cast<std::uint16_t>(1 + up_to(1))});
    }
  }
  template <HasFields T>
  void fill(const List&, std::vector<T>& value, const ProxyConfig& config) {
    value.resize(up_to(3));
    for (T& element : value) fill(element, config);
  }
  template <MayBeMissing T>
  void fill(const Part&, T& value, const ProxyConfig& config) {
    fill(value.emplace(), config);
  }

  std::mt19937 random_;
};

}  // namespace proxy::config
