#include "proxy/policy/response_inspection.h"

#include <utility>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

using config::Firewall;
using config::FirewallMode;
using config::ResponseInspection;
using http::ContentCoding;
using http::Framing;

http::ResponseHead answer(std::string_view type, Framing framing = Framing::chunked) {
  http::ResponseHead head;
  head.status = 200;
  head.framing = framing;
  if (!type.empty()) head.fields.push_back({.name = "Content-Type", .value = type});
  return head;
}

TEST(ResponseInspection, InspectsTheTypesOfTheRecommendedConfiguration) {
  for (const char* type :
       {"text/html", "Text/HTML; charset=utf-8", "text/plain", " text/xml ;x=y"}) {
    EXPECT_EQ(coding_to_inspect(answer(type), {}), ContentCoding::identity) << type;
  }
  for (const char* type : {"application/json", "image/png", "text/css", "text/htmlx", "html"}) {
    EXPECT_FALSE(coding_to_inspect(answer(type), {})) << type;
  }
}

TEST(ResponseInspection, InspectsTheTypesThatAreNamedInPlaceOfThem) {
  const ResponseInspection settings{.types = "application/json text/html"};
  EXPECT_EQ(coding_to_inspect(answer("application/json"), settings), ContentCoding::identity);
  EXPECT_EQ(coding_to_inspect(answer("text/html"), settings), ContentCoding::identity);
  EXPECT_FALSE(coding_to_inspect(answer("text/plain"), settings));
}

TEST(ResponseInspection, WhatDoesNotSayItsTypeMayBeAny) {
  EXPECT_EQ(coding_to_inspect(answer(""), {}), ContentCoding::identity);
  http::ResponseHead two = answer("image/png");
  two.fields.push_back({.name = "content-type", .value = "text/html"});
  EXPECT_EQ(coding_to_inspect(two, {}), ContentCoding::identity);
}

TEST(ResponseInspection, WhatHasNoBodyPasses) {
  for (const Framing framing : {Framing::none, Framing::tunnel, Framing::length}) {
    EXPECT_FALSE(coding_to_inspect(answer("text/html", framing), {}));
  }
  http::ResponseHead some = answer("text/html", Framing::length);
  some.content_length = 1;
  EXPECT_EQ(coding_to_inspect(some, {}), ContentCoding::identity);
  EXPECT_EQ(coding_to_inspect(answer("text/html", Framing::until_close), {}),
            ContentCoding::identity);
}

TEST(ResponseInspection, AStreamIsNeverHeldBack) {
  const ResponseInspection settings{.types =
                                        "application/grpc+proto multipart/x-mixed-replace "
                                        "text/event-stream"};
  for (const char* type : {"text/event-stream", "text/event-stream;charset=utf-8",
                           "application/grpc+proto", "multipart/x-mixed-replace;boundary=b"}) {
    EXPECT_FALSE(coding_to_inspect(answer(type), settings)) << type;
  }
}

TEST(ResponseInspection, WhatIsCompressedInAWayThatIsNotKnownCannotBeCompared) {
  http::ResponseHead head = answer("text/html");
  head.fields.push_back({.name = "Content-Encoding", .value = ""});
  for (const auto& [coding, read_as] :
       {std::pair{"Identity", ContentCoding::identity}, std::pair{"gzip", ContentCoding::gzip},
        std::pair{"deflate", ContentCoding::deflate}, std::pair{"br", ContentCoding::other},
        std::pair{"zstd", ContentCoding::other}, std::pair{"gzip, gzip", ContentCoding::other}}) {
    head.fields.back().value = coding;
    EXPECT_EQ(coding_to_inspect(head, {}), read_as) << coding;
  }
  http::ResponseHead image = answer("image/svg+xml");
  image.fields.push_back({.name = "Content-Encoding", .value = "br"});
  EXPECT_FALSE(coding_to_inspect(image, {}));
}

TEST(ResponseInspection, ALengthSaysThatABodyIsLarger) {
  const ResponseInspection settings{.body_bytes_max = 10};
  http::ResponseHead head = answer("text/html");
  EXPECT_FALSE(is_larger_than_inspected(head, settings));
  head.content_length = 10;
  EXPECT_FALSE(is_larger_than_inspected(head, settings));
  head.content_length = 11;
  EXPECT_TRUE(is_larger_than_inspected(head, settings));
}

TEST(ResponseInspection, WhoOnlyDetectsNeedsNoMoreThanTheBeginning) {
  Firewall settings{.responses = ResponseInspection{}};
  EXPECT_FALSE(has_to_be_whole(settings));
  settings.responses->refuses_larger = true;
  EXPECT_TRUE(has_to_be_whole(settings));
  settings.mode = FirewallMode::detect;
  EXPECT_FALSE(has_to_be_whole(settings));
}

TEST(ResponseInspection, ALeakIsRefusedWhereItBlocks) {
  const Inspection leak{.is_attack = true, .rules = {951240}};
  const Firewall blocks{.responses = ResponseInspection{}};
  EXPECT_TRUE(verdict_on_response({}, blocks).passes());
  EXPECT_EQ(verdict_on_response(leak, blocks).status, 403);
  EXPECT_EQ(verdict_on_response(leak, blocks).reason, "firewall_response");
  const Firewall detects{.mode = FirewallMode::detect, .responses = ResponseInspection{}};
  EXPECT_TRUE(verdict_on_response(leak, detects).passes());
}

TEST(ResponseInspection, WhatCouldNotBeInspectedIsRefusedByTheChoiceOfRequests) {
  const Inspection busy{.trouble = reason::firewall_busy};
  EXPECT_EQ(verdict_on_response(busy, {}).status, 503);
  EXPECT_GT(verdict_on_response(busy, {}).retry_after.count(), 0);
  EXPECT_TRUE(verdict_on_response(busy, {.passes_uninspected = true}).passes());
}

TEST(ResponseInspection, WhoAskedForItHasLargeResponsesRefused) {
  const Inspection large{.trouble = reason::firewall_response_too_large};
  EXPECT_EQ(verdict_on_response(large, {}).status, 502);
  EXPECT_EQ(verdict_on_response(large, {.passes_uninspected = true}).status, 502);
  EXPECT_TRUE(verdict_on_response(large, {.mode = FirewallMode::detect}).passes());
}

TEST(ResponseInspection, WhatIsCompressedIsNotToBeAskedForAgainSoon) {
  const Inspection encoded{.trouble = reason::firewall_response_encoded};
  EXPECT_EQ(verdict_on_response(encoded, {}).status, 503);
  EXPECT_EQ(verdict_on_response(encoded, {}).retry_after.count(), 0);
}

TEST(ResponseInspection, OfTwoWhoBlocksIsStricterAndThenTheLowerThreshold) {
  const Firewall blocks{.responses = ResponseInspection{.anomaly_threshold = 9}};
  const Firewall lower{.responses = ResponseInspection{.anomaly_threshold = 8}};
  const Firewall detects{.mode = FirewallMode::detect,
                         .responses = ResponseInspection{.anomaly_threshold = 1}};
  EXPECT_TRUE(is_stricter_on_responses(blocks, detects));
  EXPECT_FALSE(is_stricter_on_responses(detects, blocks));
  EXPECT_TRUE(is_stricter_on_responses(lower, blocks));
  EXPECT_FALSE(is_stricter_on_responses(blocks, lower));
  EXPECT_FALSE(is_stricter_on_responses(blocks, blocks));
}

}  // namespace
}  // namespace proxy::policy
