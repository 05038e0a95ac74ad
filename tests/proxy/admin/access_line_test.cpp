#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "proxy/admin/access_log.h"

namespace proxy::admin {
namespace {

using namespace std::string_view_literals;

AccessRecord record() {
  return {.time = base::WallTime(std::chrono::milliseconds(1'767'225'600'042)),
          .client = "203.0.113.9",
          .host = "shop.example",
          .method = "GET",
          .path = "/a?b=c",
          .protocol = "HTTP/1.1",
          .status = 200,
          .request_bytes = 1,
          .response_bytes = 18'446'744'073'709'551'615u,
          .duration = std::chrono::microseconds(1'002'003),
          .upstream = "10.0.0.1:8080",
          .upstream_time = std::chrono::microseconds(7),
          .reason = "",
          .request_id = "id-1",
          .tls_version = "TLSv1.3"};
}

std::string line(const AccessRecord& of) {
  std::string out;
  append_access_line(of, out);
  return out;
}

TEST(AccessLine, SaysEverythingAboutOneRequest) {
  EXPECT_EQ(line(record()),
            "{\"time\":\"2026-01-01T00:00:00.042Z\",\"client\":\"203.0.113.9\","
            "\"host\":\"shop.example\",\"method\":\"GET\",\"path\":\"/a?b=c\","
            "\"protocol\":\"HTTP/1.1\",\"status\":200,\"request_bytes\":1,"
            "\"response_bytes\":18446744073709551615,\"duration_ms\":1002.003,"
            "\"upstream\":\"10.0.0.1:8080\",\"upstream_ms\":0.007,\"request_id\":\"id-1\","
            "\"tls\":\"TLSv1.3\"}\n");
}

TEST(AccessLine, NamesTheUserWhereOneIsKnown) {
  AccessRecord known = record();
  known.user = "ann \"x\"";
  EXPECT_EQ(nlohmann::json::parse(line(known)).at("user"), "ann \"x\"");
}

TEST(AccessLine, LeavesOutWhatThereWasNot) {
  AccessRecord refused = record();
  refused.upstream = "";
  refused.upstream_time.reset();
  refused.tls_version = "";
  refused.reason = "bad_host";
  refused.status = 400;
  const auto json = nlohmann::json::parse(line(refused));
  EXPECT_FALSE(json.contains("upstream"));
  EXPECT_FALSE(json.contains("upstream_ms"));
  EXPECT_FALSE(json.contains("tls"));
  EXPECT_EQ(json["reason"], "bad_host");
}

TEST(AccessLine, HasTheFieldsThatItsFormNames) {
  std::string out;
  append_access_line(record(), out,
                     config::LineForm({.fields = {{"status"}, {"host"}, {"tls"}, {"unknown"}}}));
  EXPECT_EQ(out,
            "{\"time\":\"2026-01-01T00:00:00.042Z\",\"host\":\"shop.example\",\"status\":200,"
            "\"tls\":\"TLSv1.3\"}\n");
}

TEST(AccessLine, OfEachFieldAloneIsJsonWithThatFieldAndTheTime) {
  AccessRecord full = record();
  full.reason = "bad_host";
  full.trace_id = "t";
  full.user = "ann";
  full.firewall = "detected";
  full.firewall_rules = "942100,920350";
  full.referer = "https://a.example/";
  full.user_agent = "curl/8";
  for (const std::string_view name : config::kLogFields) {
    std::string out;
    append_access_line(full, out, config::LineForm({.fields = {{std::string(name)}}}));
    const auto json = nlohmann::json::parse(out);
    EXPECT_EQ(json.size(), 2u) << out;
    EXPECT_TRUE(json.contains("time") && json.contains(std::string(name))) << out;
  }
  const auto all = nlohmann::json::parse(line(full));
  EXPECT_EQ(all.size(), config::kLogFields.size() + 1 - 2);
  EXPECT_FALSE(all.contains("referer") || all.contains("user_agent")) << "for who names them";
}

TEST(AccessLine, InAFormatOfHttpdHasTheFieldsThatToolsKnow) {
  const config::LineForm common({.format = config::LogFormat::common});
  const auto common_line = [&](const AccessRecord& of) {
    std::string out;
    append_access_line(of, out, common);
    return out;
  };
  AccessRecord of = record();
  of.response_bytes = 17;
  EXPECT_EQ(common_line(of),
            "203.0.113.9 - - [01/Jan/2026:00:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 17\n");
  of.time += std::chrono::hours(24 * 31);
  of.user = "ann x";
  of.status = 0;
  EXPECT_EQ(common_line(of),
            "203.0.113.9 - ann\\x20x [01/Feb/2026:00:00:00 +0000] \"GET /a?b=c HTTP/1.1\" - 17\n");
  of.path = "/\"\\\n\xc3\xa4"sv;
  EXPECT_EQ(common_line(of),
            "203.0.113.9 - ann\\x20x [01/Feb/2026:00:00:00 +0000] "
            "\"GET /\\x22\\x5c\\x0a\\xc3\\xa4 HTTP/1.1\" - 17\n")
      << "nobody ends a line, or a field, before its end";
  AccessRecord combined = record();
  combined.response_bytes = 17;
  combined.user_agent = "Mozilla \"5\"";
  std::string out;
  append_access_line(combined, out, config::LineForm({.format = config::LogFormat::combined}));
  EXPECT_EQ(out,
            "203.0.113.9 - - [01/Jan/2026:00:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 17 \"-\" "
            "\"Mozilla \\x225\\x22\"\n");
}

TEST(AccessLine, FollowsTheTime) {
  AccessRecord first = record();
  AccessRecord second = record();
  second.time += std::chrono::seconds(61);
  EXPECT_NE(line(first).find("T00:00:00.042Z"), std::string::npos);
  EXPECT_NE(line(second).find("T00:01:01.042Z"), std::string::npos);
}

TEST(AccessLine, EscapesWhatAClientSends) {
  struct {
    std::string_view path, in_json;
  } cases[] = {
      {"/\"x\\"sv, "/\\\"x\\\\"},
      {"/\n\r\t\0\x1f\x7f"sv, "/\\u000a\\u000d\\u0009\\u0000\\u001f\\u007f"},
      {"/caf\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3"sv, "/caf\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3"},
      {"/\xff\xc3"sv, "/\\ufffd\\ufffd"},
      {"/\xc0\xaf"sv, "/\\ufffd\\ufffd"},             // overlong
      {"/\xed\xa0\x80"sv, "/\\ufffd\\ufffd\\ufffd"},  // surrogate
      {"/\xf4\x90\x80\x80"sv, "/\\ufffd\\ufffd\\ufffd\\ufffd"},
      {"/\xe2\x82"sv, "/\\ufffd\\ufffd"},
  };
  for (const auto& c : cases) {
    AccessRecord of = record();
    of.path = c.path;
    const std::string text = line(of);
    EXPECT_NE(text.find("\"path\":\"" + std::string(c.in_json) + "\""), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), text.size() - 1);
  }
}

TEST(AccessLine, IsValidJsonForEveryByteAndPairOfBytes) {
  for (int first = 0; first < 256; ++first) {
    std::string path;
    for (int second = 0; second < 256; ++second) {
      path += static_cast<char>(first);
      path += static_cast<char>(second);
    }
    AccessRecord of = record();
    of.path = path;
    EXPECT_TRUE(nlohmann::json::accept(line(of))) << first;
  }
}

}  // namespace
}  // namespace proxy::admin
