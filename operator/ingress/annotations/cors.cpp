#include "operator/ingress/annotations/cors.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/field_name.h"
#include "proxy/config/limits.h"
#include "proxy/config/origin.h"

namespace ingress::annotations {
namespace {

// ingress-nginx's.
constexpr std::string_view kMethods = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
constexpr std::string_view kHeaders =
    "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,"
    "Authorization";
constexpr std::uint64_t kMaxAge = 1'728'000;

constexpr std::array<std::string_view, 6> kKeys = {"cors-allow-credentials", "cors-allow-headers",
                                                   "cors-allow-methods",     "cors-allow-origin",
                                                   "cors-expose-headers",    "cors-max-age"};

std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  return text.size() <= kShownMax ? std::string(text)
                                  : std::string(text.substr(0, kShownMax)) + "...";
}

void add_issue(const std::string& name, std::string why, std::string remedy, Issues& issues) {
  issues.push_back({Issue::Effect::tunes, name, std::move(why), std::move(remedy)});
}

// An annotation that is there, also one with nothing in it: whoever wrote it did not mean what
// holds without it.
std::optional<Found> find_written(const AnnotationMap& annotations, std::string_view key) {
  if (auto found = find(annotations, key)) return found;
  for (const std::string_view prefix : {kOwnPrefix, kNginxPrefix}) {
    const auto written = annotations.find(std::string(prefix).append(key));
    if (written != annotations.end()) return Found{written->first, written->second};
  }
  return std::nullopt;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> entries;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view entry = trimmed(text.substr(0, comma));
    if (!entry.empty()) entries.push_back(entry);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return entries;
}

// "https://shop.example:443" is "https://shop.example" to a browser (RFC 6454 §6.2).
std::string origin_text(std::string_view written) {
  std::string text(written);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [scheme, port] :
       {std::pair<std::string_view, std::string_view>{"https:", ":443"}, {"http:", ":80"}}) {
    if (text.starts_with(scheme) && text.ends_with(port)) text.resize(text.size() - port.size());
  }
  return text;
}

void read_origins(const AnnotationMap& annotations, proxy::config::Cors& cors, Issues& issues) {
  const auto found = find_written(annotations, "cors-allow-origin");
  if (!found) {
    cors.any_origin = true;
    return;
  }
  const std::vector<std::string_view> entries = split(found->value);
  if (std::find(entries.begin(), entries.end(), "*") != entries.end()) {
    cors.any_origin = true;
    return;
  }
  std::string_view broken;
  for (const std::string_view entry : entries) {
    std::string origin = origin_text(entry);
    if (proxy::config::is_origin_pattern(origin)) {
      cors.origins.push_back(std::move(origin));
    } else if (broken.empty()) {
      broken = entry;
    }
  }
  std::sort(cors.origins.begin(), cors.origins.end());
  cors.origins.erase(std::unique(cors.origins.begin(), cors.origins.end()), cors.origins.end());
  if (!broken.empty()) {
    add_issue(found->name,
              "has the entry \"" + shown(broken) +
                  "\", which is no origin (\"https://shop.example\", \"https://*.shop.example\", "
                  "\"*\") and admits nobody",
              "An origin has a scheme, and no path and no slash at its end.", issues);
  } else if (entries.empty()) {
    add_issue(found->name, "names no origin, so none is admitted",
              "Name origins, or remove the annotation to admit all.", issues);
  }
  if (cors.origins.size() > proxy::config::kOriginsMax) {
    add_issue(found->name,
              "has more than " + std::to_string(proxy::config::kOriginsMax) +
                  " origins, of which the others are not admitted",
              "Join some of them by a \"*\".", issues);
    cors.origins.resize(proxy::config::kOriginsMax);
  }
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

struct Words {
  std::string_view key;
  std::string_view what;       // "method"
  std::string_view otherwise;  // when nothing is said
};

// As it was written where all of it is right, since it is compared by people.
std::string read_words(const AnnotationMap& annotations, const Words& words, bool may_be_all,
                       Issues& issues) {
  const auto found = find(annotations, words.key);
  if (!found) return std::string(words.otherwise);
  std::string kept;
  std::string_view broken;
  for (const std::string_view entry : split(found->value)) {
    if (!proxy::config::is_field_name(entry) || (entry == "*" && !may_be_all)) {
      if (broken.empty()) broken = entry;
      continue;
    }
    if (kept.size() + entry.size() + 2 > proxy::config::kTextBytesMax) {
      add_issue(found->name, "is too long, and its end is left out", "", issues);
      return kept;
    }
    kept.append(kept.empty() ? "" : ", ").append(entry);
  }
  if (broken.empty() && kept.empty()) {
    add_issue(found->name, "names no " + std::string(words.what) + ", so none is allowed", "",
              issues);
    return kept;
  }
  if (broken.empty()) {
    const std::string_view whole = trimmed(found->value);
    return is_plain(whole) && whole.size() <= proxy::config::kTextBytesMax ? std::string(whole)
                                                                           : kept;
  }
  const std::string why = broken == "*"
                              ? "has \"*\", which stands for no " + std::string(words.what) +
                                    " where credentials are allowed, and is left out"
                              : "has \"" + shown(broken) + "\", which is no " +
                                    std::string(words.what) + " and is left out";
  add_issue(found->name, why, "", issues);
  return kept;
}

std::uint64_t read_max_age(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "cors-max-age");
  if (!found) return kMaxAge;
  const auto seconds = read_whole_number(found->value, proxy::config::kMaxAgeMax);
  if (seconds) return *seconds;
  issues.push_back(
      bad_value(*found, "a number of seconds; 0 is used, so that every request is asked for anew",
                Issue::Effect::tunes));
  return 0;
}

