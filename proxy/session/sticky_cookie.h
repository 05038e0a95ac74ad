#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/config/model.h"
#include "proxy/http/field.h"
#include "proxy/http/request_id.h"

namespace proxy::session {

// The values of all cookies with this name (RFC 6265 §5.4), in their order: where paths overlap a
// client sends several. At most a few, for nobody has use for more.
std::vector<std::string_view> cookies_named(const std::vector<http::Field>& fields,
                                            std::string_view name);

// What a client is called by a cookie that names it: a "c" and 128 bits, at random. No endpoint has
// such a name.
std::string make_client_name(http::RequestIds& random);
bool is_client_name(std::string_view value);

// What follows "name=value" in Set-Cookie: "; Path=/; HttpOnly", ... `user_agent` for browsers that
// read SameSite=None as Strict, where that matters.
std::string attributes_of(const config::StickyCookie& cookie, bool is_https,
                          std::string_view user_agent, base::WallTime now);

}  // namespace proxy::session
