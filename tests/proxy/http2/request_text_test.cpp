#include "proxy/http2/request_text.h"

#include <gtest/gtest.h>

namespace proxy::http2 {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::string text_of(const Fields& fields) {
  RequestText text;
  for (const auto& [name, value] : fields) text.add(name, value);
  return std::string(text.finish());
}

TEST(RequestText, IsTheRequestThatHttp1WouldHaveSent) {
  EXPECT_EQ(text_of({{":method", "GET"},
                     {":scheme", "https"},
                     {":authority", "shop.test"},
                     {":path", "/a?b"},
                     {"accept", "*/*"}}),
            "GET /a?b HTTP/1.1\r\nHost: shop.test\r\naccept: */*\r\n\r\n");
}

// RFC 8441 §5
TEST(RequestText, AWebSocketIsTheUpgradeThatHttp1HasForIt) {
  EXPECT_EQ(text_of({{":method", "CONNECT"},
                     {":protocol", "websocket"},
                     {":scheme", "https"},
                     {":path", "/chat"},
                     {":authority", "a"},
                     {"sec-websocket-key", "x"},
                     {"sec-websocket-version", "13"}}),
            "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "sec-websocket-version: 13\r\n\r\n");
  EXPECT_EQ(text_of({{":method", "CONNECT"},
                     {":protocol", "connect-udp"},
                     {":path", "/"},
                     {":authority", "a"}}),
            "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n");
}

// Else the parser would take it for a GET with a body, and the client takes a 200 to that for its
// tunnel.
TEST(RequestText, AWebSocketHasNoContent) {
  for (const std::string_view length : {"5", "0"}) {
    EXPECT_EQ(text_of({{":method", "CONNECT"},
                       {":protocol", "websocket"},
                       {":scheme", "https"},
                       {":path", "/chat"},
                       {":authority", "a"},
                       {"content-length", length}}),
              "");
  }
}

TEST(RequestText, WorksWithoutAnyRegularField) {
  EXPECT_EQ(text_of({{":path", "/"}, {":method", "GET"}, {":authority", "a"}}),
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(RequestText, PutsCookieCrumbsTogether) {
  EXPECT_EQ(text_of({{":method", "GET"},
                     {":path", "/"},
                     {"host", "a"},
                     {"cookie", "x=1"},
                     {"te", "trailers"},
                     {"cookie", "y=2"}}),
            "GET / HTTP/1.1\r\nHost: a\r\nte: trailers\r\ncookie: x=1; y=2\r\n\r\n");
}

TEST(RequestText, HostMayOnlyRepeatTheAuthority) {
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "/"}, {":authority", "a"}, {"host", "A"}}),
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "/"}, {":authority", "a"}, {"host", "b"}}), "");
}

TEST(RequestText, TheSchemesOwnPortMayBeSaidOrNot) {
  const auto said = [](std::string_view scheme, std::string_view authority, std::string_view host) {
    return !text_of({{":method", "GET"},
                     {":scheme", scheme},
                     {":path", "/"},
                     {":authority", authority},
                     {"host", host}})
                .empty();
  };
  EXPECT_TRUE(said("https", "a:443", "a"));
  EXPECT_TRUE(said("https", "a", "A:443"));
  EXPECT_TRUE(said("https", "[::1]:443", "[::1]"));
  EXPECT_TRUE(said("http", "a:80", "a"));
  EXPECT_FALSE(said("https", "a:80", "a"));
  EXPECT_FALSE(said("http", "a:443", "a"));
  EXPECT_FALSE(said("https", "a:8443", "a"));
  EXPECT_FALSE(said("https", "a:443", "b"));
  EXPECT_FALSE(said("ftp", "a:443", "a"));
}

TEST(RequestText, GivesBackWhatALargeRequestTook) {
  RequestText text;
  const std::string large(30'000, 'x');
  for (const std::string_view name : {":method", ":path", ":authority", "cookie", "x"}) {
    text.add(name, large);
  }
  text.finish();
  text.reset();
  EXPECT_LE(text.capacity(), 5 * RequestText::kKeptBytes);
}

TEST(RequestText, NothingCanEndTheRequestLineOrAFieldEarly) {
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "/ HTTP/1.1"}, {":authority", "a"}}), "");
  EXPECT_EQ(text_of({{":method", "GET /x"}, {":path", "/"}, {":authority", "a"}}), "");
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "/\r\nX: y"}, {":authority", "a"}}), "");
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "/"}, {":authority", "a\r\nX: y"}}), "");
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "/"}, {":authority", "a"}, {"x", "1\r\ny: 2"}}),
            "");
}

TEST(RequestText, ATunnelThatIsAskedForIsWrittenAsHttp1AsksForOne) {
  EXPECT_EQ(text_of({{":method", "CONNECT"}, {":authority", "a:443"}}),
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
  EXPECT_EQ(text_of({{":method", "CONNECT"}}), "");
  EXPECT_EQ(text_of({{":method", "CONNECT"}, {":authority", "a b"}}), "");
  // A WebSocket has a path, which is never an authority.
  EXPECT_EQ(text_of({{":method", "CONNECT"}, {":protocol", "websocket"}, {":authority", "a"}}), "");
}

TEST(RequestText, APathIsNeverASecondAuthority) {
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", "http://b/"}, {":authority", "a"}}), "");
  EXPECT_EQ(text_of({{":method", "GET"}, {":path", ""}, {":authority", "a"}}), "");
}

TEST(RequestText, CanBeUsedAgain) {
  RequestText text;
  text.add(":method", "GET /");
  EXPECT_EQ(text.finish(), "");
  text.reset();
  text.add(":method", "HEAD");
  text.add(":path", "/");
  text.add(":authority", "a");
  EXPECT_EQ(text.finish(), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
}

}  // namespace
}  // namespace proxy::http2
