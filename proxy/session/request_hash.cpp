#include "proxy/session/request_hash.h"

#include <algorithm>

#include "proxy/http/host_name.h"
#include "proxy/upstream/place_hash.h"

namespace proxy::session {
namespace {

using upstream::add_to_hash;

char in_lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// nginx's names of variables: in lower case, with "_" for what else a name has.
bool is_named(std::string_view name, std::string_view wanted) {
  const auto plain = [](char c) { return c == '-' ? '_' : in_lower_case(c); };
  return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                    [&](char a, char b) { return plain(a) == plain(b); });
}

// The value behind "name=" in a list of pairs. `between` is what parts them.
std::optional<std::string_view> find_pair(std::string_view list, char between,
                                          std::string_view name) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(between), list.size());
    std::string_view pair = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || !is_named(pair.substr(0, equals), name)) continue;
    return pair.substr(equals + 1);
  }
  return std::nullopt;
}

class RequestHash {
 public:
  explicit RequestHash(const Distinction& request) : request_(request) {}

  void add(const config::HashPart& part) {
    using config::HashSource;
    switch (part.source) {
      case HashSource::request_uri:
        add_text(request_.path);
        add_text(request_.query);
        break;
      case HashSource::client_address:
        add_text(request_.client_address);
        break;
      case HashSource::host:
        for (const char c : http::without_port(request_.host)) add_character(in_lower_case(c));
        break;
      case HashSource::field:
        for (const http::Field& field : request_.fields) {
          if (is_named(field.name, part.name)) add_text(field.value);
        }
        break;
      case HashSource::cookie:
        add_cookie(part.name);
        break;
      case HashSource::argument:
        add_text(find_pair(request_.query.substr(request_.query.empty() ? 0 : 1), '&', part.name)
                     .value_or(""));
        break;
    }
    hash_ = add_to_hash(hash_, '\0');  // "ab" and "c" are not "a" and "bc"
  }

  std::optional<std::uint64_t> get() const {
    return is_empty_ ? std::nullopt : std::optional(hash_);
  }

 private:
  void add_character(char c) {
    hash_ = add_to_hash(hash_, c);
    is_empty_ = false;
  }
  void add_text(std::string_view text) {
    hash_ = add_to_hash(hash_, text);
    is_empty_ = is_empty_ && text.empty();
  }
  void add_cookie(std::string_view name) {
    for (const http::Field& field : request_.fields) {
      if (!http::equals_ignoring_case(field.name, "cookie")) continue;
      if (const auto value = find_pair(field.value, ';', name)) return add_text(*value);
    }
  }

  const Distinction& request_;
  std::uint64_t hash_ = upstream::kHashBasis;
  bool is_empty_ = true;
};

}  // namespace

std::optional<std::uint64_t> hash_of(const std::vector<config::HashPart>& parts,
                                     const Distinction& request) {
  RequestHash hash(request);
  for (const config::HashPart& part : parts) hash.add(part);
  return hash.get();
}

}  // namespace proxy::session
