#pragma once

#include <span>
#include <string_view>

#include "proxy/http/field.h"

namespace proxy::http {

// An answer of our own: error, redirect, challenge.
struct Answer {
  int status = 500;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string_view body{};          // not written for HEAD, but counted in Content-Length
  std::string_view location{};      // empty: no such field
  std::string_view allow{};         // likewise; RFC 9110 §15.5.6 wants it with 405
  std::string_view authenticate{};  // likewise; RFC 9110 §15.5.2 wants it with 401
  std::string_view retry_after{};   // likewise; RFC 9110 §10.2.3
  std::string_view date{};
  std::span<const Field> fields{};  // further ones
  bool keep_alive = true;
  bool head_method = false;
  // HTTP/2 alone, and without a body: the status of a gRPC call, and a word on it; empty: it is
  // none.
  std::string_view grpc_status{};
  std::string_view grpc_message{};
};

}  // namespace proxy::http
