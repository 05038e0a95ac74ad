#include "proxy/http2/request_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/http2/grpc.h"

namespace proxy::http2 {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<std::string, std::string>> fields_of(std::string_view head,
                                                           std::string_view scheme = "http") {
  RequestFields fields;
  std::vector<std::pair<std::string, std::string>> read;
  for (const nghttp2_nv& field : fields.of(head, scheme)) {
    read.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                      std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
  }
  return read;
}

TEST(RequestFields, ARequestLineAndHostArePseudoHeaderFields) {
  EXPECT_THAT(fields_of("GET /a?b=c HTTP/1.1\r\nHost: shop.test:8443\r\nX-Mine: a: b\r\n\r\n"),
              ElementsAre(Pair(":method", "GET"), Pair(":scheme", "http"), Pair(":path", "/a?b=c"),
                          Pair(":authority", "shop.test:8443"), Pair("x-mine", "a: b"),
                          Pair("te", "trailers")));
}

TEST(RequestFields, AHostThatIsEmptyIsNoAuthority) {
  EXPECT_THAT(fields_of("OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n", "https"),
              ElementsAre(Pair(":method", "OPTIONS"), Pair(":scheme", "https"), Pair(":path", "*"),
                          Pair("te", "trailers")));
}

TEST(RequestFields, WhatSpeaksOfTheConnectionIsLeftOut) {
  EXPECT_THAT(fields_of("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n"
                        "Transfer-Encoding: chunked\r\nX-Empty: \r\nContent-Length: 5\r\n\r\n"),
              ElementsAre(Pair(":method", "POST"), Pair(":scheme", "http"), Pair(":path", "/"),
                          Pair(":authority", "a"), Pair("x-empty", ""), Pair("content-length", "5"),
                          Pair("te", "trailers")));
}

TEST(Grpc, ACallIsAPostWithItsContentType) {
  const auto is_call = [](http::Method method, std::string_view type) {
    http::RequestHead head;
    head.method = method;
    head.fields.push_back({.name = "x-other-type", .value = "application/grpc"});
    head.fields.push_back({.name = "Content-Type", .value = type});
    return is_grpc(head);
  };
  for (const char* type : {"application/grpc", "application/grpc+proto", "APPLICATION/gRPC",
                           "application/grpc;charset=x"}) {
    EXPECT_TRUE(is_call(http::Method::post, type)) << type;
    EXPECT_FALSE(is_call(http::Method::get, type)) << type;
  }
  for (const char* type : {"", "application/grp", "application/grpc-web", "application/json",
                           "application/grpc-web+proto"}) {
    EXPECT_FALSE(is_call(http::Method::post, type)) << type;
  }
}

}  // namespace
}  // namespace proxy::http2
