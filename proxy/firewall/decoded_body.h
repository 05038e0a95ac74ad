#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/content_coding.h"

namespace proxy::firewall {

struct DecodedBody {
  std::string bytes;
  bool is_whole = true;  // false: there is more of it than was asked for
};

// The content of a coded body, or of the beginning of one, for somebody who reads it and passes on
// what came: no more than `bytes_max` of it, so that neither a bomb's memory nor its time is more
// than that of as many bytes that are not coded. Several members of gzip, one after the other, are
// one content (RFC 1952 §2.2); deflate is taken with and without the wrapping that RFC 9110
// §8.4.1.2 asks for, as browsers do. Nothing: it is not what its coding says, or what is behind its
// end could be anything, or the coding is not known. Any thread.
std::optional<DecodedBody> decode_body(std::string_view coded, http::ContentCoding coding,
                                       std::size_t bytes_max);

}  // namespace proxy::firewall
