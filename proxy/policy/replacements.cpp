#include "proxy/policy/replacements.h"

#include <algorithm>
#include <utility>

namespace proxy::policy {
namespace {

using http::equals_ignoring_case;

const config::Replacement* of_beginning(const Replacements& all, std::string_view text) {
  const auto found = std::find_if(all.begin(), all.end(), [text](const config::Replacement& one) {
    return text.starts_with(one.from);
  });
  return found == all.end() ? nullptr : &*found;
}

std::string_view without_dot(std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  return domain;
}

const config::Replacement* of_domain(const Replacements& all, std::string_view domain) {
  const auto found = std::find_if(all.begin(), all.end(), [domain](const config::Replacement& one) {
    return equals_ignoring_case(without_dot(one.from), without_dot(domain));
  });
  return found == all.end() ? nullptr : &*found;
}

std::optional<std::string> with_other_beginning(std::string_view text, const Replacements& all) {
  const config::Replacement* const one = of_beginning(all, text);
  if (one == nullptr) return std::nullopt;
  return one->to + std::string(text.substr(one->from.size()));
}

}  // namespace

std::optional<std::string> replaced_in_cookie(std::string_view cookie, const Replacements& domains,
                                              const Replacements& paths) {
  std::string made;
  bool is_changed = false;
  std::size_t end = std::min(cookie.find(';'), cookie.size());
  made.append(cookie.substr(0, end));  // the name and its value are the backend's own
  while (end < cookie.size()) {
    const std::size_t begin = end;
    end = std::min(cookie.find(';', begin + 1), cookie.size());
    const std::string_view part = cookie.substr(begin, end - begin);  // "; Path=/x"
    const std::size_t equals = part.find('=');
    const std::string_view name = http::trimmed(part.substr(1, std::min(equals, part.size()) - 1));
    const std::string_view value = equals == std::string_view::npos
                                       ? std::string_view()
                                       : http::trimmed(part.substr(equals + 1));
    std::optional<std::string> other;
    if (equals_ignoring_case(name, "Path")) {
      other = with_other_beginning(value, paths);
    } else if (equals_ignoring_case(name, "Domain")) {
      const config::Replacement* const one = of_domain(domains, value);
      if (one != nullptr) other = one->to;
    }
    if (other) {
      made.append(part.substr(0, equals + 1)).append(*other);
      is_changed = true;
    } else {
      made.append(part);
    }
  }
  if (!is_changed) return std::nullopt;
  return made;
}

std::optional<std::string> replaced_in_location(std::string_view location,
                                                const Replacements& locations) {
  return with_other_beginning(location, locations);
}

std::optional<std::string> replaced_in_refresh(std::string_view refresh,
                                               const Replacements& locations) {
  constexpr std::string_view kUrl = "url=";
  for (std::size_t at = 0; at + kUrl.size() <= refresh.size(); ++at) {
    if (!equals_ignoring_case(refresh.substr(at, kUrl.size()), kUrl)) continue;
    const std::size_t begin = at + kUrl.size();
    auto other = with_other_beginning(refresh.substr(begin), locations);
    if (other) return std::string(refresh.substr(0, begin)) + *other;
    return std::nullopt;
  }
  return std::nullopt;
}

void replace_in_fields(const config::Shape& shape, std::vector<http::Field>& fields,
                       std::forward_list<std::string>& texts) {
  if (shape.cookie_domains.empty() && shape.cookie_paths.empty() && shape.locations.empty()) return;
  for (http::Field& field : fields) {
    std::optional<std::string> other;
    if (equals_ignoring_case(field.name, "Set-Cookie")) {
      other = replaced_in_cookie(field.value, shape.cookie_domains, shape.cookie_paths);
    } else if (equals_ignoring_case(field.name, "Location")) {
      other = replaced_in_location(field.value, shape.locations);
    } else if (equals_ignoring_case(field.name, "Refresh")) {
      other = replaced_in_refresh(field.value, shape.locations);
    }
    if (!other) continue;
    texts.push_front(std::move(*other));
    field.value = texts.front();
  }
}

}  // namespace proxy::policy
