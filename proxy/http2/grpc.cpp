#include "proxy/http2/grpc.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "proxy/http/field.h"

namespace proxy::http2 {

namespace {

// Of the first field with this name; nothing: there is none.
std::optional<std::string_view> value_of(const std::vector<http::Field>& fields,
                                         std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const http::Field& field) {
    return field.name.size() == name.size() && http::equals_ignoring_case(field.name, name);
  });
  if (found == fields.end()) return std::nullopt;
  return found->value;
}

bool has_type_of_grpc(const std::vector<http::Field>& fields) {
  constexpr std::string_view kType = "application/grpc";
  const std::string_view value = value_of(fields, "content-type").value_or("");
  if (!http::equals_ignoring_case(value.substr(0, kType.size()), kType)) return false;
  const std::string_view rest = value.substr(kType.size());
  return rest.empty() || rest[0] == '+' || rest[0] == ';' || rest[0] == ' ';
}

}  // namespace

bool is_grpc(const http::RequestHead& request) {
  // Calls are POST, always; most requests are not.
  return request.method == http::Method::post && has_type_of_grpc(request.fields);
}

bool is_grpc(const http::ResponseHead& response) {
  return !response.content_length && has_type_of_grpc(response.fields);
}

std::optional<std::chrono::milliseconds> timeout_of(const http::RequestHead& call) {
  constexpr std::size_t kDigitsMax = 8;
  constexpr std::uint64_t kMicrosPerMilli = 1'000, kNanosPerMilli = 1'000'000;
  const std::string_view text = value_of(call.fields, "grpc-timeout").value_or("");
  if (text.size() < 2 || text.size() > kDigitsMax + 1) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  std::uint64_t count = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  const auto rounded = [&](std::uint64_t per_milli) {
    return std::chrono::milliseconds((count + per_milli - 1) / per_milli);
  };
  switch (text.back()) {
    case 'H':
      return std::chrono::hours(count);
    case 'M':
      return std::chrono::minutes(count);
    case 'S':
      return std::chrono::seconds(count);
    case 'm':
      return std::chrono::milliseconds(count);
    case 'u':
      return rounded(kMicrosPerMilli);
    case 'n':
      return rounded(kNanosPerMilli);
    default:
      return std::nullopt;
  }
}

std::string_view grpc_status_of(int status) {
  switch (status) {
    case 400:
      return "13";  // INTERNAL
    case 401:
      return "16";  // UNAUTHENTICATED
    case 403:
      return "7";  // PERMISSION_DENIED
    case 404:
      return "12";  // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return "14";  // UNAVAILABLE
    default:
      return "2";  // UNKNOWN
  }
}

}  // namespace proxy::http2
