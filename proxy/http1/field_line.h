#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/http/failure.h"
#include "proxy/http/field.h"
#include "proxy/http1/connection_options.h"

// What request and response heads have in common. For this room's own use.
namespace proxy::http1 {

// One field line without its LF (RFC 9112 §5): name ":" OWS value OWS CR. `id` is set. In a
// response blanks before the colon are no part of the name; in a request they are bad_field_name
// (§5.1).
enum class BeforeColon : std::uint8_t { nothing, blanks };
http::Failure parse_field_line(std::string_view line, BeforeColon before_colon, http::Field& field);

// The rest of a field line from behind its colon, or a whole line that goes on with the one before:
// OWS value OWS CR.
http::Failure parse_field_value(std::string_view line, std::string_view& value);

// Content-Length: 1*DIGIT that fits, or nothing but the same number again and again, in one field
// or in several, as some senders and proxies make of one (RFC 9112 §6.3). A sign, a space in the
// number or an empty member is bad_content_length, another number duplicate_content_length.
http::Failure take_content_length(std::string_view value, std::optional<std::uint64_t>& length);

// Adds the options of one Connection field. False when it is not a list of tokens, or when the
// message names more than kConnectionOptionsMax: each is looked for among all fields.
inline constexpr int kConnectionOptionsMax = 32;
bool read_connection(std::string_view value, ConnectionOptions& options);

// Calls for each member of an Upgrade field (RFC 9110 §7.8: name ["/" version]). False when it is
// no list of those, or one of more than kProtocolsMax: each of a response is looked for among all
// of its request.
inline constexpr int kProtocolsMax = 16;
bool for_each_protocol(std::string_view list,
                       const std::function<void(std::string_view)>& on_protocol);

// Marks as dropped what the Connection fields name. Fields that the proxy itself reads are not for
// a peer to take away.
void drop_named_fields(std::vector<http::Field>& fields);

}  // namespace proxy::http1
