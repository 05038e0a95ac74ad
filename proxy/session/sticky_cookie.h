#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/config/model.h"
#include "proxy/http1/field.h"

namespace proxy::session {

// The values of all cookies with this name (RFC 6265 §5.4), in their order: where paths overlap a
// client sends several. At most a few, for nobody has use for more.
std::vector<std::string_view> cookies_named(const std::vector<http1::Field>& fields,
                                            std::string_view name);

// What follows "name=value" in Set-Cookie: "; Path=/; HttpOnly", ... `user_agent` for browsers that
// read SameSite=None as Strict, where that matters.
std::string attributes_of(const config::StickyCookie& cookie, bool is_https,
                          std::string_view user_agent, base::WallTime now);

}  // namespace proxy::session
