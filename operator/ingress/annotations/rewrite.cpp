#include "operator/ingress/annotations/rewrite.h"

#include <algorithm>
#include <optional>

#include "operator/ingress/annotations/values.h"
#include "operator/ingress/route_path.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

bool is_digit(char c) {
  return c >= '1' && c <= '9';
}

bool is_escaped_in_query(char c) {
  return c <= ' ' || c > '~' || c == '#' || c == '"' || c == '<' || c == '>';
}

// "$1" to "$9", and no other use of "$".
bool has_groups_only(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && (i + 1 == text.size() || !is_digit(text[i + 1]))) return false;
  }
  return true;
}

// As the proxy takes it. Nothing when it is no path.
std::optional<std::string> path_template(std::string_view text) {
  // What "$1" stands for begins with a "/" or does not, and slashes that meet are one.
  std::string rooted = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
  const std::size_t mark = std::min(rooted.find('?'), rooted.size());
  auto made = route_path(std::string_view(rooted).substr(0, mark));
  if (!made || rooted.find("#") != std::string::npos) return std::nullopt;
  const std::string_view query = std::string_view(rooted).substr(mark);
  if (std::any_of(query.begin(), query.end(), is_escaped_in_query)) return std::nullopt;
  made->append(query);
  if (made->size() > proxy::config::kPathBytesMax) return std::nullopt;
  return made;
}

void read_target(const AnnotationMap& annotations, Rewrite& rewrite, Issues& issues) {
  const auto found = find(annotations, "rewrite-target");
  if (!found) return;
  rewrite.uses_expressions = true;  // in ingress-nginx it implies use-regex
  const std::string_view text = trimmed(found->value);
  const auto refuse = [&](std::string why, std::string remedy) {
    issues.push_back({Issue::Effect::guards, found->name, std::move(why), std::move(remedy)});
  };
  if (text.find("://") != std::string_view::npos) {
    refuse("is another address, so that it would redirect and not rewrite",
           "Write it as temporal-redirect or permanent-redirect.");
    return;
  }
  if (!has_groups_only(text)) {
    refuse("has a \"$\" that no digit from 1 to 9 follows",
           "Groups of the path's expression are \"$1\" to \"$9\"; there are no variables.");
    return;
  }
  const auto target = path_template(text);
  if (!target) {
    issues.push_back(
        bad_value(*found, "a path (no \"..\", no broken escape, no \"#\")", Issue::Effect::guards));
    return;
  }
  rewrite.target = *target;
}

}  // namespace

Rewrite read_rewrite(const AnnotationMap& annotations, Issues& issues) {
  Rewrite rewrite;
  if (const auto found = find(annotations, "use-regex")) {
    const auto value = read_bool(found->value);
    if (!value) {
      issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::guards));
    }
    rewrite.uses_expressions = value.value_or(true);
    rewrite.wants_none = !rewrite.uses_expressions;
  }
  read_target(annotations, rewrite, issues);
  if (const auto found = find(annotations, "x-forwarded-prefix")) {
    const std::string_view text = trimmed(found->value);
    const auto prefix = text.starts_with('/') ? route_path(text) : std::nullopt;
    if (prefix && text.find('$') == std::string_view::npos) {
      rewrite.forwarded_prefix = *prefix;
    } else {
      issues.push_back(bad_value(*found, "a path that begins with \"/\"", Issue::Effect::tunes));
    }
  }
  return rewrite;
}

}  // namespace ingress::annotations
