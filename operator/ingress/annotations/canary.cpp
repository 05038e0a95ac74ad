#include "operator/ingress/annotations/canary.h"

#include <array>
#include <string>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/expression.h"
#include "proxy/config/field_name.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

constexpr std::array<std::string_view, 6> kKeys = {
    "canary-by-cookie",       "canary-by-header", "canary-by-header-pattern",
    "canary-by-header-value", "canary-weight",    "canary-weight-total"};

void add_issue(const Found& found, std::string why, Issues& issues) {
  issues.push_back({Issue::Effect::tunes, found.name, std::move(why), ""});
}

std::string read_name(const AnnotationMap& annotations, std::string_view key, Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return {};
  const std::string_view name = trimmed(found->value);
  if (proxy::config::is_field_name(name)) return std::string(name);
  issues.push_back(bad_value(*found, "a name; nobody is chosen by it", Issue::Effect::tunes));
  return {};
}

std::optional<std::uint64_t> read_number(const AnnotationMap& annotations, std::string_view key,
                                         std::string_view expected, Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return std::nullopt;
  const auto number = read_whole_number(found->value, proxy::config::kWeightMax);
  if (number) return number;
  issues.push_back(bad_value(*found, expected, Issue::Effect::tunes));
  return 0;
}

void read_header(const AnnotationMap& annotations, proxy::config::Split& split, Issues& issues) {
  split.header = read_name(annotations, "canary-by-header", issues);
  const auto value = find(annotations, "canary-by-header-value");
  const auto pattern = find(annotations, "canary-by-header-pattern");
  if (split.header.empty()) {
    for (const auto& found : {value, pattern}) {
      if (found) add_issue(*found, "says nothing without canary-by-header", issues);
    }
    return;
  }
  if (value) {
    if (pattern) add_issue(*pattern, "says nothing beside canary-by-header-value", issues);
    split.header_value = trimmed(value->value);
    if (proxy::config::is_field_text(split.header_value)) return;
    issues.push_back(
        bad_value(*value, "what a header field can have as its value", Issue::Effect::tunes));
    split.header.clear();
    split.header_value.clear();
    return;
  }
  if (!pattern) return;
  using proxy::config::Expression;
  const std::string_view text = trimmed(pattern->value);
  std::string why = "too long";
  if (text.size() <= proxy::config::kPathBytesMax) {
    const auto compiled = Expression::compile(std::string(text), Expression::Use::value);
    if (compiled) {
      split.header_pattern = text;
      return;
    }
    why = compiled.error().message;
  }
  add_issue(*pattern,
            "is a regular expression that cannot be compared with requests (" + why +
                "); nobody is chosen by the header",
            issues);
  split.header.clear();
}

}  // namespace

bool is_canary(const AnnotationMap& annotations) {
  const auto found = find(annotations, "canary");
  return found && read_bool(found->value) != false;
}

std::optional<proxy::config::Split> read_canary(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "canary");
  if (!found || !is_canary(annotations)) {
    if (found) return std::nullopt;
    for (const std::string_view key : kKeys) {
      if (const auto other = find(annotations, key)) {
        add_issue(*other, "says nothing without canary", issues);
      }
    }
    return std::nullopt;
  }
  proxy::config::Split split;
  if (!read_bool(found->value)) {
    issues.push_back(bad_value(*found, "\"true\" or \"false\"; no request is sent to this Ingress",
                               Issue::Effect::tunes));
    return split;
  }
  read_header(annotations, split, issues);
  split.cookie = read_name(annotations, "canary-by-cookie", issues);
  split.weight =
      read_number(annotations, "canary-weight", "a number; none is sent by weight", issues)
          .value_or(0);
  const auto total = read_number(annotations, "canary-weight-total",
                                 "a number above 0; none is sent by weight", issues);
  split.weight_total = total.value_or(split.weight_total);
  if (split.weight_total == 0) {
    split.weight = 0;
    split.weight_total = proxy::config::Split{}.weight_total;
  }
  return split;
}

}  // namespace ingress::annotations