// ingress-nginx allows credentials when nothing is said. Where everybody is admitted by a "*" no
// browser takes that (Fetch §3.2.5), and none is given any here, in whatever words it is asked for:
// every site of the world could read what the users may.
bool read_credentials(const AnnotationMap& annotations, bool any_origin, Issues& issues) {
  const auto found = find(annotations, "cors-allow-credentials");
  if (!found) return !any_origin;
  const auto value = read_bool(found->value);
  if (value == true && any_origin) {
    add_issue(found->name,
              "has no effect where every origin is admitted: browsers take no credentials then",
              "List the origins in cors-allow-origin.", issues);
    return false;
  }
  if (!value) {
    issues.push_back(bad_value(*found, "\"true\" or \"false\"; credentials are not allowed",
                               Issue::Effect::tunes));
  }
  return value.value_or(false);
}

}  // namespace

std::optional<proxy::config::Cors> read_cors(const AnnotationMap& annotations, Issues& issues) {
  const auto enabled = find(annotations, "enable-cors");
  const auto value = enabled ? read_bool(enabled->value) : std::nullopt;
  if (enabled && !value) {
    issues.push_back(bad_value(*enabled, "\"true\" or \"false\"", Issue::Effect::tunes));
  }
  if (!value.value_or(false)) {
    if (enabled) return std::nullopt;
    for (const std::string_view key : kKeys) {
      const auto found = find(annotations, key);
      if (found) add_issue(found->name, "says nothing without enable-cors", "", issues);
    }
    return std::nullopt;
  }
  proxy::config::Cors cors;
  read_origins(annotations, cors, issues);
  cors.credentials = read_credentials(annotations, cors.any_origin, issues);
  cors.methods = read_words(annotations, {"cors-allow-methods", "method", kMethods},
                            !cors.credentials, issues);
  cors.headers = read_words(annotations, {"cors-allow-headers", "field name", kHeaders},
                            !cors.credentials, issues);
  cors.exposed_headers =
      read_words(annotations, {"cors-expose-headers", "field name", ""}, !cors.credentials, issues);
  cors.max_age = read_max_age(annotations, issues);
  return cors;
}

}  // namespace ingress::annotations
