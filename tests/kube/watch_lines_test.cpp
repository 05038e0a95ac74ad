#include "kube/watch_lines.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::vector<std::string> split(kube::LineSplitter& splitter,
                               const std::vector<std::string>& chunks) {
  std::vector<std::string> lines;
  for (const std::string& chunk : chunks) {
    const auto pushed = splitter.push(chunk, [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    EXPECT_TRUE(pushed) << pushed.error().message;
  }
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesAreCut) {
  const std::string text = "first\nsecond\r\n\nthird\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    kube::LineSplitter splitter;
    EXPECT_THAT(split(splitter, {text.substr(0, cut), text.substr(cut)}),
                ElementsAre("first", "second", "third"))
        << "cut at " << cut;
  }
}

TEST(LineSplitter, KeepsAnUnfinishedLine) {
  kube::LineSplitter splitter;
  EXPECT_THAT(split(splitter, {"whole\nhal"}), ElementsAre("whole"));
  EXPECT_EQ(splitter.pending_bytes(), 3u);
}

TEST(LineSplitter, RefusesALineOverItsLimit) {
  const auto ignore = [](std::string_view) { return true; };
  kube::LineSplitter exact(4);
  EXPECT_TRUE(exact.push("abcd\n", ignore));
  kube::LineSplitter in_one(4);
  const auto refused = in_one.push("abcde\n", ignore);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::protocol);
  kube::LineSplitter in_pieces(4);
  EXPECT_TRUE(in_pieces.push("abc", ignore));
  EXPECT_FALSE(in_pieces.push("de", ignore));
}

TEST(LineSplitter, StopsWhenTheReaderHasEnough) {
  kube::LineSplitter splitter;
  int lines = 0;
  EXPECT_TRUE(splitter.push("a\nb\nc\n", [&](std::string_view) { return ++lines < 2; }));
  EXPECT_EQ(lines, 2);
}

TEST(WatchLine, DeliversEachTypeOfEventWithItsVersion) {
  const std::vector<std::pair<std::string, kube::WatchEventType>> types = {
      {"ADDED", kube::WatchEventType::added},
      {"MODIFIED", kube::WatchEventType::modified},
      {"DELETED", kube::WatchEventType::deleted},
      {"BOOKMARK", kube::WatchEventType::bookmark}};
  for (const auto& [name, type] : types) {
    bool delivered = false;
    const auto read = kube::read_watch_line(
        R"({"type":")" + name + R"(","object":{"metadata":{"name":"x","resourceVersion":"42"}}})",
        [&, wanted = type](const kube::WatchEvent& event) {
          delivered = true;
          EXPECT_EQ(event.type, wanted);
          EXPECT_EQ(event.resource_version, "42");
          EXPECT_EQ(event.object["metadata"]["name"], "x");
        });
    EXPECT_TRUE(read) << name;
    EXPECT_TRUE(delivered) << name;
  }
}

base::Error error_of_line(const std::string& line) {
  const auto read =
      kube::read_watch_line(line, [](const kube::WatchEvent&) { FAIL() << "was delivered"; });
  EXPECT_FALSE(read);
  return read ? base::Error{} : read.error();
}

TEST(WatchLine, AnErrorEventOf410IsExpired) {
  const base::Error error =
      error_of_line(R"-({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired",)-"
                    R"-("message":"too old resource version: 5 (9)"}})-");
  EXPECT_EQ(error.kind, base::ErrorKind::expired);
  EXPECT_EQ(error.reason, "Expired");
  EXPECT_THAT(error.message, HasSubstr("too old resource version"));
}

TEST(WatchLine, AnErrorEventWithoutACodeIsTriedAgain) {
  EXPECT_EQ(error_of_line(R"({"type":"ERROR","object":{"message":"etcd is gone"}})").kind,
            base::ErrorKind::unavailable);
}

TEST(WatchLine, WhatIsNotAWatchEventIsAProtocolError) {
  for (const char* line :
       {"", "not json", "[]", "{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":[]})",
        R"({"type":7,"object":{}})", R"({"type":"NEWS","object":{}})",
        R"({"type":"ADDED","object":{"metadata":{"name":"x"}}})",
        R"({"type":"ADDED","object":{"metadata":{"resourceVersion":7}}})"}) {
    EXPECT_EQ(error_of_line(line).kind, base::ErrorKind::protocol) << line;
  }
}

TEST(ErrorFromStatus, TheHttpStatusDecidesTheReaction) {
  const std::vector<std::pair<int, base::ErrorKind>> kinds = {
      {400, base::ErrorKind::invalid},      {401, base::ErrorKind::denied},
      {403, base::ErrorKind::denied},       {404, base::ErrorKind::not_found},
      {409, base::ErrorKind::conflict},     {410, base::ErrorKind::expired},
      {415, base::ErrorKind::invalid},      {422, base::ErrorKind::invalid},
      {429, base::ErrorKind::rate_limited}, {500, base::ErrorKind::unavailable},
      {503, base::ErrorKind::unavailable},  {504, base::ErrorKind::unavailable},
      {302, base::ErrorKind::protocol}};
  for (const auto& [status, kind] : kinds) {
    EXPECT_EQ(kube::error_from_status(status, "getting Secret a/b", {}).kind, kind) << status;
  }
}

TEST(ErrorFromStatus, TheMessageNamesTheActionAndQuotesTheServer) {
  const base::Error error = kube::error_from_status(409, "updating Lease kube/leader",
                                                    {{"message", "the object has been modified"},
                                                     {"reason", "Conflict"},
                                                     {"details", {{"retryAfterSeconds", 3}}}});
  EXPECT_EQ(error.message, "updating Lease kube/leader: the object has been modified (HTTP 409)");
  EXPECT_EQ(error.reason, "Conflict");
  EXPECT_EQ(error.retry_after, std::chrono::seconds(3));
}

}  // namespace
