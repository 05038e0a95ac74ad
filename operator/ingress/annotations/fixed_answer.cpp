#include "operator/ingress/annotations/fixed_answer.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/field_name.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

constexpr int kNoContent = 204;

std::optional<int> read_status(std::string_view text) {
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const bool may_be_fixed =
      status == 200 || status == kNoContent || (status >= 400 && status <= 599);
  return is_number && may_be_fixed ? std::optional(status) : std::nullopt;
}

// An annotation that cannot be read, or says nothing, is told and left out.
std::string read_text(const AnnotationMap& annotations, int status, Issues& issues) {
  const auto found = find(annotations, "fixed-answer-text");
  if (!found) return {};
  if (status == kNoContent) {
    issues.push_back({Issue::Effect::tunes, found->name, "says nothing with the status 204", ""});
    return {};
  }
  if (found->value.size() <= proxy::config::kTextBytesMax) return std::string(found->value);
  issues.push_back(bad_value(
      *found, "a text of " + std::to_string(proxy::config::kTextBytesMax) + " bytes at most",
      Issue::Effect::tunes));
  return {};
}

std::string read_type(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "fixed-answer-type");
  if (!found) return {};
  const std::string_view text = trimmed(found->value);
  if (proxy::config::is_field_text(text) && text.find('/') != std::string_view::npos) {
    return std::string(text);
  }
  issues.push_back(
      bad_value(*found, "a media type like \"application/json\"", Issue::Effect::tunes));
  return {};
}

}  // namespace

std::optional<proxy::config::FixedAnswer> read_fixed_answer(const AnnotationMap& annotations,
                                                            Issues& issues) {
  const auto found = find(annotations, "fixed-answer");
  if (!found || says_no(found->value)) {
    for (const char* const key : {"fixed-answer-text", "fixed-answer-type"}) {
      if (const auto alone = find(annotations, key)) {
        issues.push_back(
            {Issue::Effect::tunes, alone->name, "says nothing without fixed-answer", ""});
      }
    }
    return std::nullopt;
  }
  const auto status = read_status(trimmed(found->value));
  if (!status) {
    issues.push_back(
        bad_value(*found, "200, 204, or a status from 400 to 599", Issue::Effect::guards));
    return std::nullopt;
  }
  proxy::config::FixedPage page;
  page.status = *status;
  page.text = read_text(annotations, *status, issues);
  page.type = read_type(annotations, issues);
  // Who says no more than a status is answered in the proxy's own words.
  if (*status >= 400 && page.text.empty()) {
    return proxy::config::FixedAnswer{*status, "fixed_answer", {}, {}};
  }
  return proxy::config::FixedAnswer{503, "fixed_answer", {}, std::move(page)};
}

}  // namespace ingress::annotations
