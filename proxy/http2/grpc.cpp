#include "proxy/http2/grpc.h"

#include <algorithm>

#include "proxy/http/field.h"

namespace proxy::http2 {

namespace {

bool has_type_of_grpc(const std::vector<http::Field>& fields) {
  constexpr std::string_view kName = "content-type";
  constexpr std::string_view kType = "application/grpc";
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const http::Field& field) {
    return field.name.size() == kName.size() && http::equals_ignoring_case(field.name, kName);
  });
  if (found == fields.end()) return false;
  const std::string_view value = found->value;
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
