#include "proxy/policy/response_inspection.h"

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

using config::Firewall;
using config::FirewallMode;
using config::ResponseInspection;
using http::Framing;
using Treatment = ResponseTreatment;

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
    EXPECT_EQ(treatment_of(answer(type), {}), Treatment::inspected) << type;
  }
  for (const char* type : {"application/json", "image/png", "text/css", "text/htmlx", "html"}) {
    EXPECT_EQ(treatment_of(answer(type), {}), Treatment::passes) << type;
  }
}

TEST(ResponseInspection, InspectsTheTypesThatAreNamedInPlaceOfThem) {
  const ResponseInspection settings{.types = "application/json text/html"};
  EXPECT_EQ(treatment_of(answer("application/json"), settings), Treatment::inspected);
  EXPECT_EQ(treatment_of(answer("text/html"), settings), Treatment::inspected);
  EXPECT_EQ(treatment_of(answer("text/plain"), settings), Treatment::passes);
}

TEST(ResponseInspection, WhatDoesNotSayItsTypeMayBeAny) {
  EXPECT_EQ(treatment_of(answer(""), {}), Treatment::inspected);
  http::ResponseHead two = answer("image/png");
  two.fields.push_back({.name = "content-type", .value = "text/html"});
  EXPECT_EQ(treatment_of(two, {}), Treatment::inspected);
}

TEST(ResponseInspection, WhatHasNoBodyPasses) {
  for (const Framing framing : {Framing::none, Framing::tunnel, Framing::length}) {
    EXPECT_EQ(treatment_of(answer("text/html", framing), {}), Treatment::passes);
  }
  http::ResponseHead some = answer("text/html", Framing::length);
  some.content_length = 1;
  EXPECT_EQ(treatment_of(some, {}), Treatment::inspected);
  EXPECT_EQ(treatment_of(answer("text/html", Framing::until_close), {}), Treatment::inspected);
}

TEST(ResponseInspection, AStreamIsNeverHeldBack) {
  const ResponseInspection settings{.types =
                                        "application/grpc+proto multipart/x-mixed-replace "
                                        "text/event-stream"};
  for (const char* type : {"text/event-stream", "text/event-stream;charset=utf-8",
                           "application/grpc+proto", "multipart/x-mixed-replace;boundary=b"}) {
    EXPECT_EQ(treatment_of(answer(type), settings), Treatment::passes) << type;
  }
}

TEST(ResponseInspection, WhatIsCompressedInAWayThatIsNotKnownCannotBeCompared) {
  http::ResponseHead head = answer("text/html");
  head.fields.push_back({.name = "Content-Encoding", .value = ""});
  for (const char* coding : {"Identity", "gzip", "deflate"}) {
    head.fields.back().value = coding;
    EXPECT_EQ(treatment_of(head, {}), Treatment::inspected) << coding;
  }
  for (const char* coding : {"br", "zstd", "gzip, gzip"}) {
    head.fields.back().value = coding;
    EXPECT_EQ(treatment_of(head, {}), Treatment::unreadable) << coding;
  }
  http::ResponseHead image = answer("image/svg+xml");
  image.fields.push_back({.name = "Content-Encoding", .value = "br"});
  EXPECT_EQ(treatment_of(image, {}), Treatment::passes);
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
