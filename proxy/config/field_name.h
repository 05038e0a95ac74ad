#pragma once

#include <string_view>

// Names of header fields in a configuration. Pure; for the operator, which reads them from people,
// and the proxy.
namespace proxy::config {

// RFC 9110 §5.6.2; not longer than kFieldNameBytesMax.
bool is_field_name(std::string_view name);

// What a header field may have as its value (RFC 9110 §5.5), in ASCII.
bool is_field_text(std::string_view value);

// A name that a route may set or take away. Not one that says how a message ends, what the
// connection is or who the client is, in no spelling that a server might take for it: those the
// proxy writes itself, and whoever is behind it believes them.
bool may_be_shaped(std::string_view name);

// A name that a question to an auth server may have beside what it says by itself: as above, and
// those of the family X-Forwarded- that do not say who the client is.
bool may_be_said(std::string_view name);

}  // namespace proxy::config
