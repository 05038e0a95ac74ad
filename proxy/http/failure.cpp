#include "proxy/http/failure.h"

#include <array>
#include <string>

#include "proxy/reason/words.h"

namespace proxy::http {

int status_of(Failure failure) {
  switch (failure) {
    case Failure::none:
      return 0;
    case Failure::request_line_too_long:
      return 414;  // RFC 9112 §3
    case Failure::expectation_failed:
      return 417;
    case Failure::head_too_large:
    case Failure::too_many_fields:
    case Failure::trailers_too_large:
      return 431;
    case Failure::connect_not_supported:
      return 405;  // a method that is known, and not allowed here: RFC 9110 §15.5.6
    case Failure::transfer_encoding_not_supported:
      return 501;  // RFC 9112 §6.1
    case Failure::version_not_supported:
      return 505;
    case Failure::bad_status_line:
    case Failure::unexpected_upgrade:
    case Failure::folded_framing_field:
      return 502;
    default:
      return 400;
  }
}

std::string_view reason_of(Failure failure) {
  switch (failure) {
    case Failure::none:
      return "";
    case Failure::bad_request_line:
      return reason::bad_request_line;
    case Failure::bad_method:
      return reason::bad_method;
    case Failure::bad_target:
      return reason::bad_target;
    case Failure::connect_not_supported:
      return reason::connect_not_supported;
    case Failure::tls_on_plain_port:
      return reason::tls_on_plain_port;
    case Failure::too_many_empty_lines:
      return reason::too_many_empty_lines;
    case Failure::request_line_too_long:
      return reason::request_line_too_long;
    case Failure::version_not_supported:
      return reason::version_not_supported;
    case Failure::bad_status_line:
      return reason::bad_status_line;
    case Failure::bad_line_ending:
      return reason::bad_line_ending;
    case Failure::bad_field_name:
      return reason::bad_field_name;
    case Failure::disguised_framing_field:
      return reason::disguised_framing_field;
    case Failure::bad_field_value:
      return reason::bad_field_value;
    case Failure::head_too_large:
      return reason::head_too_large;
    case Failure::too_many_fields:
      return reason::too_many_fields;
    case Failure::missing_host:
      return reason::missing_host;
    case Failure::duplicate_host:
      return reason::duplicate_host;
    case Failure::bad_host:
      return reason::bad_host;
    case Failure::bad_content_length:
      return reason::bad_content_length;
    case Failure::duplicate_content_length:
      return reason::duplicate_content_length;
    case Failure::bad_transfer_encoding:
      return reason::bad_transfer_encoding;
    case Failure::transfer_encoding_not_supported:
      return reason::transfer_encoding_not_supported;
    case Failure::length_and_transfer_encoding:
      return reason::length_and_transfer_encoding;
    case Failure::expectation_failed:
      return reason::expectation_failed;
    case Failure::bad_chunk_size:
      return reason::bad_chunk_size;
    case Failure::chunk_line_too_long:
      return reason::chunk_line_too_long;
    case Failure::bad_chunk_end:
      return reason::bad_chunk_end;
    case Failure::bad_trailer:
      return reason::bad_trailer;
    case Failure::trailers_too_large:
      return reason::trailers_too_large;
    case Failure::truncated_body:
      return reason::truncated_body;
    case Failure::folded_framing_field:
      return reason::folded_framing_field;
    case Failure::unexpected_upgrade:
      return reason::unexpected_upgrade;
  }
  return "unknown";
}

std::string_view response_reason_of(Failure failure) {
  constexpr auto kCount = static_cast<std::size_t>(Failure::unexpected_upgrade) + 1;
  static const std::array<std::string, kCount> kReasons = [] {
    std::array<std::string, kCount> reasons;
    for (std::size_t i = 0; i < kCount; ++i) {
      reasons[i] = "upstream_" + std::string(reason_of(static_cast<Failure>(i)));
    }
    return reasons;
  }();
  return kReasons[static_cast<std::size_t>(failure)];
}

}  // namespace proxy::http
