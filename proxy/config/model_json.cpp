#include "proxy/config/model_json.h"

#include <charconv>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "proxy/config/closing.h"
#include "proxy/config/fields.h"
#include "proxy/config/json_reading.h"
#include "proxy/config/limits.h"
#include "proxy/config/origin.h"

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

Network read_network(const json& value, const std::string& place) {
  const auto network = Network::parse(read_text(value, place, kTextBytesMax));
  if (!network) breach(place, "must be a network like \"10.0.0.0/8\"");
  return *network;
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

// ---- Writing: one write() for each type that a field has

template <HasFields T>
json write(const T& value);

json write(const Endpoint& endpoint) {
  return endpoint_text(endpoint);
}

json write(const Network& network) {
  return network.text();
}

template <class T>
json write(const std::vector<T>& list) {
  json value = json::array();
  for (const T& element : list) value.push_back(write(element));
  return value;
}

json write(const Flag&, bool value) {
  return value;
}
json write(const Number&, std::uint64_t value) {
  return value;
}
json write(const Status&, int value) {
  return value;
}
json write(const RedirectStatus&, int value) {
  return value;
}
json write(const PageStatus&, int value) {
  return value;
}
template <class Rule>
json write(const Rule&, const std::string& value) {
  return value;
}
json write(const Pem&, const base::PemText& value) {
  return value.text();
}
json write(const Timeout&, std::chrono::milliseconds value) {
  return timeout_text(value);
}
template <std::size_t count, class Enum>
json write(const Choice<count>& rule, Enum value) {
  return rule.names.at(static_cast<std::size_t>(value));
}
template <class T>
json write(const List&, const std::vector<T>& value) {
  return write(value);
}
json write(const Statuses&, const std::vector<int>& value) {
  return value;
}
json write(const Origins&, const std::vector<std::string>& value) {
  return value;
}
template <MayBeMissing T>
json write(const Part&, const T& value) {
  return write(*value);  // nothing is its default, and that is not written
}

void write_action(const Action& action, json& into) {
  if (const auto* const forward = std::get_if<Forward>(&action)) {
    into["cluster"] = forward->cluster;
    return;
  }
  into["answer"] = write(std::get<FixedAnswer>(action));
}

template <HasFields T>
json write(const T& value) {
  static const T defaults{};
  json object = json::object();
  for_each_field<T>(
      [&](const auto& field, bool in_first_release, const auto& member, const auto& unset) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Action>) {
          write_action(member, object);
        } else {
          if (field.presence == Presence::when_set && member == unset) return;
          object[field.name] = write(field.rule, member);
          if (!in_first_release && field.if_unknown == IfUnknown::close) {
            object["guards"].push_back(field.name);
          }
        }
      },
      value, defaults);
  return object;
}

// ---- Reading: one read() for each type that a field has

struct Source {
  const json& value;
  std::string place;
  Unknowns& unknowns;
};

template <HasFields T>
void read(const Source& from, T& value);

template <MayBeMissing T>
void read(const Source& from, T& value) {
  read(from, value.emplace());
}

void read(const Source& from, Endpoint& endpoint) {
  endpoint = read_endpoint(from.value, from.place);
}

void read(const Source& from, Network& network) {
  network = read_network(from.value, from.place);
}

void read(const Flag&, const Source& from, bool& value) {
  value = read_bool(from.value, from.place);
}
void read(const Number& rule, const Source& from, std::uint64_t& value) {
  value = read_number(from.value, from.place, rule.max);
}
void read(const Status&, const Source& from, int& value) {
  value = static_cast<int>(read_number(from.value, from.place, 599));
}
void read(const RedirectStatus&, const Source& from, int& value) {
  value = static_cast<int>(read_number(from.value, from.place, 308));
}
void read(const PageStatus&, const Source& from, int& value) {
  value = static_cast<int>(read_number(from.value, from.place, 599));
}
void read(const Timeout&, const Source& from, std::chrono::milliseconds& value) {
  value = read_timeout(from.value, from.place);
}

template <class Rule>
void read(const Rule& rule, const Source& from, std::string& value) {
  value = read_text(from.value, from.place, rule.bytes_max);
}

void read(const Pem& rule, const Source& from, base::PemText& value) {
  value = base::PemText::small(read_text(from.value, from.place, rule.bytes_max));
}

