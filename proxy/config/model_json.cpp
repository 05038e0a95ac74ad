#include "proxy/config/model_json.h"

#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "proxy/config/json_reading.h"
#include "proxy/config/limits.h"

namespace proxy::config {

using nlohmann::json;

namespace {

// "10.1.2.3:8080", "[2001:db8::1]:8080"
std::string endpoint_text(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.address.find(':') != std::string::npos;
  const std::string address = is_v6 ? "[" + endpoint.address + "]" : endpoint.address;
  return address + ":" + std::to_string(endpoint.port);
}

Endpoint read_endpoint(const json& value, const std::string& place) {
  const std::string text = read_text(value, place, kTextBytesMax);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) breach(place, "must be ADDRESS:PORT");
  Endpoint endpoint;
  endpoint.address = text.substr(0, colon);
  const bool is_bracketed = endpoint.address.size() > 2 && endpoint.address.front() == '[' &&
                            endpoint.address.back() == ']';
  if (is_bracketed) {
    endpoint.address = endpoint.address.substr(1, endpoint.address.size() - 2);
  } else if (endpoint.address.find(':') != std::string::npos) {
    breach(place, "must have its IPv6 address in brackets");
  }
  const char* const begin = text.data() + colon + 1;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(begin, end, endpoint.port);
  if (error != std::errc() || last != end) breach(place, "must end in a port number");
  return endpoint;
}

std::string timeout_text(std::chrono::milliseconds timeout) {
  const auto count = timeout.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

std::chrono::milliseconds read_timeout(const json& value, const std::string& place) {
  const auto timeout = base::parse_go_duration(read_text(value, place, kTextBytesMax));
  if (!timeout) breach(place, "must be a duration like \"60s\"");
  return *timeout;
}

void write_action(const Action& action, json& into) {
  if (const auto* const forward = std::get_if<Forward>(&action)) {
    into["cluster"] = forward->cluster;
    return;
  }
  const auto& answer = std::get<FixedAnswer>(action);
  into["answer"] = {{"status", answer.status}, {"reason", answer.reason}};
}

Action read_action(ObjectReader& object, const std::string& place) {
  const json* const cluster = object.find("cluster");
  const json* const answer = object.find("answer");
  if ((cluster == nullptr) == (answer == nullptr)) {
    breach(place, "must have either \"cluster\" or \"answer\"");
  }
  if (cluster != nullptr) {
    return Forward{read_text(*cluster, object.place_of("cluster"), kIdBytesMax)};
  }
  ObjectReader fields(*answer, object.place_of("answer"));
  FixedAnswer fixed;
  fixed.status = static_cast<int>(read_number(fields.at("status"), fields.place_of("status"), 599));
  fixed.reason = read_text(fields.at("reason"), fields.place_of("reason"), kReasonBytesMax);
  fields.finish();
  return fixed;
}

json to_json(const Route& route) {
  json value = {{"path", route.path}};
  if (route.match == PathMatch::exact) value["match"] = "exact";
  if (route.body_bytes_max != 0) value["bodyBytesMax"] = route.body_bytes_max;
  write_action(route.action, value);
  return value;
}

Route read_route(const json& value, const std::string& place) {
  ObjectReader object(value, place);
  Route route;
  route.path = read_text(object.at("path"), object.place_of("path"), kPathBytesMax);
  if (const json* const match = object.find("match")) {
    const std::string text = read_text(*match, object.place_of("match"), kTextBytesMax);
    if (text != "exact" && text != "prefix") {
      breach(object.place_of("match"), "must be \"exact\" or \"prefix\"");
    }
    route.match = text == "exact" ? PathMatch::exact : PathMatch::prefix;
  }
  if (const json* const max = object.find("bodyBytesMax")) {
    route.body_bytes_max = read_number(*max, object.place_of("bodyBytesMax"), kBodyBytesMax);
  }
  route.action = read_action(object, place);
  object.finish();
  return route;
}

}  // namespace

json to_json(const Cluster& cluster) {
  const Cluster defaults;
  json endpoints = json::array();
  for (const Endpoint& endpoint : cluster.endpoints) endpoints.push_back(endpoint_text(endpoint));
  json value = {{"endpoints", std::move(endpoints)}};
  if (cluster.balancing == Balancing::least_requests) value["balancing"] = "leastRequests";
  if (cluster.connect_timeout != defaults.connect_timeout) {
    value["connectTimeout"] = timeout_text(cluster.connect_timeout);
  }
  if (cluster.read_timeout != defaults.read_timeout) {
    value["readTimeout"] = timeout_text(cluster.read_timeout);
  }
  if (cluster.send_timeout != defaults.send_timeout) {
    value["sendTimeout"] = timeout_text(cluster.send_timeout);
  }
  return value;
}

Cluster read_cluster(const json& value, const std::string& place) {
  ObjectReader object(value, place);
  Cluster cluster;
  const json& endpoints = object.at("endpoints");
  if (!endpoints.is_array()) breach(object.place_of("endpoints"), "must be a list");
  cluster.endpoints.reserve(endpoints.size());
  for (const json& endpoint : endpoints) {
    const std::string index = std::to_string(cluster.endpoints.size());
    cluster.endpoints.push_back(
        read_endpoint(endpoint, inside(object.place_of("endpoints"), index)));
  }
  if (const json* const balancing = object.find("balancing")) {
    const std::string text = read_text(*balancing, object.place_of("balancing"), kTextBytesMax);
    if (text != "roundRobin" && text != "leastRequests") {
      breach(object.place_of("balancing"), "must be \"roundRobin\" or \"leastRequests\"");
    }
    cluster.balancing = text == "roundRobin" ? Balancing::round_robin : Balancing::least_requests;
  }
  const std::pair<const char*, std::chrono::milliseconds*> timeouts[] = {
      {"connectTimeout", &cluster.connect_timeout},
      {"readTimeout", &cluster.read_timeout},
      {"sendTimeout", &cluster.send_timeout},
  };
  for (const auto& [name, timeout] : timeouts) {
    if (const json* const text = object.find(name)) {
      *timeout = read_timeout(*text, object.place_of(name));
    }
  }
  object.finish();
  return cluster;
}

json to_json(const VirtualHost& host) {
  json routes = json::array();
  for (const Route& route : host.routes) routes.push_back(to_json(route));
  json value = {{"routes", std::move(routes)}};
  if (host.default_action) {
    json action = json::object();
    write_action(*host.default_action, action);
    value["default"] = std::move(action);
  }
  if (host.https_redirect) value["httpsRedirect"] = true;
  return value;
}

VirtualHost read_host(const json& value, const std::string& place) {
  ObjectReader object(value, place);
  VirtualHost host;
  if (const json* const routes = object.find("routes")) {
    if (!routes->is_array()) breach(object.place_of("routes"), "must be a list");
    for (const json& route : *routes) {
      const std::string index = std::to_string(host.routes.size());
      host.routes.push_back(read_route(route, inside(object.place_of("routes"), index)));
    }
  }
  if (const json* const action = object.find("default")) {
    const std::string action_place = object.place_of("default");
    ObjectReader fields(*action, action_place);
    host.default_action = read_action(fields, action_place);
    fields.finish();
  }
  if (const json* const redirect = object.find("httpsRedirect")) {
    host.https_redirect = read_bool(*redirect, object.place_of("httpsRedirect"));
  }
  object.finish();
  return host;
}

json to_json(const Certificate& certificate) {
  return {{"chain", certificate.chain_pem}, {"key", certificate.key_pem}};
}

Certificate read_certificate(const json& value, const std::string& place) {
  ObjectReader object(value, place);
  Certificate certificate;
  certificate.chain_pem = read_text(object.at("chain"), object.place_of("chain"), kPemBytesMax);
  certificate.key_pem = read_text(object.at("key"), object.place_of("key"), kPemBytesMax);
  object.finish();
  return certificate;
}

json to_json(const ChallengeAnswer& answer) {
  return {{"host", answer.host}, {"keyAuthorization", answer.key_authorization}};
}

ChallengeAnswer read_challenge(const json& value, const std::string& place) {
  ObjectReader object(value, place);
  ChallengeAnswer answer;
  answer.host = read_text(object.at("host"), object.place_of("host"), kTextBytesMax);
  answer.key_authorization =
      read_text(object.at("keyAuthorization"), object.place_of("keyAuthorization"), kTextBytesMax);
  object.finish();
  return answer;
}

std::string write_document(const json& document, int indent) {
  return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace proxy::config
