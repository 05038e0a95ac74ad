#include "operator/ingress/annotations/snippet.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/service_address.h"
#include "operator/ingress/annotations/values.h"
#include "operator/routing/host_name.h"

namespace ingress::annotations {
namespace {

using Words = std::vector<std::string>;

// Far above what anybody reads in an Event about it.
constexpr std::size_t kSnippetBytesMax = 16u << 10;
constexpr std::size_t kDirectivesMax = 200;

// nginx's plain directives, and blocks with plain directives in them: "location", "if".
struct Directive {
  Words words;
  bool is_block = false;
  std::vector<Words> inner{};
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// nginx's syntax as far as that goes: words, quotes, comments, ";" and "{". What a backslash
// escapes is kept with it: nobody looks at expressions, and other words with one are not known.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // Nothing when a block stands in a block, or something does not end.
  std::optional<std::vector<Directive>> read() {
    if (text_.size() > kSnippetBytesMax) return std::nullopt;
    std::vector<Directive> all;
    for (;;) {
      auto directive = read_directive();
      if (!directive) return std::nullopt;
      if (directive->words.empty()) break;
      if (directive->is_block && !read_block(directive->inner)) return std::nullopt;
      all.push_back(std::move(*directive));
      if (all.size() > kDirectivesMax) return std::nullopt;
    }
    if (at_ != text_.size() || all.empty()) return std::nullopt;
    return all;
  }

 private:
  // What follows a "{", to its "}".
  bool read_block(std::vector<Words>& inner) {
    for (;;) {
      auto directive = read_directive();
      if (!directive || directive->is_block) return false;
      if (directive->words.empty()) break;
      inner.push_back(std::move(directive->words));
      if (inner.size() > kDirectivesMax) return false;
    }
    if (at_ == text_.size()) return false;
    ++at_;  // the "}"
    return true;
  }

  // Without words: the text ends here, or a "}" stands here. Nothing: it does not end.
  std::optional<Directive> read_directive() {
    Directive directive;
    for (;;) {
      skip_space();
      if (at_ == text_.size() || text_[at_] == '}') {
        if (!directive.words.empty()) return std::nullopt;
        return directive;
      }
      const char c = text_[at_];
      if (c == ';' || c == '{') {
        ++at_;
        directive.is_block = c == '{';
        if (directive.words.empty()) return std::nullopt;
        return directive;
      }
      auto word = read_word();
      if (!word) return std::nullopt;
      directive.words.push_back(std::move(*word));
    }
  }

  void skip_space() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (is_space(text_[at_])) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::optional<std::string> read_word() {
    std::string word;
    const char quote = text_[at_];
    if (quote == '"' || quote == '\'') {
      for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) word += text_[at_++];
        word += text_[at_];
      }
      if (at_ == text_.size()) return std::nullopt;
      ++at_;
      return word;
    }
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (is_space(c) || c == ';' || c == '}') break;
      // "${name}" is one word.
      if (c == '{' && (word.empty() || word.back() != '$')) break;
      if (c == '{') {
        const std::size_t end = text_.find('}', at_);
        if (end == std::string_view::npos) return std::nullopt;
        word += text_.substr(at_, end - at_);
        at_ = end;
      }
      if (c == '\\' && at_ + 1 < text_.size()) word += text_[at_++];
      word += text_[at_];
    }
    return word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// What a directive can be written as.
struct Meaning {
  std::string_view key{};          // empty: nothing is to be written for it
  bool is_of_own_ingress = false;  // for a path or a host alone
  std::string_view done_anyway{};  // without a key: what it is about
};

struct Known {
  std::string_view directive;
  std::string_view key;
};
constexpr std::array<Known, 19> kKnown = {{{"more_set_headers", "response-headers"},
                                           {"add_header", "response-headers"},
                                           {"expires", "response-headers"},
                                           {"more_clear_headers", "hidden-headers"},
                                           {"proxy_hide_header", "hidden-headers"},
                                           {"more_set_input_headers", "request-headers"},
                                           {"more_clear_input_headers", "request-headers"},
                                           {"allow", "allowlist-source-range"},
                                           {"deny", "denylist-source-range"},
                                           {"client_max_body_size", "proxy-body-size"},
                                           {"proxy_connect_timeout", "proxy-connect-timeout"},
                                           {"proxy_read_timeout", "proxy-read-timeout"},
                                           {"proxy_send_timeout", "proxy-send-timeout"},
                                           {"proxy_request_buffering", "proxy-request-buffering"},
                                           {"proxy_cookie_path", "proxy-cookie-path"},
                                           {"proxy_cookie_domain", "proxy-cookie-domain"},
                                           {"proxy_next_upstream", "proxy-next-upstream"},
                                           {"limit_rate", "limit-rate"},
                                           {"limit_rate_after", "limit-rate-after"}}};

// What nginx has to be told and is done here anyway.
constexpr std::array<Known, 6> kDoneAnyway = {
    {{"proxy_http_version", "HTTP/1.1 to backends"},
     {"proxy_buffering", "responses that are sent on as they come"},
     {"proxy_buffer_size", "buffers for responses"},
     {"proxy_buffers", "buffers for responses"},
     {"proxy_busy_buffers_size", "buffers for responses"},
     {"server_tokens", "no version in the field Server"}}};
// Of "proxy_set_header NAME".
constexpr std::array<Known, 3> kFieldsSentAnyway = {{{"upgrade", "WebSockets"},
                                                     {"connection", "WebSockets"},
                                                     {"x-real-ip", "X-Forwarded-* and X-Real-IP"}}};

std::string_view find_known(std::span<const Known> all, std::string_view directive) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Known& one) {
    return is_same_word(one.directive, directive);
  });
  return found == all.end() ? std::string_view() : found->key;
}

