#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <arpa/inet.h>

#include "proxy/config/authority.h"
#include "proxy/config/cookie_text.h"
#include "proxy/config/field_name.h"
#include "proxy/config/fields.h"
#include "proxy/config/json_reading.h"
#include "proxy/config/limits.h"
#include "proxy/config/origin.h"
#include "proxy/config/valid_config.h"

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

// Nobody would look at another entry.
void check_is_of_all_ports(const std::string& key, const std::string& place) {
  if (!key.empty()) breach(place, "must be empty: it holds for all ports");
}

void check_count(std::size_t count, std::size_t max, const std::string& place) {
  if (count > max) breach(place, "has more than " + std::to_string(max) + " entries");
}

void check_length(const std::string& text, std::size_t bytes_max, const std::string& place) {
  if (text.size() > bytes_max) {
    breach(place, "is longer than " + std::to_string(bytes_max) + " bytes");
  }
}

bool is_hex_digit(char c) {
  return is_lower_or_digit(c) ? c <= 'f' : c >= 'A' && c <= 'F';
}

// What the router can compare with a normalised request path.
void check_path(const std::string& path, const std::string& place) {
  if (!path.starts_with('/')) breach(place, "must start with '/'");
  check_length(path, kPathBytesMax, place);
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

bool is_visible(char c) {
  return c > ' ' && c <= '~';
}

// What becomes the target of a request to a backend, whatever the groups in it stand for.
void check_path_template(const std::string& text, const std::string& place) {
  check_path(text.substr(0, text.find('?')), place);
  check_length(text, kPathBytesMax, place);
  if (!std::all_of(text.begin(), text.end(), is_visible) || text.find('#') != std::string::npos) {
    breach(place, "must be visible ASCII without '#'");
  }
}

void check_field_value(const std::string& value, std::size_t bytes_max, const std::string& place) {
  check_length(value, bytes_max, place);
  const auto may_stand = [](char c) { return is_visible(c) || c == ' ' || c == '\t'; };
  if (!std::all_of(value.begin(), value.end(), may_stand)) {
    breach(place, "must be what a header field can have as its value, in ASCII");
  }
}

void check_reason(const std::string& reason, const std::string& place) {
  if (reason.empty()) breach(place, "must not be empty");
  check_length(reason, kReasonBytesMax, place);
  for (const char c : reason) {
    if (!is_lower_or_digit(c) && c != '_') {
      breach(place, "must be a token of lower-case letters, digits and '_'");
    }
  }
}

// The structure only: whether a chain and its key can be served is for who serves them.
void check_pem(const std::string& pem, const std::string& place) {
  if (pem.empty()) breach(place, "must not be empty");
  check_length(pem, kPemBytesMax, place);
  const auto is_text = [](char c) { return (c >= ' ' && c <= '~') || is_one_of(c, "\t\r\n"); };
  if (!std::all_of(pem.begin(), pem.end(), is_text)) breach(place, "must be PEM in ASCII");
}

bool is_base64url(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || is_one_of(c, "-_");
  });
}

// One check() for each rule of fields.h. Places are made when there is something to say.
class FieldChecks {
 public:
  explicit FieldChecks(const ProxyConfig& config) : config_(config) {}

  template <HasFields T>
  void check(const T& value, const std::string& place) const {
    for_each_field<T>(
        [&](const auto& field, bool, const auto& member) {
          check(field.rule, member, At{place, field.name});
        },
        value);
  }

 private:
  struct At {
    const std::string& owner;
    const char* name;
    std::string text() const { return member(owner, name); }
  };

  void check(const Flag&, bool, const At&) const {}
  template <std::size_t count, class Enum>
  void check(const Choice<count>&, Enum, const At&) const {}

