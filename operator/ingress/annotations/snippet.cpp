#include "operator/ingress/annotations/snippet.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

using Words = std::vector<std::string>;

// Stands for a block "location /path { ... }" that keeps everybody out of a path.
constexpr std::string_view kDeniedLocation = "location";

bool keeps_everybody_out(const Words& words) {
  if (words == Words{"deny", "all"}) return true;
  return words.size() == 2 && words[0] == "return" && words[1].size() == 3 &&
         (words[1] == "401" || words[1] == "403" || words[1] == "404");
}

// nginx's syntax as far as plain directives have it: words, quotes, comments, ";", and a location
// that does nothing but keep people out. Nothing when there is another block, or a directive does
// not end.
std::optional<std::vector<Words>> read_directives(std::string_view text) {
  std::vector<Words> directives;
  bool is_in_location = false;
  bool is_location_denied = false;
  Words words;
  std::string word;
  bool is_word = false;
  const auto end_word = [&] {
    if (is_word) words.push_back(word);
    word.clear();
    is_word = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      end_word();
    } else if (c == ';') {
      end_word();
      if (words.empty()) return std::nullopt;
      if (!is_in_location) {
        directives.push_back(std::move(words));
      } else if (keeps_everybody_out(words)) {
        is_location_denied = true;
      } else {
        return std::nullopt;
      }
      words.clear();
    } else if (!is_word && c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (!is_word && (c == '"' || c == '\'')) {
      const std::size_t end = text.find(c, i + 1);
      if (end == std::string_view::npos) return std::nullopt;
      word = text.substr(i + 1, end - i - 1);
      is_word = true;
      i = end;
    } else if (c == '{') {
      end_word();
      // With or without one word for how the path is compared.
      const bool is_location = (words.size() == 2 || words.size() == 3) && words[0] == "location";
      if (!is_location || is_in_location) return std::nullopt;
      is_in_location = true;
      words.clear();
    } else if (c == '}') {
      end_word();
      if (!is_in_location || !is_location_denied || !words.empty()) return std::nullopt;
      directives.push_back({std::string(kDeniedLocation)});
      is_in_location = is_location_denied = false;
    } else if (c == '\\' && !words.empty() && words[0] == "location" && !is_in_location) {
      word += c;  // of an expression; nobody looks at it
      is_word = true;
    } else if (c == '\\') {
      return std::nullopt;
    } else {
      word += c;
      is_word = true;
    }
  }
  end_word();
  if (!words.empty() || directives.empty() || is_in_location) return std::nullopt;
  return directives;
}

// "return 403", "return 301 https://...", "return https://..."
std::string_view key_of_return(const Words& words) {
  if (words.size() == 2 && words[1].size() == 3 && (words[1][0] == '4' || words[1][0] == '5')) {
    return "fixed-answer";
  }
  if (words.size() == 2 && words[1].starts_with("http")) return "temporal-redirect";
  if (words.size() != 3) return {};
  if (words[1] == "301" || words[1] == "308") return "permanent-redirect";
  if (words[1] == "302" || words[1] == "303" || words[1] == "307") return "temporal-redirect";
  return {};
}

std::string_view key_of(const Words& words) {
  struct Known {
    std::string_view directive;
    std::string_view key;
  };
  constexpr std::array<Known, 17> kKnown = {{{"more_set_headers", "response-headers"},
                                             {"add_header", "response-headers"},
                                             {"more_clear_headers", "hidden-headers"},
                                             {"proxy_hide_header", "hidden-headers"},
                                             {"proxy_set_header", "request-headers"},
                                             {"more_set_input_headers", "request-headers"},
                                             {"more_clear_input_headers", "request-headers"},
                                             {"allow", "allowlist-source-range"},
                                             {"deny", "denylist-source-range"},
                                             {"client_max_body_size", "proxy-body-size"},
                                             {"proxy_connect_timeout", "proxy-connect-timeout"},
                                             {"proxy_read_timeout", "proxy-read-timeout"},
                                             {"proxy_send_timeout", "proxy-send-timeout"},
                                             {"proxy_cookie_path", "proxy-cookie-path"},
                                             {"proxy_cookie_domain", "proxy-cookie-domain"},
                                             {"limit_rate", "limit-rate"},
                                             {kDeniedLocation, "fixed-answer"}}};
  if (words.front() == "return") return key_of_return(words);
  if (words.size() == 2 && words.front() == "deny" && words[1] == "all") {
    return "allowlist-source-range";
  }
  const auto* const known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) {
    return one.directive == words.front();
  });
  return known == kKnown.end() ? std::string_view() : known->key;
}

// "$host", "${host}": a typed key has no variables.
bool has_variable(const std::vector<Words>& directives) {
  return std::any_of(directives.begin(), directives.end(), [](const Words& words) {
    // Those of a redirect it has.
    return words.front() != "return" &&
           std::any_of(words.begin() + 1, words.end(),
                       [](const std::string& word) { return word.find('$') != std::string::npos; });
  });
}

}  // namespace

std::string typed_keys_for(std::string_view snippet) {
  const auto directives = read_directives(snippet);
  if (!directives) return {};
  std::set<std::string_view> keys;
  for (const Words& words : *directives) {
    const std::string_view key = key_of(words);
    if (key.empty()) return {};
    keys.insert(key);
  }
  std::string text = "Configuration text is never taken from annotations; write what it says in ";
  std::size_t left = keys.size();
  for (const std::string_view key : keys) {
    text.append("gatehouse.dev/").append(key);
    --left;
    text += left == 0 ? "" : left == 1 ? " and " : ", ";
  }
  text += ", and remove it, to have it served.";
  const bool denies_a_path =
      std::any_of(directives->begin(), directives->end(),
                  [](const Words& words) { return words.front() == kDeniedLocation; });
  if (denies_a_path) {
    text += " A path that nobody may come to is an Ingress of its own, with that path and 403.";
  }
  if (has_variable(*directives)) {
    text +=
        " Values have no variables there; what nginx's guides set by them, X-Forwarded-* and "
        "X-Real-IP, a backend gets anyway.";
  }
  return text;
}

}  // namespace ingress::annotations