template <std::size_t count, class Enum>
void read(const Choice<count>& rule, const Source& from, Enum& value) {
  const std::string text = read_text(from.value, from.place, kTextBytesMax);
  std::string wanted;
  for (std::size_t i = 0; i < count; ++i) {
    if (text == rule.names[i]) {
      value = static_cast<Enum>(i);
      return;
    }
    wanted += std::string(i == 0 ? "" : i + 1 == count ? " or " : ", ") + '"' + rule.names[i] + '"';
  }
  breach(from.place, "must be " + wanted);
}

void check_list(const Source& from, std::size_t entries_max) {
  if (!from.value.is_array()) breach(from.place, "must be a list");
  if (from.value.size() > entries_max) {
    breach(from.place, "has more than " + std::to_string(entries_max) + " entries");
  }
}

template <class T>
void read(const List& rule, const Source& from, std::vector<T>& value) {
  check_list(from, rule.entries_max);
  value.reserve(from.value.size());
  for (const json& element : from.value) {
    const std::string index = std::to_string(value.size());
    read({element, inside(from.place, index), from.unknowns}, value.emplace_back());
  }
}

void read(const Statuses& rule, const Source& from, std::vector<int>& value) {
  check_list(from, rule.entries_max);
  value.reserve(from.value.size());
  for (const json& element : from.value) {
    const std::string index = std::to_string(value.size());
    read(Status{}, {element, inside(from.place, index), from.unknowns}, value.emplace_back());
  }
}

void read(const Origins& rule, const Source& from, std::vector<std::string>& value) {
  check_list(from, rule.entries_max);
  value = read_texts(from.value, from.place, kOriginBytesMax);
}

template <class T>
void read(const Part&, const Source& from, T& value) {
  read(from, value);
}

Action read_action(ObjectReader& object, const Source& from) {
  const json* const cluster = object.find("cluster");
  const json* const answer = object.find("answer");
  if ((cluster == nullptr) == (answer == nullptr)) {
    breach(from.place, "must have either \"cluster\" or \"answer\"");
  }
  if (cluster != nullptr) {
    return Forward{read_text(*cluster, object.place_of("cluster"), kIdBytesMax)};
  }
  FixedAnswer fixed;
  read({*answer, object.place_of("answer"), from.unknowns}, fixed);
  return fixed;
}

template <HasFields T>
void read(const Source& from, T& value) {
  ObjectReader object(from.value, from.place);
  for_each_field<T>(
      [&](const auto& field, bool, auto& member) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Action>) {
          member = read_action(object, from);
        } else {
          const json* const found = field.presence == Presence::required ? &object.at(field.name)
                                                                         : object.find(field.name);
          if (found == nullptr) return;
          read(field.rule, {*found, object.place_of(field.name), from.unknowns}, member);
        }
      },
      value);
  if (!object.guards_unknown(from.unknowns)) return;
  if constexpr (requires { close(value); }) {
    close(value);
  } else {
    breach(from.place, "is guarded by what is not known here");
  }
}

template <class T>
T read_whole(const json& value, const std::string& place, Unknowns& unknowns) {
  T whole;
  read({value, place, unknowns}, whole);
  return whole;
}

}  // namespace

json to_json(const Cluster& cluster) {
  return write(cluster);
}
json to_json(const VirtualHost& host) {
  return write(host);
}
json to_json(const Certificate& certificate) {
  return write(certificate);
}
json to_json(const ChallengeAnswer& answer) {
  return write(answer);
}
json to_json(const Guards& guards) {
  return write(guards);
}
json to_json(const Shape& shape) {
  return write(shape);
}
json to_json(const Arrivals& arrivals) {
  return write(arrivals);
}

Cluster read_cluster(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<Cluster>(value, place, unknowns);
}
VirtualHost read_host(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<VirtualHost>(value, place, unknowns);
}
Certificate read_certificate(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<Certificate>(value, place, unknowns);
}
ChallengeAnswer read_challenge(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<ChallengeAnswer>(value, place, unknowns);
}
Guards read_guards(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<Guards>(value, place, unknowns);
}
Shape read_shape(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<Shape>(value, place, unknowns);
}
Arrivals read_arrivals(const json& value, const std::string& place, Unknowns& unknowns) {
  return read_whole<Arrivals>(value, place, unknowns);
}

std::string write_document(const json& document, int indent) {
  return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace proxy::config
