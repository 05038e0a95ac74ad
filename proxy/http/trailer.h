#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field.h"

// The fields after a body (RFC 9110 §6.5), which come when its message was acted on already. In
// this proxy they are lines as HTTP/1.1 has them, "Name: value\r\n", whatever they came in.
namespace proxy::http {

// Adds the fields of these lines, which were checked when they were read (BodyDecoder, libnghttp2).
// The views point into `lines`.
void read_trailer(std::string_view lines, std::vector<Field>& fields);

// Whether a field may follow a body. Not one that says how a message is framed, for whom it is, who
// it is from, what it is, or what may be done with it (§6.5.1): whoever merges trailers into the
// head, as many applications do, would believe what nobody has looked at.
bool may_trail(const Field& field);

// Takes away what may not.
void keep_what_may_trail(std::vector<Field>& fields);

// The lines of these fields, added to `lines`.
void write_trailer(const std::vector<Field>& fields, std::string& lines);

// Whether a TE field says that its sender understands trailers (§10.1.4).
bool takes_trailers(std::string_view te);

}  // namespace proxy::http
