#pragma once

#include <string>
#include <string_view>

namespace proxy::policy {

// What a redirect's location may have of the request.
struct RedirectedRequest {
  bool secure = false;
  std::string_view host;             // as the client sent it
  std::string_view path;             // likewise
  std::string_view normalized_path;  // see router/path.h
  std::string_view query;            // with its "?"; or empty
};

// Above what Policies can have of text, with a path and a query as long as a head has them.
inline constexpr std::size_t kLocationBytesMax = 64u << 10;

// The Location that config::Redirection has for this request. What the request has in it was sent
// as a part of one line, so it cannot end the field; a host that is none, and whatever grows above
// the bound, gives nothing: the redirect cannot be made.
std::string location(std::string_view text, const RedirectedRequest& request);

}  // namespace proxy::policy
