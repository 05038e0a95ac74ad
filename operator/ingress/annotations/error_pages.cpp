#include "operator/ingress/annotations/error_pages.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

constexpr int kFirst = 400;
constexpr int kLast = 599;

std::optional<int> read_status(std::string_view text) {
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || status < kFirst || status > kLast) return std::nullopt;
  return status;
}

// A label of RFC 1035, which the name of a Service is; where it came from is not to matter.
bool may_name_a_service(std::string_view name) {
  constexpr std::size_t kLabelBytesMax = 63;
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name.size() <= kLabelBytesMax &&
         std::all_of(name.begin(), name.end(), may_stand);
}

void read_statuses(const Found& found, std::vector<int>& statuses, Issues& issues) {
  std::string_view text = found.value;
  bool are_all_read = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(", \n"), text.size());
    const std::string_view entry = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (entry.empty()) continue;
    if (const auto status = read_status(entry)) {
      statuses.push_back(*status);
    } else {
      are_all_read = false;
    }
  }
  std::sort(statuses.begin(), statuses.end());
  statuses.erase(std::unique(statuses.begin(), statuses.end()), statuses.end());
  if (are_all_read) return;
  Issue issue = bad_value(found, "statuses from 400 to 599 by commas", Issue::Effect::tunes);
  if (!statuses.empty()) issue.why += "; those that are hold";
  issues.push_back(std::move(issue));
}

}  // namespace

std::string default_backend_of(const AnnotationMap& annotations) {
  const auto found = find(annotations, "default-backend");
  if (!found) return {};
  const std::string_view name = trimmed(found->value);
  return may_name_a_service(name) ? std::string(name) : std::string();
}

ErrorPages read_error_pages(const AnnotationMap& annotations, Issues& issues) {
  ErrorPages pages;
  if (const auto found = find(annotations, "default-backend")) {
    pages.service = default_backend_of(annotations);
    pages.service_annotation = found->name;
    if (pages.service.empty()) {
      issues.push_back(bad_value(*found, "the name of a Service in the Ingress's namespace",
                                 Issue::Effect::tunes));
    }
  }
  const auto passes_all = find(annotations, "disable-proxy-intercept-errors");
  pages.pass_as_they_are = passes_all && read_bool(passes_all->value) == true;
  const auto found = find(annotations, "custom-http-errors");
  if (!found) return pages;
  pages.statuses_annotation = found->name;
  if (pages.pass_as_they_are) return pages;
  read_statuses(*found, pages.statuses, issues);
  return pages;
}

}  // namespace ingress::annotations
