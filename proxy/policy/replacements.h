#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/http/field.h"

namespace proxy::policy {

// What a backend says of itself in a response, put into the words of the outside: the domains and
// paths of its cookies, and the addresses that it sends clients to. Pure; of several replacements
// the first that fits counts. Nothing: it stays as it is.
using Replacements = std::vector<config::Replacement>;

// The value of Set-Cookie (RFC 6265 §4.1). A domain is replaced whole, whatever its case and with
// or without a dot before it; a path by its beginning.
std::optional<std::string> replaced_in_cookie(std::string_view cookie, const Replacements& domains,
                                              const Replacements& paths);
// The value of Location, by its beginning.
std::optional<std::string> replaced_in_location(std::string_view location,
                                                const Replacements& locations);
// The value of Refresh, "5; url=/x": its address by its beginning.
std::optional<std::string> replaced_in_refresh(std::string_view refresh,
                                               const Replacements& locations);

// All three, in a response's fields. What is made anew is kept in `texts`, which fields point into.
void replace_in_fields(const config::Shape& shape, std::vector<http::Field>& fields,
                       std::forward_list<std::string>& texts);

}  // namespace proxy::policy
