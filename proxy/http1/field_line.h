#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/http1/failure.h"
#include "proxy/http1/field.h"

// What request and response heads have in common. For this room's own use.
namespace proxy::http1 {

// One field line without its LF (RFC 9112 §5): name ":" OWS value OWS CR. `id` is set.
Failure parse_field_line(std::string_view line, Field& field);

// 1*DIGIT that fits; a list or a sign is nothing (RFC 9112 §6.3 lets us refuse a repeated value).
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// Adds the options of one Connection field. False when it is not a list of tokens, or when the
// message names more than kConnectionOptionsMax: each is looked for among all fields.
inline constexpr int kConnectionOptionsMax = 32;
bool read_connection(std::string_view value, ConnectionOptions& options);

// Marks as dropped what the Connection fields name. Fields that the proxy itself reads are not for
// a peer to take away.
void drop_named_fields(std::vector<Field>& fields);

// `view` at the same offset of the copy at `to`, when it points into `from`.
std::string_view rebased(std::string_view view, std::string_view from, const char* to);

}  // namespace proxy::http1