bool is_status(std::string_view word) {
  return word.size() == 3 && word[0] >= '2' && word[0] <= '5';
}

// "return 403", "return 200 'text'", "return 301 https://...", "return https://..."
std::string_view key_of_return(const Words& words) {
  if (words.size() == 2 && words[1].starts_with("http")) return "temporal-redirect";
  if (words.size() < 2 || words.size() > 3 || !is_status(words[1])) return {};
  const std::string& status = words[1];
  if (status[0] == '4' || status[0] == '5' || status == "200" || status == "204") {
    return "fixed-answer";
  }
  if (words.size() != 3) return {};
  if (status == "301" || status == "308") return "permanent-redirect";
  if (status == "302" || status == "303" || status == "307") return "temporal-redirect";
  return {};
}

bool denies_all(const Words& words) {
  return words == Words{"deny", "all"};
}

std::optional<Meaning> meaning_of_request_field(const Words& words) {
  if (words.size() != 3) return std::nullopt;
  const std::string& name = words[1];
  const std::string& value = words[2];
  constexpr std::string_view kForwarded = "x-forwarded-";
  if (is_same_word(std::string_view(name).substr(0, kForwarded.size()), kForwarded)) {
    return Meaning{.done_anyway = "X-Forwarded-* and X-Real-IP"};
  }
  if (is_same_word(name, "Host")) {
    if (value == "$host" || value == "$http_host" || value == "$best_http_host") {
      return Meaning{.done_anyway = "the client's Host"};
    }
    return Meaning{.key = "upstream-vhost"};
  }
  if (const auto about = find_known(kFieldsSentAnyway, name); !about.empty()) {
    return Meaning{.done_anyway = about};
  }
  return Meaning{.key = "request-headers"};
}

std::optional<Meaning> meaning_of_plain(const Words& words) {
  const std::string& directive = words.front();
  if (directive == "return") {
    const std::string_view key = key_of_return(words);
    return key.empty() ? std::nullopt : std::optional(Meaning{.key = key});
  }
  if (directive == "proxy_set_header") return meaning_of_request_field(words);
  if (denies_all(words)) return Meaning{.key = "allowlist-source-range"};
  if (const auto about = find_known(kDoneAnyway, directive); !about.empty()) {
    return Meaning{.done_anyway = about};
  }
  const std::string_view key = find_known(kKnown, directive);
  return key.empty() ? std::nullopt : std::optional(Meaning{.key = key});
}

