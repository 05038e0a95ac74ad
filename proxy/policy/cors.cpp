#include "proxy/policy/cors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

#include "proxy/config/origin.h"

namespace proxy::policy {
namespace {

constexpr std::string_view kAll = "Access-Control-";
constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kAllowCredentials = "Access-Control-Allow-Credentials";
constexpr std::string_view kAllowMethods = "Access-Control-Allow-Methods";
constexpr std::string_view kAllowHeaders = "Access-Control-Allow-Headers";
constexpr std::string_view kExposeHeaders = "Access-Control-Expose-Headers";
constexpr std::string_view kMaxAge = "Access-Control-Max-Age";

using http::equals_ignoring_case;

bool is_of_cors(std::string_view name) {
  return name.size() >= kAll.size() && equals_ignoring_case(name.substr(0, kAll.size()), kAll);
}

// Where the configuration has the last word.
bool is_decided_here(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {kAllowOrigin, kAllowCredentials,
                                                      kAllowMethods, kAllowHeaders, kMaxAge};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view known) { return equals_ignoring_case(name, known); });
}

bool varies_by_origin(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    return equals_ignoring_case(field.name, "Vary") &&
           (field.value == "*" || equals_ignoring_case(field.value, "Origin"));
  });
}

bool is_listed_text(const std::vector<std::string>& sorted, std::string_view text) {
  return std::binary_search(sorted.begin(), sorted.end(), text, std::less<>());
}

}  // namespace

std::string_view origin_of(const Fields& request_fields) {
  std::string_view origin;
  for (const http::Field& field : request_fields) {
    if (!equals_ignoring_case(field.name, "Origin")) continue;
    if (!origin.empty() || field.value.size() > config::kOriginBytesMax) return {};
    origin = field.value;
  }
  return origin;
}

bool is_preflight(http::Method method, const Fields& request_fields) {
  if (method != http::Method::options) return false;
  const auto has = [&](std::string_view name) {
    return std::any_of(request_fields.begin(), request_fields.end(), [name](const auto& field) {
      return equals_ignoring_case(field.name, name);
    });
  };
  return has("Origin") && has("Access-Control-Request-Method");
}

Cors::Cors(config::Cors config)
    : config_(std::move(config)), max_age_(std::to_string(config_.max_age)) {
  const auto add = [this](std::string_view name, std::string_view value) {
    if (!value.empty()) fixed_.push_back({.name = name, .value = value});
  };
  add(kAllowCredentials, config_.credentials ? "true" : "");
  add(kAllowMethods, config_.methods);
  add(kAllowHeaders, config_.headers);
  add(kExposeHeaders, config_.exposed_headers);
  add(kMaxAge, max_age_);
}

// Schemes and hosts have no case (RFC 6454 §4).
bool Cors::is_listed(std::string_view origin) const {
  if (origin == "null") return is_listed_text(config_.origins, origin);
  if (!config::is_origin(origin)) return false;
  std::array<char, config::kOriginBytesMax> storage{};
  std::transform(origin.begin(), origin.end(), storage.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::string_view lower(storage.data(), origin.size());
  if (is_listed_text(config_.origins, lower)) return true;
  constexpr std::string_view kAfterScheme = "://";
  const std::size_t label = lower.find(kAfterScheme) + kAfterScheme.size();
  const std::size_t dot = lower.find('.', label);
  if (dot == std::string_view::npos || lower[label] == '[') return false;
  // "https://*" and what follows the first label, as the list has it. A label is no shorter than
  // the "*" in its place.
  storage[label] = '*';
  const std::size_t rest = lower.size() - dot;
  std::memmove(&storage.at(label + 1), &storage.at(dot), rest);
  return is_listed_text(config_.origins, {storage.data(), label + 1 + rest});
}

bool Cors::admits(std::string_view origin) const {
  if (is_open()) return true;
  return config_.any_origin ? config::is_origin(origin) : is_listed(origin);
}

void Cors::add_to(Fields& fields, std::string_view origin) const {
  if (!is_open() && !varies_by_origin(fields))
    fields.push_back({.name = "Vary", .value = "Origin"});
  if (!admits(origin)) return;
  fields.push_back({.name = kAllowOrigin, .value = is_open() ? "*" : origin});
  fields.insert(fields.end(), fixed_.begin(), fixed_.end());
}

void Cors::replace_in(Fields& fields, std::string_view origin) const {
  const bool is_admitted = admits(origin);
  std::erase_if(fields, [&](const http::Field& field) {
    if (!is_of_cors(field.name)) return false;
    if (!is_admitted || is_decided_here(field.name)) return true;
    return !config_.exposed_headers.empty() && equals_ignoring_case(field.name, kExposeHeaders);
  });
  add_to(fields, origin);
}

}  // namespace proxy::policy
