#include <algorithm>
#include <string>
#include <string_view>

#include <arpa/inet.h>

#include "proxy/config/json_reading.h"
#include "proxy/config/limits.h"
#include "proxy/config/wire.h"

namespace proxy::config {
namespace {

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_ip_literal(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// A DNS name in lower case (RFC 1035 §2.3.1, with the "_" that people use).
bool is_dns_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 253;
  constexpr std::size_t kLabelBytesMax = 63;
  if (name.empty() || name.size() > kNameBytesMax) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (label.empty() || label.size() > kLabelBytesMax) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    for (const char c : label) {
      if (!is_lower_or_digit(c) && !is_one_of(c, "-_")) return false;
    }
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

void check_host_name(const std::string& name, const std::string& place) {
  if (name.empty() || is_ip_literal(name)) return;
  const bool is_wildcard = name.starts_with("*.");
  if (!is_dns_name(is_wildcard ? std::string_view(name).substr(2) : name)) {
    breach(place, "must be a host name in lower case, \"*.\" and a host name, or empty");
  }
}

void check_id(const std::string& id, const std::string& place) {
  if (id.empty()) breach(place, "must not be empty");
  if (id.size() > kIdBytesMax) {
    breach(place, "is longer than " + std::to_string(kIdBytesMax) + " bytes");
  }
  for (const char c : id) {
    if (c <= ' ' || c > '~') breach(place, "must be visible ASCII");
  }
}

void check_count(std::size_t count, std::size_t max, const std::string& place) {
  if (count > max) breach(place, "has more than " + std::to_string(max) + " entries");
}

void check_cluster(const Cluster& cluster, const std::string& place) {
  const std::string endpoints = member(place, "endpoints");
  check_count(cluster.endpoints.size(), kEndpointsMax, endpoints);
  for (std::size_t i = 0; i < cluster.endpoints.size(); ++i) {
    const Endpoint& endpoint = cluster.endpoints[i];
    const std::string at = inside(endpoints, std::to_string(i));
    if (!is_ip_literal(endpoint.address)) breach(at, "must be an IPv4 or IPv6 address");
    if (endpoint.port == 0) breach(at, "must have a port from 1 to 65535");
    if (i > 0 && !(cluster.endpoints[i - 1] < endpoint)) breach(at, "must be sorted and unique");
  }
  const std::pair<const char*, std::chrono::milliseconds> timeouts[] = {
      {"connectTimeout", cluster.connect_timeout},
      {"readTimeout", cluster.read_timeout},
      {"sendTimeout", cluster.send_timeout},
  };
  for (const auto& [name, timeout] : timeouts) {
    if (timeout.count() <= 0 || timeout > kTimeoutMax) {
      breach(member(place, name), "must be more than 0 and at most 24h");
    }
  }
}

bool is_hex_digit(char c) {
  return is_lower_or_digit(c) ? c <= 'f' : c >= 'A' && c <= 'F';
}

// What the router can compare with a normalised request path.
void check_path(const std::string& path, const std::string& place) {
  if (!path.starts_with('/')) breach(place, "must start with '/'");
  if (path.size() > kPathBytesMax) {
    breach(place, "is longer than " + std::to_string(kPathBytesMax) + " bytes");
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto byte = static_cast<unsigned char>(path[i]);
    if (byte < 0x20 || byte == 0x7f) breach(place, "must not contain a control character");
    if (byte != '%') continue;
    if (path.size() - i < 3 || !is_hex_digit(path[i + 1]) || !is_hex_digit(path[i + 2])) {
      breach(place, "has a '%' that two hexadecimal digits do not follow");
    }
    const std::string_view escape = std::string_view(path).substr(i, 3);
    if (path[i + 1] < '2' || escape == "%7f" || escape == "%7F") {
      breach(place, "must not contain an escaped control character");
    }
    if (escape == "%2e" || escape == "%2E") breach(place, "must not contain an escaped '.'");
  }
  const std::string closed = path + "/";
  if (closed.find("/./") != std::string::npos || closed.find("/../") != std::string::npos) {
    breach(place, "must not contain '.' or '..' as an element");
  }
}

void check_action(const Action& action, const ProxyConfig& config, const std::string& place) {
  if (const auto* const forward = std::get_if<Forward>(&action)) {
    if (!config.clusters.contains(forward->cluster)) {
      breach(member(place, "cluster"), "there is no cluster \"" + forward->cluster + "\"");
    }
    return;
  }
  const auto& answer = std::get<FixedAnswer>(action);
  const std::string at = member(place, "answer");
  if (answer.status < 400 || answer.status > 599) {
    breach(member(at, "status"), "must be from 400 to 599");
  }
  const std::string reason_place = member(at, "reason");
  if (answer.reason.empty()) breach(reason_place, "must not be empty");
  if (answer.reason.size() > kReasonBytesMax) {
    breach(reason_place, "is longer than " + std::to_string(kReasonBytesMax) + " bytes");
  }
  for (const char c : answer.reason) {
    if (!is_lower_or_digit(c) && c != '_') {
      breach(reason_place, "must be a token of lower-case letters, digits and '_'");
    }
  }
}

void check_host(const VirtualHost& host, const ProxyConfig& config, const std::string& place) {
  const std::string routes = member(place, "routes");
  check_count(host.routes.size(), kRoutesMax, routes);
  for (std::size_t i = 0; i < host.routes.size(); ++i) {
    const std::string at = inside(routes, std::to_string(i));
    check_path(host.routes[i].path, member(at, "path"));
    if (host.routes[i].body_bytes_max > kBodyBytesMax) {
      breach(member(at, "bodyBytesMax"), "must be at most " + std::to_string(kBodyBytesMax));
    }
    check_action(host.routes[i].action, config, at);
  }
  if (host.default_action) check_action(*host.default_action, config, member(place, "default"));
}

// The structure only: whether a chain and its key can be served is for who serves them.
void check_pem(const std::string& pem, const std::string& place) {
  if (pem.empty()) breach(place, "must not be empty");
  if (pem.size() > kPemBytesMax) {
    breach(place, "is longer than " + std::to_string(kPemBytesMax) + " bytes");
  }
  const auto is_text = [](char c) { return (c >= ' ' && c <= '~') || is_one_of(c, "\t\r\n"); };
  if (!std::all_of(pem.begin(), pem.end(), is_text)) breach(place, "must be PEM in ASCII");
}

bool is_base64url(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || is_one_of(c, "-_");
  });
}

void check_challenge(const std::string& token, const ChallengeAnswer& answer,
                     const std::string& place) {
  if (!is_base64url(token) || token.size() > kTokenBytesMax) {
    breach(place, "the token must be base64url text");  // RFC 8555 §8.3
  }
  if (!is_dns_name(answer.host) && !is_ip_literal(answer.host)) {
    breach(member(place, "host"), "must be a host name in lower case or an IP address");
  }
  const std::string& text = answer.key_authorization;
  const bool has_token = text.size() > token.size() && text.starts_with(token) &&
                         text[token.size()] == '.' &&
                         is_base64url(std::string_view(text).substr(token.size() + 1));
  if (!has_token || text.size() > kKeyAuthorizationBytesMax) {
    breach(member(place, "keyAuthorization"), "must be the token, '.', and a thumbprint");
  }
}

template <class Section, class Check>
void check_section(const Section& section, const char* name, Check&& check) {
  check_count(section.size(), kEntriesMax, name);
  for (const auto& [key, value] : section) {
    const std::string place = inside(name, key);
    if (value == nullptr) breach(place, "must not be null");
    check(key, *value, place);
  }
}

void check(const ProxyConfig& config) {
  check_section(config.clusters, "clusters",
                [](const std::string& id, const Cluster& cluster, const std::string& place) {
                  check_id(id, place);
                  check_cluster(cluster, place);
                });
  check_section(config.hosts, "hosts",
                [&](const std::string& name, const VirtualHost& host, const std::string& place) {
                  check_host_name(name, place);
                  check_host(host, config, place);
                });
  check_section(
      config.certificates, "certificates",
      [](const std::string& id, const Certificate& certificate, const std::string& place) {
        check_id(id, place);
        check_pem(certificate.chain_pem, member(place, "chain"));
        check_pem(certificate.key_pem, member(place, "key"));
      });
  check_section(config.challenges, "challenges", check_challenge);
  check_count(config.sni.size(), kEntriesMax, "sni");
  for (const auto& [name, id] : config.sni) {
    check_host_name(name, inside("sni", name));
    if (!config.certificates.contains(id)) {
      breach(inside("sni", name), "there is no certificate \"" + id + "\"");
    }
  }
}

}  // namespace

base::Status validate(const ProxyConfig& config) {
  try {
    check(config);
  } catch (const Breach& found) {
    return base::failure(base::ErrorKind::invalid, found.message);
  }
  return {};
}

}  // namespace proxy::config