// A location that does nothing but answer, or let in some addresses: with or without one word for
// how its path is compared.
std::optional<Meaning> meaning_of_location(const Directive& block) {
  if (block.words.size() != 2 && block.words.size() != 3) return std::nullopt;
  std::string_view key;
  bool admits = false;
  for (const Words& words : block.inner) {
    // What is said of a log changes nothing for who asks.
    if (words.front() == "access_log" || words.front() == "log_not_found") continue;
    if (words.front() == "default_type") continue;
    if (words.front() == "allow") {
      admits = true;
    } else if (denies_all(words)) {
      key = admits ? "allowlist-source-range" : "fixed-answer";
    } else if (words.front() == "return" && key.empty() && !admits) {
      key = key_of_return(words);
      if (key.empty()) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (key.empty()) return std::nullopt;
  return Meaning{.key = key, .is_of_own_ingress = true};
}

// "if ($host = 'old.example') { return 301 ...; }": what it asks about says which key it is.
std::optional<Meaning> meaning_of_condition(const Directive& block) {
  if (block.inner.size() != 1 || block.inner.front().front() != "return") return std::nullopt;
  const std::string_view key = key_of_return(block.inner.front());
  if (key.empty() || block.words.size() < 2) return std::nullopt;
  std::string_view asked = block.words[1];
  if (asked == "(" && block.words.size() > 2) asked = block.words[2];
  if (asked.starts_with('(')) asked.remove_prefix(1);
  asked = asked.substr(0, asked.find_first_of(")=!~ "));
  // In place of those that it is for.
  const bool is_negated =
      std::any_of(block.words.begin() + 1, block.words.end(),
                  [](const std::string& word) { return word.starts_with('!'); });
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), asked) != names.end();
  };
  const bool redirects = key == "permanent-redirect" || key == "temporal-redirect";
  if (is({"$scheme", "$http_x_forwarded_proto", "$https"}) && redirects) {
    return Meaning{.key = "force-ssl-redirect"};
  }
  if (is({"$remote_addr"}) && key == "fixed-answer") {
    return Meaning{.key = is_negated ? "allowlist-source-range" : "denylist-source-range"};
  }
  if (is_negated) return std::nullopt;
  const bool is_of_place = is({"$host", "$http_host", "$server_name", "$request_uri", "$uri",
                               "$document_uri", "$request_filename"});
  if (is_of_place) return Meaning{.key = key, .is_of_own_ingress = true};
  // A preflight that is answered at the edge.
  const bool succeeds = block.inner.front()[1].starts_with('2');
  if (is({"$request_method"}) && succeeds) return Meaning{.key = "enable-cors"};
  return std::nullopt;
}

std::optional<Meaning> meaning_of(const Directive& directive) {
  if (!directive.is_block) return meaning_of_plain(directive.words);
  if (directive.words.front() == "location") return meaning_of_location(directive);
  if (directive.words.front() == "if") return meaning_of_condition(directive);
  return std::nullopt;
}

// "$host", "${host}": a typed key has no variables, but for those of a redirect.
bool has_variable(const Directive& directive) {
  return !directive.is_block && directive.words.front() != "return" &&
         std::any_of(directive.words.begin() + 1, directive.words.end(),
                     [](const std::string& word) { return word.find('$') != std::string::npos; });
}

// A field and what nginx's guides have it be, where it is that here as well.
struct SentField {
  std::string_view name;
  std::string_view value;
};
constexpr std::array<SentField, 17> kSentToBackends = {
    {{"Connection", ""},
     {"Connection", "$connection_upgrade"},
     {"Connection", "keep-alive"},
     {"Connection", "upgrade"},
     {"Host", "$best_http_host"},
     {"Host", "$host"},
     {"Host", "$http_host"},
     {"Upgrade", "$http_upgrade"},
     {"X-Forwarded-For", "$proxy_add_x_forwarded_for"},
     {"X-Forwarded-Host", "$best_http_host"},
     {"X-Forwarded-Host", "$host"},
     {"X-Forwarded-Host", "$http_host"},
     {"X-Forwarded-Port", "$server_port"},
     {"X-Forwarded-Proto", "$pass_access_scheme"},
     {"X-Forwarded-Proto", "$scheme"},
     {"X-Forwarded-Scheme", "$scheme"},
     {"X-Real-IP", "$remote_addr"}}};
constexpr std::array<SentField, 8> kSaidToAuthServers = {
    {{"X-Forwarded-Host", "$best_http_host"},
     {"X-Forwarded-Host", "$host"},
     {"X-Forwarded-Host", "$http_host"},
     {"X-Original-Method", "$request_method"},
     {"X-Original-URI", "$request_uri"},
     {"X-Original-URL", "$scheme://$http_host$request_uri"},
     {"X-Real-IP", "$remote_addr"},
     {"X-Scheme", "$scheme"}}};

// "proxy_set_header NAME VALUE", of these.
bool sets_one_of(std::span<const SentField> fields, const Directive& directive) {
  const Words& words = directive.words;
  return !directive.is_block && words.size() == 3 && words[0] == "proxy_set_header" &&
         std::any_of(fields.begin(), fields.end(), [&](const SentField& field) {
           return is_same_word(field.name, words[1]) && is_same_word(field.value, words[2]);
         });
}

