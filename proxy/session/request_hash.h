#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/http/field.h"

namespace proxy::session {

// What a request can be told from others by.
struct Distinction {
  std::string_view path;   // as it came
  std::string_view query;  // "?a=b"; empty: none
  std::string_view client_address;
  std::string_view host;  // perhaps with a port
  const std::vector<http::Field>& fields;
};

// The same for all requests that have these parts in common. Nothing: this one has none of them.
std::optional<std::uint64_t> hash_of(const std::vector<config::HashPart>& parts,
                                     const Distinction& request);

}  // namespace proxy::session
