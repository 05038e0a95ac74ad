#include "proxy/http1/head_writer.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"

namespace proxy::http1 {
namespace {

using http::Answer;
using http::RequestHead;
using http::ResponseHead;
using ::testing::HasSubstr;
using ::testing::Not;

const Forwarding kForwarding{
    .client_address = "203.0.113.9", .scheme = "https", .port = "443", .request_id = "id-1"};

// Written into memory of exactly the bound, so that AddressSanitizer sees a bound that is too
// small.
std::string upstream_head(const std::string& request, const Forwarding& forwarding = kForwarding) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  EXPECT_EQ(parser.parse(request, head), RequestParser::Outcome::complete) << request;
  const std::size_t bound = request_head_bound(head, forwarding);
  const auto out = std::make_unique<char[]>(bound);
  return {out.get(), write_request_head(head, forwarding, {out.get(), bound})};
}

std::string downstream_head(const std::string& response, Delivery delivery = {},
                            Question question = {}) {
  const Limits limits;
  ResponseParser parser(limits);
  ResponseHead head;
  EXPECT_EQ(parser.parse(response, question, head), ResponseParser::Outcome::complete) << response;
  delivery.framing = downstream_framing(head, delivery.client_minor_version);
  const std::size_t bound = response_head_bound(head, delivery);
  const auto out = std::make_unique<char[]>(bound);
  return {out.get(), write_response_head(head, delivery, {out.get(), bound})};
}

TEST(RequestHeadWriter, WritesTheClientsFieldsAndOurs) {
  EXPECT_EQ(upstream_head("GET /a%20b?c HTTP/1.1\r\nHost: Shop.example:8443\r\nAccept:  */* \r\n"
                          "cookie: x=1\r\n\r\n"),
            "GET /a%20b?c HTTP/1.1\r\n"
            "Host: Shop.example:8443\r\n"
            "Accept: */*\r\n"
            "cookie: x=1\r\n"
            "X-Forwarded-For: 203.0.113.9\r\n"
            "X-Real-IP: 203.0.113.9\r\n"
            "X-Forwarded-Host: Shop.example:8443\r\n"
            "X-Forwarded-Port: 443\r\n"
            "X-Forwarded-Proto: https\r\n"
            "X-Forwarded-Scheme: https\r\n"
            "X-Request-ID: id-1\r\n"
            "\r\n");
}

TEST(RequestHeadWriter, HopByHopFieldsStayBehind) {
  const std::string head = upstream_head(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
      "Proxy: evil\r\nProxy-Authorization: b\r\nProxy-Connection: c\r\nTE: trailers\r\n"
      "Trailer: d\r\nUpgrade: h2c\r\nHTTP2-Settings: e\r\nX_Forwarded_For: 6.6.6.6\r\n"
      "X-Stays: 1\r\n\r\n");
  for (const char* gone : {"Connection", "X-Hop", "Keep-Alive", "Proxy", "TE:", "Trailer",
                           "Upgrade", "HTTP2", "6.6.6.6"}) {
    EXPECT_THAT(head, Not(HasSubstr(gone)));
  }
  EXPECT_THAT(head, HasSubstr("\r\nX-Stays: 1\r\n"));
}

constexpr const char* kSpoofed =
    "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
    "X-Forwarded-Host: evil\r\nX-Forwarded-Port: 6\r\nX-Forwarded-Proto: evil\r\n"
    "X-Forwarded-Scheme: evil\r\nForwarded: for=6.6.6.6\r\nX-Request-ID: evil\r\n\r\n";

TEST(RequestHeadWriter, AClientCannotSayWhoItIs) {
  const std::string head = upstream_head(kSpoofed);
  EXPECT_THAT(head, Not(HasSubstr("6.6.6.6")));
  EXPECT_THAT(head, Not(HasSubstr("evil")));
  EXPECT_THAT(head, HasSubstr("\r\nX-Forwarded-For: 203.0.113.9\r\n"));
}

TEST(RequestHeadWriter, AHostOfTheBackendsOwnLeavesTheClientsForwarded) {
  Forwarding forwarding = kForwarding;
  const std::string long_host = std::string(253, 'h') + ":65535";
  for (const std::string_view host :
       {std::string_view("web.internal:8080"), std::string_view(long_host)}) {
    forwarding.upstream_host = host;
    const std::string head =
        upstream_head("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", forwarding);
    EXPECT_THAT(head, HasSubstr("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n"));
    EXPECT_THAT(head, HasSubstr("X-Forwarded-Host: shop.example\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("\r\nHost: shop.example\r\n")));
  }
}

// Each is believed by some application because nginx, a CDN or another edge is known to write it.
// Where the client is and how it came:
constexpr const char* kAboutClient[] = {
    "X-Forwarded-By",
    "X-Forwarded-Prefix",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Forwarded",
    "X-Forward-For",
    "X-Scheme",
    "X-Url-Scheme",
    "X-Original-Host",
    "X-Original-Proto",
    "X-Original-Forwarded-For",
    "X-Real-Port",
    "X-Remote-IP",
    "X-Remote-Addr",
    "X-Client-IP",
    "X-ProxyUser-Ip",
    "X-Cluster-Client-IP",
    "X-Originating-IP",
    "X-Azure-ClientIP",
    "X-Azure-SocketIP",
    "X-Appengine-User-IP",
    "X-Envoy-External-Address",
    "Client-IP",
    "Forwarded-For",
    "Proxy-Client-IP",
    "WL-Proxy-Client-IP",
    "WL-Proxy-SSL",
    "CF-Pseudo-IPv4",
    "True-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "CF-Visitor",
    "Fastly-Client-IP",
    "Fly-Client-IP",
    "CloudFront-Viewer-Address",
    "CloudFront-Forwarded-Proto",
    "Front-End-Https",
    "X-ARR-SSL",
    "X-Forwarded-Protocol",
    "X-Original-For",
};
// Who it is, what its certificate said, and which path is meant:
constexpr const char* kAttested[] = {
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Email",
    "X-Forwarded-Method",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Forwarded-Uri",
    "X-Forwarded-User",
    "X-Original-URI",
    "X-Original-URL",
    "X-Original-Method",
    "X-Rewrite-URL",
    "X-Accel-Mapping",
    "X-Sendfile-Type",
    "X-Remote-User",
    "X-Remote-Group",
    "Remote-User",
    "Remote-Groups",
    "Remote-Addr",
    "X-Envoy-Original-Path",
    "WL-Proxy-Client-Cert",
    "X-Auth-Request-User",
    "X-Auth-Request-Access-Token",
    "X-WebAuth-User",
    "X-Authentik-Username",
    "X-Goog-Authenticated-User-Email",
    "X-Amzn-Oidc-Identity",
    "X-Ms-Client-Principal-Name",
    "Client-Cert",
    "Client-Cert-Chain",
    "Ssl-Client-Cert",
    "Ssl-Client-Verify",
    "Ssl-Client-Subject-DN",
    "X-SSL-Client-Cert",
    "X-SSL-Cert",
    "X-SSL-Client-Verify",
    "X-Client-Cert",
    "X-Client-Certificate",
    "X-Client-Verify",
    "X-Client-DN",
    "X-Amzn-Mtls-Clientcert",
    "X-ARR-ClientCert",
    "X-Consumer-ID",
    "X-Consumer-Custom-ID",
    "X-Consumer-Username",
    "X-Consumer-Groups",
    "X-Anonymous-Consumer",
    "X-Credential-Identifier",
    "X-Authenticated-Userid",
    "X-Authenticated-Scope",
    "X-Vouch-User",
    "Tailscale-User-Login",
    "Tailscale-User-Name",
    "Cf-Access-Authenticated-User-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Accel-Redirect",
    "X-Auth-Request-Email",
    "X-Envoy-Upstream-Rq-Timeout-Ms",
};

std::string spelt_with(std::string name, char mark) {
  for (char& c : name) {
    if (c == '-') c = mark;
  }
  return name;
}

std::string with_field(const std::string& name) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + name + ": 6.6.6.6\r\n\r\n";
}

void expect_dropped(std::span<const char* const> names, const Forwarding& forwarding) {
  for (const std::string name : names) {
    for (const std::string& spelling :
         {name, spelt_with(name, '_'), spelt_with(name, '.'), spelt_with(name, '~')}) {
      EXPECT_THAT(upstream_head(with_field(spelling), forwarding), Not(HasSubstr("6.6.6.6")))
          << spelling;
    }
  }
}

TEST(RequestHeadWriter, AFieldThatApplicationsBelieveIsNeverTheClients) {
  expect_dropped(kAboutClient, kForwarding);
  expect_dropped(kAttested, kForwarding);
}

// Who is trusted with addresses may pass on what its own client wrote of itself.
TEST(RequestHeadWriter, WhoTheUserIsAndWhichPathIsMeantIsNotATrustedProxysWordEither) {
  Forwarding trusted = kForwarding;
  trusted.peer_is_trusted = true;
  expect_dropped(kAttested, trusted);
}

TEST(RequestHeadWriter, ATrustedProxysFieldPassesInItsOwnSpellingOnly) {
  Forwarding trusted = kForwarding;
  trusted.peer_is_trusted = true;
  for (const std::string name : kAboutClient) {
    EXPECT_THAT(upstream_head(with_field(name), trusted), HasSubstr(name + ": 6.6.6.6")) << name;
    EXPECT_THAT(upstream_head(with_field(spelt_with(name, '_')), trusted),
                Not(HasSubstr("6.6.6.6")));
  }
}

TEST(RequestHeadWriter, FieldsThatOnlyLookSimilarPass) {
  for (const std::string name :
       {"X-Requested-With", "X-Forwarder", "X-Originality", "Remote", "X-HTTP-Method-Override",
        "X-Correlation-ID", "X-CSRF-Token", "Referer", "Range", "X_Custom", "X-Real", "Client",
        "Sec-Fetch-Site", "x"}) {
    EXPECT_THAT(upstream_head(with_field(name)), HasSubstr(name + ": 6.6.6.6")) << name;
  }
}

TEST(RequestHeadWriter, WhatATrustedProxySaidOfItsClientIsWrittenAnewAsItWasUnderstood) {
  Forwarding trusted = kForwarding;
  trusted.peer_is_trusted = true;
  trusted.forwarded_for = "203.0.113.9, 10.0.0.7";
  trusted.host = "www.a";
  const std::string head = upstream_head(kSpoofed, trusted);
  EXPECT_THAT(head, Not(HasSubstr("6.6.6.6")));
  EXPECT_THAT(head, Not(HasSubstr("evil")));
  EXPECT_THAT(head, HasSubstr("\r\nX-Forwarded-For: 203.0.113.9, 10.0.0.7\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nX-Real-IP: 203.0.113.9\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nX-Forwarded-Host: www.a\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nForwarded: for=203.0.113.9;proto=https;host=\"www.a\"\r\n"));
  trusted.client_address = "2001:db8::1";
  EXPECT_THAT(upstream_head(kSpoofed, trusted), HasSubstr("Forwarded: for=\"[2001:db8::1]\";"));
}

TEST(RequestHeadWriter, TheBodyIsAnnouncedOnce) {
  EXPECT_THAT(upstream_head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n"),
              HasSubstr("\r\nContent-Length: 7\r\n"));
  EXPECT_THAT(upstream_head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
              HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  const std::string nothing = upstream_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(nothing, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(nothing, Not(HasSubstr("Transfer-Encoding")));
}

TEST(RequestHeadWriter, AWebSocketKeepsItsUpgrade) {
  const std::string head = upstream_head(
      "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: k\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nSec-WebSocket-Key: k\r\n"));
}

TEST(RequestHeadWriter, ExpectIsForwardedOnlyWhenAsked) {
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
  EXPECT_THAT(upstream_head(request), Not(HasSubstr("Expect")));
  Forwarding forwarding = kForwarding;
  forwarding.forward_expect = true;
  EXPECT_THAT(upstream_head(request, forwarding), HasSubstr("\r\nExpect: 100-continue\r\n"));
}

TEST(RequestHeadWriter, AbsoluteFormBecomesOriginForm) {
  const std::string head = upstream_head("GET http://real?x HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_THAT(head, ::testing::StartsWith("GET /?x HTTP/1.1\r\nHost: real\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("other")));
}

TEST(ResponseHeadWriter, PassesFieldsAndWritesItsOwnFraming) {
  EXPECT_EQ(downstream_head("HTTP/1.1 200 Fine\r\nServer: x\r\nContent-Length: 5\r\n"
                            "Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n",
                            {.date = "Sat, 21 Nov 2026 12:00:00 GMT"}),
            "HTTP/1.1 200 Fine\r\nServer: x\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
            "Content-Length: 5\r\n\r\n");
}

TEST(ResponseHeadWriter, AFoldedFieldGoesOutOnOneLine) {
  EXPECT_THAT(downstream_head("HTTP/1.1 204 No\r\nX: a\r\n b\r\n\tc\r\n\r\n"),
              HasSubstr("\r\nX: a b c\r\n"));
}

TEST(ResponseHeadWriter, AFieldIsWrittenAlikeHoweverItLay) {
  EXPECT_EQ(downstream_head("HTTP/1.1 404 No\r\nA: 1\r\nB:2\r\nC:  3 \r\nD:\t4\r\nE : 5\r\nF:\r\n"
                            "Content-Length: 0\r\n\r\n"),
            "HTTP/1.1 404 No\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: \r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(ResponseHeadWriter, AnUpstreamsDateStays) {
  const std::string head = downstream_head(
      "HTTP/1.1 200 OK\r\ndate: then\r\nContent-Length: 0\r\n\r\n", {.date = "now"});
  EXPECT_THAT(head, HasSubstr("date: then"));
  EXPECT_THAT(head, Not(HasSubstr("now")));
}

TEST(ResponseHeadWriter, ABodyUntilCloseBecomesChunksForHttp11Only) {
  const std::string response = "HTTP/1.1 200 OK\r\n\r\n";
  EXPECT_THAT(downstream_head(response), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(downstream_head(response, {.keep_alive = false, .client_minor_version = 0}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(ResponseHeadWriter, AnHttp10ClientIsToldThatTheConnectionStays) {
  EXPECT_THAT(
      downstream_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {.client_minor_version = 0}),
      HasSubstr("Connection: keep-alive\r\n"));
}

TEST(ResponseHeadWriter, HeadAndNotModifiedKeepTheLengthOfTheBodyThatIsNotThere) {
  EXPECT_THAT(
      downstream_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {}, {.head_method = true}),
      HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(downstream_head("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
              HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(downstream_head("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ResponseHeadWriter, ATunnelKeepsItsUpgrade) {
  EXPECT_EQ(downstream_head("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                            "Upgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\n",
                            {}, {.offered_upgrade = "websocket"}),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

// RFC 9110 §15.5.22.
TEST(ResponseHeadWriter, WhatABackendRequiresToBeUpgradedToIsPassedOn) {
  const std::string required =
      "HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n"
      "Upgrade: other/1\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(downstream_head(required),
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nUpgrade: other/1\r\n\r\n");
  EXPECT_THAT(downstream_head(required, {.keep_alive = false}),
              HasSubstr("Connection: Upgrade, close\r\n"));
  EXPECT_THAT(downstream_head(required, {.client_minor_version = 0}), Not(HasSubstr("Upgrade:")));
  EXPECT_THAT(downstream_head("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"),
              Not(HasSubstr("Upgrade:")));
  EXPECT_THAT(downstream_head("HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: other/1\r\n"
                              "Content-Length: 0\r\n\r\n"),
              Not(HasSubstr("Upgrade:")));
}

TEST(ResponseHeadWriter, AnInterimResponseHasNoFraming) {
  EXPECT_EQ(downstream_head("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
                            {.keep_alive = false, .date = "now"}),
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

std::string written(const Answer& answer) {
  const std::size_t bound = answer_bound(answer);
  const auto out = std::make_unique<char[]>(bound);
  return {out.get(), write_answer(answer, {out.get(), bound})};
}

TEST(AnswerWriter, WritesAnAnswerOfOurOwn) {
  EXPECT_EQ(written({.status = 404, .body = "no\n", .date = "now", .keep_alive = false}),
            "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 3\r\nConnection: close\r\n\r\nno\n");
  EXPECT_THAT(written({.status = 405, .allow = "GET, HEAD"}),
              HasSubstr("405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"));
  EXPECT_EQ(written({.status = 308, .location = "https://a/"}),
            "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://a/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(written({.status = 404, .body = "no\n", .head_method = true}),
              ::testing::EndsWith("Content-Length: 3\r\n\r\n"));
}

}  // namespace
}  // namespace proxy::http1