bool is_done_anyway(const Directive& directive) {
  constexpr std::array<SentField, 3> kDirectives = {
      {{"proxy_http_version", "1.1"}, {"proxy_buffering", "off"}, {"server_tokens", "off"}}};
  const Words& words = directive.words;
  if (sets_one_of(kSentToBackends, directive)) return true;
  return !directive.is_block && words.size() == 2 &&
         std::any_of(kDirectives.begin(), kDirectives.end(), [&](const SentField& known) {
           return known.name == words[0] && known.value == words[1];
         });
}

// As it is named to people: "rewrite", "location ~ /api", "if ($http_cookie = a)".
std::string title_of(const Directive& directive) {
  constexpr std::size_t kShownMax = 40;
  std::string title = directive.words.front();
  for (std::size_t i = 1; directive.is_block && i < directive.words.size(); ++i) {
    title.append(" ").append(directive.words[i]);
  }
  std::erase_if(title, [](char c) { return c < ' ' || c > '~'; });
  return title.substr(0, kShownMax);
}

template <class Words>
void append_all(const Words& words, std::string_view prefix, std::string& text) {
  std::size_t left = words.size();
  for (const auto& word : words) {
    text.append(prefix).append(word);
    --left;
    text += left == 0 ? "" : left == 1 ? " and " : ", ";
  }
}

template <class Predicate>
bool consists_of(std::string_view snippet, const Predicate& is_one) {
  const auto directives = Reader(snippet).read();
  return directives && std::all_of(directives->begin(), directives->end(), is_one);
}

}  // namespace

bool asks_for_what_is_done_anyway(std::string_view snippet) {
  return consists_of(snippet, is_done_anyway);
}

bool asks_for_what_is_said_anyway(std::string_view auth_snippet, std::string_view auth_url) {
  // Who is asked by way of a host of ours hears that host as X-Forwarded-Host.
  const std::size_t begin = auth_url.find("://");
  if (begin == std::string_view::npos) return false;
  const std::string_view authority =
      auth_url.substr(begin + 3, auth_url.find_first_of("/?#", begin + 3) - begin - 3);
  const auto host = routing::config_host(authority.substr(0, authority.find(':')));
  const bool is_service = host && service_named_by(*host);
  if (!is_service && authority != "$host" && authority != "$http_host") return false;
  return consists_of(auth_snippet, [](const Directive& directive) {
    return sets_one_of(kSaidToAuthServers, directive);
  });
}

std::string typed_keys_for(std::string_view snippet) {
  const auto directives = Reader(snippet).read();
  if (!directives) return {};
  std::set<std::string_view> keys, done_anyway;
  std::set<std::string> without_key;
  bool needs_own_ingress = false;
  bool has_variables = false;
  for (const Directive& directive : *directives) {
    const auto meaning = meaning_of(directive);
    if (!meaning) {
      without_key.insert(title_of(directive));
      continue;
    }
    if (meaning->key.empty()) {
      done_anyway.insert(meaning->done_anyway);
      continue;
    }
    keys.insert(meaning->key);
    needs_own_ingress = needs_own_ingress || meaning->is_of_own_ingress;
    has_variables = has_variables || has_variable(directive);
  }
  constexpr std::size_t kNamedMax = 6;
  if (!without_key.empty() && (keys.empty() || without_key.size() > kNamedMax)) return {};
  std::string text = "Configuration text is never taken from annotations; ";
  if (keys.empty()) {
    text += "remove it to have it served: what it asks for is done anyway";
  } else {
    text += "write what it says in ";
    append_all(keys, "gatehouse.dev/", text);
    text += ", and remove it, to have it served";
    if (!done_anyway.empty()) {
      text += without_key.empty() ? "; the rest is done anyway" : "; more of it is done anyway";
    }
  }
  if (!done_anyway.empty()) {
    text += " (";
    append_all(done_anyway, "", text);
    text += ")";
  }
  text += ".";
  if (!without_key.empty()) {
    text += " Nothing here takes the place of ";
    append_all(without_key, "", text);
    text += ": see that you can do without.";
  }
  if (needs_own_ingress) {
    text +=
        " A path that nobody may come to is an Ingress of its own, with that path and 403; so is a "
        "host or a path with an answer of its own, with that.";
  }
  if (has_variables) {
    text +=
        " Values have no variables there; what nginx's guides set by them, X-Forwarded-* and "
        "X-Real-IP, a backend gets anyway.";
  }
  return text;
}

}  // namespace ingress::annotations
