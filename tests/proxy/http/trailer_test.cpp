#include "proxy/http/trailer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::http {
namespace {

std::string kept(std::string_view lines) {
  std::vector<Field> fields;
  read_trailer(lines, fields);
  keep_what_may_trail(fields);
  std::string text;
  write_trailer(fields, text);
  return text;
}

TEST(Trailer, FieldsOfTheApplicationPassAsTheyAre) {
  EXPECT_EQ(kept("grpc-status: 0\r\ngrpc-message:\r\nServer-Timing:\tdb;dur=53 \r\n"
                 "Content-Digest: sha-256=:a:\r\nX-Checksum :1\r\n"),
            "grpc-status: 0\r\ngrpc-message: \r\nServer-Timing: db;dur=53\r\n"
            "Content-Digest: sha-256=:a:\r\nX-Checksum: 1\r\n");
  EXPECT_EQ(kept(""), "");
}

// RFC 9110 §6.5.1
TEST(Trailer, WhatWouldChangeTheMeaningOfAMessageDoesNotPass) {
  for (const char* name : {"Content-Length",
                           "content_length",
                           "Transfer-Encoding",
                           "'Transfer-Encoding",
                           "Host",
                           "Trailer",
                           "TE",
                           "Connection",
                           "Keep-Alive",
                           "Upgrade",
                           "Proxy-Authorization",
                           "Expect",
                           "X-Forwarded-For",
                           "X_Forwarded_For",
                           "X-Real-IP",
                           "Forwarded",
                           "X-Request-ID",
                           "Proxy",
                           "X-Auth-Request-User",
                           "SSL-Client-Verify",
                           "X-Original-URL",
                           "Authorization",
                           "authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Content-Type",
                           "Content-Encoding",
                           "Content-Range",
                           "Cache-Control",
                           "Location",
                           "Max-Forwards",
                           "Range",
                           "If-Match",
                           "If_None_Match",
                           "WWW-Authenticate",
                           "Retry-After",
                           "Vary",
                           "Date",
                           "Age",
                           "Origin",
                           "Access-Control-Allow-Origin",
                           "Sec-Fetch-Site",
                           "X-HTTP-Method-Override",
                           "traceparent"}) {
    EXPECT_EQ(kept(std::string(name) + ": 1\r\n"), "") << name;
  }
}

TEST(Trailer, AClientSaysThatItTakesThemByOneWordOfAList) {
  for (const char* te : {"trailers", "Trailers", "gzip;q=0.5, trailers", " trailers ,deflate"}) {
    EXPECT_TRUE(takes_trailers(te)) << te;
  }
  for (const char* te : {"", "gzip", "trailer", "trailers;q=1", "x-trailers", ",,"}) {
    EXPECT_FALSE(takes_trailers(te)) << te;
  }
}

}  // namespace
}  // namespace proxy::http