  void check(const Number& rule, std::uint64_t value, const At& at) const {
    if (value > rule.max) breach(at.text(), "must be at most " + std::to_string(rule.max));
  }
  void check(const Status&, int value, const At& at) const {
    if (value < 400 || value > 599) breach(at.text(), "must be from 400 to 599");
  }
  void check(const RedirectStatus&, int value, const At& at) const {
    if (value < 300 || value > 308) breach(at.text(), "must be from 300 to 308");
  }
  void check(const PageStatus&, int value, const At& at) const {
    if (value != 200 && value != 204 && (value < 400 || value > 599)) {
      breach(at.text(), "must be 200, 204, or from 400 to 599");
    }
  }
  void check(const Timeout&, std::chrono::milliseconds value, const At& at) const {
    if (value.count() <= 0 || value > kTimeoutMax) {
      breach(at.text(), "must be more than 0 and at most 24h");
    }
  }
  void check(const Text& rule, const std::string& value, const At& at) const {
    check_length(value, rule.bytes_max, at.text());
  }
  void check(const Path&, const std::string& value, const At& at) const {
    check_path(value, at.text());
  }
  void check(const PathTemplate&, const std::string& value, const At& at) const {
    if (!value.empty()) check_path_template(value, at.text());
  }
  void check(const FieldValue& rule, const std::string& value, const At& at) const {
    check_field_value(value, rule.bytes_max, at.text());
  }
  void check(const Reason&, const std::string& value, const At& at) const {
    check_reason(value, at.text());
  }
  void check(const Pem&, const base::PemText& value, const At& at) const {
    check_pem(value.text(), at.text());
  }
  void check(const GuardsId&, const std::string& id, const At& at) const {
    if (!id.empty() && !config_.guards.contains(id)) {
      breach(at.text(), "there are no guards \"" + id + "\"");
    }
  }
  void check(const ShapeId&, const std::string& id, const At& at) const {
    if (!id.empty() && !config_.shapes.contains(id)) {
      breach(at.text(), "there is no shape \"" + id + "\"");
    }
  }
  void check(const ClusterId&, const std::string& id, const At& at) const {
    if (!config_.clusters.contains(id)) breach(at.text(), "there is no cluster \"" + id + "\"");
  }
  void check(const ClusterIdOrNone&, const std::string& id, const At& at) const {
    if (!id.empty()) check(ClusterId{}, id, at);
  }
  void check(const Token&, const std::string& value, const At& at) const {
    if (!value.empty() && !is_field_name(value)) breach(at.text(), "must be a token");
  }
  void check(const FieldName&, const std::string& value, const At& at) const {
    if (!may_be_shaped(value)) {
      breach(at.text(), "must be a field's name, and none that belongs to the connection");
    }
  }
  void check(const SaidName&, const std::string& value, const At& at) const {
    if (!may_be_said(value)) {
      breach(at.text(), "must be a field's name, and none that belongs to the connection");
    }
  }
  void check(const Origins& rule, const std::vector<std::string>& origins, const At& at) const {
    const std::string list = at.text();
    check_count(origins.size(), rule.entries_max, list);
    for (std::size_t i = 0; i < origins.size(); ++i) {
      const std::string place = inside(list, std::to_string(i));
      if (!is_origin_pattern(origins[i])) {
        breach(place, "must be an origin like \"https://shop.example\" in lower case");
      }
      if (i > 0 && !(origins[i - 1] < origins[i])) breach(place, "must be sorted and unique");
    }
  }
  void check(const Statuses& rule, const std::vector<int>& statuses, const At& at) const {
    const std::string list = at.text();
    check_count(statuses.size(), rule.entries_max, list);
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      const std::string index = std::to_string(i);
      check(Status{}, statuses[i], At{list, index.c_str()});
      if (i > 0 && !(statuses[i - 1] < statuses[i])) {
        breach(inside(list, index), "must be sorted and unique");
      }
    }
  }
  void check(const CookieName&, const std::string& value, const At& at) const {
    check_length(value, kCookieTextBytesMax, at.text());
    if (!is_cookie_name(value)) breach(at.text(), "must be a cookie's name");
  }
  void check(const CookieText&, const std::string& value, const At& at) const {
    check_length(value, kCookieTextBytesMax, at.text());
    if (!is_cookie_text(value)) breach(at.text(), "must be text that can stand in a cookie");
  }
  void check(const Authority&, const std::string& value, const At& at) const {
    if (!value.empty() && !is_authority(value)) {
      breach(at.text(), "must be a host, or a host and a port");
    }
  }
  void check(const HostText&, const std::string& value, const At& at) const {
    if (!is_dns_name(value) && !is_ip_literal(value)) {
      breach(at.text(), "must be a host name in lower case or an IP address");
    }
  }
  void check(const OneAction&, const Action& action, const At& at) const {
    if (const auto* const answer = std::get_if<FixedAnswer>(&action)) {
      return check(*answer, member(at.owner, "answer"));
    }
    const std::string& cluster = std::get<Forward>(action).cluster;
    if (!config_.clusters.contains(cluster)) {
      breach(member(at.owner, "cluster"), "there is no cluster \"" + cluster + "\"");
    }
  }
  template <class T>
  void check(const Part&, const T& value, const At& at) const {
    if constexpr (HasFields<T>) {
      check(value, at.text());
    } else if (value) {
      check(*value, at.text());
    }
  }
  template <HasFields T>
  void check(const List& rule, const std::vector<T>& list, const At& at) const {
    const std::string place = at.text();
    check_count(list.size(), rule.entries_max, place);
    for (std::size_t i = 0; i < list.size(); ++i) check(list[i], inside(place, std::to_string(i)));
  }
  void check(const List& rule, const std::vector<Endpoint>& endpoints, const At& at) const {
    const std::string list = at.text();
    check_count(endpoints.size(), rule.entries_max, list);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      const Endpoint& endpoint = endpoints[i];
      const std::string place = inside(list, std::to_string(i));
      if (!is_ip_literal(endpoint.address)) breach(place, "must be an IPv4 or IPv6 address");
      if (endpoint.port == 0) breach(place, "must have a port from 1 to 65535");
      if (i > 0 && !(endpoints[i - 1] < endpoint)) breach(place, "must be sorted and unique");
    }
  }
  void check(const List& rule, const std::vector<Network>& networks, const At& at) const {
    const std::string list = at.text();
    check_count(networks.size(), rule.entries_max, list);
    for (std::size_t i = 0; i < networks.size(); ++i) {
      const Network& network = networks[i];
      if (network.bits > network.address.bits() ||
          network.address.first_bits(network.bits) != network.address) {
        breach(inside(list, std::to_string(i)), "must have no bits beyond its own");
      }
      if (i > 0 && !(networks[i - 1] < network)) {
        breach(inside(list, std::to_string(i)), "must be sorted and unique");
      }
    }
  }

  const ProxyConfig& config_;
};

