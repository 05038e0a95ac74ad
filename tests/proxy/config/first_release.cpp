#include "tests/proxy/config/first_release.h"

#include <set>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "base/digest.h"

namespace proxy::config::first_release {
namespace {

using nlohmann::json;

class Reader {
 public:
  std::string revision_of_full_state(const json& delta) {
    only(delta, {"revision", "full", "clusters", "hosts", "certificates", "sni", "challenges"});
    if (!delta.value("full", false)) throw std::runtime_error("not a full state");
    section(delta, "clusters", [&](const json& cluster) { add_cluster(cluster); });
    section(delta, "hosts", [&](const json& host) { add_host(host); });
    section(delta, "challenges", [&](const json& answer) {
      only(answer, {"host", "keyAuthorization"});
      text(answer.at("host")).text(answer.at("keyAuthorization"));
    });
    section(delta, "certificates", [&](const json& hash) { text(hash); });
    section(delta, "sni", [&](const json& id) { text(id); });
    return base::sha256_hex(bytes_);
  }

 private:
  Reader& text(const std::string& value) {
    number(value.size());
    bytes_ += value;
    return *this;
  }
  Reader& number(std::uint64_t value) {
    bytes_ += std::to_string(value) + ":";
    return *this;
  }

  static void only(const json& object, const std::set<std::string>& known) {
    if (!object.is_object()) throw std::runtime_error("must be an object");
    for (const auto& [name, value] : object.items()) {
      if (!known.contains(name)) throw std::runtime_error("[" + name + "]: is not a known field");
    }
  }

  template <class Add>
  void section(const json& delta, const char* name, Add&& add) {
    text(name);
    const json change = delta.value(name, json::object());
    only(change, {"set", "removed"});
    const json set = change.value("set", json::object());
    number(set.size());
    for (const auto& [key, value] : set.items()) {  // in the order of the keys
      text(key);
      add(value);
    }
  }

  void add_timeout(const json& cluster, const char* name, std::uint64_t otherwise) {
    if (!cluster.contains(name)) {
      number(otherwise);
      return;
    }
    const std::string written = cluster.at(name);
    const std::uint64_t count = std::stoull(written);
    number(written.ends_with("ms") ? count : count * 1000);
  }

  void add_cluster(const json& cluster) {
    only(cluster, {"endpoints", "balancing", "connectTimeout", "readTimeout", "sendTimeout"});
    number(cluster.at("endpoints").size());
    for (const std::string endpoint : cluster.at("endpoints")) {
      const std::size_t colon = endpoint.rfind(':');
      std::string address = endpoint.substr(0, colon);
      if (address.front() == '[') address = address.substr(1, address.size() - 2);
      text(address).number(std::stoull(endpoint.substr(colon + 1)));
    }
    number(cluster.value("balancing", "roundRobin") == "leastRequests" ? 1 : 0);
    add_timeout(cluster, "connectTimeout", 5'000);
    add_timeout(cluster, "readTimeout", 60'000);
    add_timeout(cluster, "sendTimeout", 60'000);
  }

  void add_action(const json& object) {
    if (object.contains("cluster")) {
      text("cluster").text(object.at("cluster"));
      return;
    }
    const json& answer = object.at("answer");
    only(answer, {"status", "reason"});
    text("answer").number(answer.at("status")).text(answer.at("reason"));
  }

  void add_host(const json& host) {
    only(host, {"routes", "default", "httpsRedirect"});
    const json routes = host.value("routes", json::array());
    number(routes.size());
    for (const json& route : routes) {
      only(route, {"path", "match", "bodyBytesMax", "cluster", "answer"});
      number(route.value("match", "prefix") == "exact" ? 0 : 1).text(route.at("path"));
      number(route.value("bodyBytesMax", std::uint64_t{0}));
      add_action(route);
    }
    number(host.contains("default") ? 1 : 0);
    if (host.contains("default")) {
      only(host.at("default"), {"cluster", "answer"});
      add_action(host.at("default"));
    }
    number(host.value("httpsRedirect", false) ? 1 : 0);
  }

  std::string bytes_;
};

}  // namespace

std::string refusal(std::string_view delta_json) {
  try {
    const json delta = json::parse(delta_json);
    const std::string revision = Reader().revision_of_full_state(delta);
    if (revision == delta.at("revision")) return {};
    return "the state is revision " + revision + ", not as announced";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace proxy::config::first_release