void check_key_authorization(const std::string& token, std::string_view text,
                             const std::string& place) {
  const bool has_token = text.size() > token.size() && text.starts_with(token) &&
                         text[token.size()] == '.' && is_base64url(text.substr(token.size() + 1));
  if (!has_token) {
    breach(member(place, "keyAuthorization"), "must be the token, '.', and a thumbprint");
  }
}

void check_challenge(const std::string& token, const ChallengeAnswer& answer,
                     const std::string& place) {
  if (!is_base64url(token) || token.size() > kTokenBytesMax) {
    breach(place, "the token must be base64url text");  // RFC 8555 §8.3
  }
  check_key_authorization(token, answer.key_authorization, place);
  for (std::size_t i = 0; i < answer.others.size(); ++i) {
    const OtherAnswer& other = answer.others[i];
    const std::string at = inside(member(place, "others"), std::to_string(i));
    check_key_authorization(token, other.key_authorization, at);
    if (other.host == answer.host) breach(at, "has the answer of the first host again");
    if (i > 0 && !(answer.others[i - 1].host < other.host)) {
      breach(at, "must be sorted by host and unique");
    }
  }
}

// Keys of ProxyConfig that entries refer to, each as often as they do.
struct ReferenceCounts {
  using Counts = std::map<std::string, std::int64_t>;
  Counts clusters, guards, shapes, certificates;
};

// Adds what a value refers to, `times` for each reference. Whatever FieldChecks looks for in the
// configuration is counted here.
class ReferenceCounting {
 public:
  ReferenceCounting(ReferenceCounts& counts, std::int64_t times) : counts_(counts), times_(times) {}

  template <HasFields T>
  void count(const T& value) const {
    for_each_field<T>(
        [&](const auto& field, bool, const auto& member) { count(field.rule, member); }, value);
  }

 private:
  template <class Rule, class Value>
  void count(const Rule&, const Value&) const {}
  void count(const ClusterId&, const std::string& id) const { counts_.clusters[id] += times_; }
  void count(const ClusterIdOrNone&, const std::string& id) const {
    if (!id.empty()) counts_.clusters[id] += times_;
  }
  void count(const GuardsId&, const std::string& id) const {
    if (!id.empty()) counts_.guards[id] += times_;
  }
  void count(const ShapeId&, const std::string& id) const {
    if (!id.empty()) counts_.shapes[id] += times_;
  }
  void count(const OneAction&, const Action& action) const {
    if (const auto* const forward = std::get_if<Forward>(&action)) {
      counts_.clusters[forward->cluster] += times_;
    } else {
      count(std::get<FixedAnswer>(action));
    }
  }
  template <class T>
  void count(const Part&, const T& value) const {
    if constexpr (HasFields<T>) {
      count(value);
    } else if (value) {
      count(*value);
    }
  }
  template <HasFields T>
  void count(const List&, const std::vector<T>& list) const {
    for (const T& element : list) count(element);
  }

  ReferenceCounts& counts_;
  std::int64_t times_;
};

// What differs from a valid configuration, and no more than that.
class ChangeCheck {
 public:
  ChangeCheck(const ProxyConfig& from, const ProxyConfig& to) : from_(from), to_(to), fields_(to) {}

  // Throws a Breach. Returns how the references have changed; whether somebody refers to what is
  // gone is for who counts them.
  ReferenceCounts check() {
    check_section("clusters", &ProxyConfig::clusters, &check_id);
    check_section("hosts", &ProxyConfig::hosts, &check_host_name);
    check_section("certificates", &ProxyConfig::certificates, &check_id);
    check_section("challenges", &ProxyConfig::challenges,
                  [](const std::string&, const std::string&) {});
    check_section("guardSets", &ProxyConfig::guards, &check_id);
    check_section("shapes", &ProxyConfig::shapes, &check_id);
    check_section("arrivals", &ProxyConfig::arrivals, &check_is_of_all_ports);
    check_sni();
    return std::move(references_);
  }

 private:
  template <class T, class CheckKey>
  void check_section(const char* name, ProxyConfig::Section<T> ProxyConfig::*section,
                     const CheckKey& check_key) {
    check_count((to_.*section).size(), kEntriesMax, name);
    using Value = std::shared_ptr<const T>;
    ProxyConfig::Section<T>::visit_differences(
        from_.*section, to_.*section,
        [&](const std::string& key, const Value* before, const Value* after) {
          if (before != nullptr) ReferenceCounting(references_, -1).count(**before);
          if (after == nullptr) return;
          const std::string place = inside(name, key);
          if (*after == nullptr) breach(place, "must not be null");
          check_key(key, place);
          if constexpr (std::is_same_v<T, ChallengeAnswer>) check_challenge(key, **after, place);
          fields_.check(**after, place);
          ReferenceCounting(references_, 1).count(**after);
        });
  }
  void check_sni() {
    check_count(to_.sni.size(), kEntriesMax, "sni");
    decltype(to_.sni)::visit_differences(
        from_.sni, to_.sni,
        [&](const std::string& name, const std::string* before, const std::string* after) {
          if (before != nullptr) --references_.certificates[*before];
          if (after == nullptr) return;
          check_host_name(name, inside("sni", name));
          if (!to_.certificates.contains(*after)) {
            breach(inside("sni", name), "there is no certificate \"" + *after + "\"");
          }
          ++references_.certificates[*after];
        });
  }

  const ProxyConfig& from_;
  const ProxyConfig& to_;
  const FieldChecks fields_;
  ReferenceCounts references_;
};

// False: somebody refers to an entry that is gone. Who was looked at has been found to refer to
// what is there, so it is somebody who has not changed.
template <class Section>
bool follow(const ReferenceCounts::Counts& changes, const Section& from, const Section& to,
            base::SharedMap<std::uint32_t>& uses) {
  bool is_whole = true;
  const auto count_of = [&](const std::string& id) -> std::int64_t {
    const auto known = uses.find(id);
    if (known != uses.end()) return known->second;
    return from.contains(id) ? 1 : 0;
  };
  const auto note = [&](const std::string& id, std::int64_t count) {
    const bool is_there = to.contains(id);
    is_whole = is_whole && (is_there || count <= 0);
    if (!is_there || count == 1) {
      uses.erase(id);
    } else {
      uses.insert_or_assign(id, static_cast<std::uint32_t>(count));
    }
  };
  for (const auto& [id, change] : changes) note(id, count_of(id) + change);
  // Who came or went without anybody who refers to it.
  Section::visit_differences(
      from, to, [&](const std::string& id, const auto* before, const auto* after) {
        if ((before == nullptr) == (after == nullptr) || changes.contains(id)) return;
        note(id, before == nullptr ? 0 : count_of(id));
      });
  return is_whole;
}

base::Result<ReferenceCounts> check_change(const ProxyConfig& from, const ProxyConfig& to) {
  try {
    return ChangeCheck(from, to).check();
  } catch (const Breach& found) {
    return base::failure(base::ErrorKind::invalid, found.message);
  }
}

}  // namespace

base::Status validate(const ProxyConfig& config) {
  const auto checked = check_change(ProxyConfig(), config);
  if (!checked) return base::failure(checked.error());
  return {};
}

base::Result<ValidConfig> ValidConfig::changed_to(ProxyConfig next) const {
  const auto references = check_change(config_, next);
  if (!references) return base::failure(references.error());
  ValidConfig changed = *this;
  const bool is_whole =
      follow(references->clusters, config_.clusters, next.clusters, changed.clusters_) &&
      follow(references->guards, config_.guards, next.guards, changed.guards_) &&
      follow(references->shapes, config_.shapes, next.shapes, changed.shapes_) &&
      follow(references->certificates, config_.certificates, next.certificates,
             changed.certificates_);
  if (!is_whole) {
    // Names who refers to what is gone.
    const auto breached = validate(next);
    return base::failure(
        breached ? base::Error{base::ErrorKind::invalid, "an entry is gone that others refer to"}
                 : breached.error());
  }
  changed.config_ = std::move(next);
  return changed;
}

}  // namespace proxy::config
