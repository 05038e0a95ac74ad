#include "proxy/http/kept_head.h"

#include <string>

#include <gtest/gtest.h>

#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"

namespace proxy::http {
namespace {

TEST(KeptHead, OfAResponseIsThereWhenWhatItWasReadFromIsGone) {
  std::string text = "OK text/html a long value that lies in no small string";
  ResponseHead head;
  head.status = 200;
  head.reason = std::string_view(text).substr(0, 2);
  head.framing = Framing::length;
  head.content_length = 7;
  head.fields.push_back({.name = "Content-Type", .value = std::string_view(text).substr(3, 9)});
  head.fields.push_back({.name = "X-Long", .value = std::string_view(text).substr(13)});
  head.unfolded.push_front("one line of several");
  head.fields.push_back({.name = "X-Folded", .value = head.unfolded.front(), .dropped = true});
  const KeptHead<ResponseHead> kept(head);
  text.assign(text.size(), '?');
  head.unfolded.front().assign(19, '?');
  EXPECT_EQ(kept.get().status, 200);
  EXPECT_EQ(kept.get().reason, "OK");
  EXPECT_EQ(kept.get().framing, Framing::length);
  EXPECT_EQ(kept.get().content_length, 7u);
  ASSERT_EQ(kept.get().fields.size(), 3u);
  EXPECT_EQ(kept.get().fields[0].name, "Content-Type");
  EXPECT_EQ(kept.get().fields[0].value, "text/html");
  EXPECT_EQ(kept.get().fields[1].value, "a long value that lies in no small string");
  EXPECT_EQ(kept.get().fields[2].value, "one line of several");
  EXPECT_TRUE(kept.get().fields[2].dropped);
  EXPECT_TRUE(kept.get().unfolded.empty());
  EXPECT_GE(kept.bytes(), text.size());
}

TEST(KeptHead, OfARequestIsThereLikewise) {
  std::string text = "GET /a/path ?a=query shop.test websocket";
  RequestHead head;
  head.method = Method::get;
  head.method_text = std::string_view(text).substr(0, 3);
  head.path = std::string_view(text).substr(4, 7);
  head.query = std::string_view(text).substr(12, 8);
  head.host = std::string_view(text).substr(21, 9);
  head.upgrade = std::string_view(text).substr(31);
  head.fields.push_back({.name = "Host", .value = head.host});
  const KeptHead<RequestHead> kept(head);
  text.assign(text.size(), '?');
  EXPECT_EQ(kept.get().method, Method::get);
  EXPECT_EQ(kept.get().method_text, "GET");
  EXPECT_EQ(kept.get().path, "/a/path");
  EXPECT_EQ(kept.get().query, "?a=query");
  EXPECT_EQ(kept.get().host, "shop.test");
  EXPECT_EQ(kept.get().upgrade, "websocket");
  ASSERT_EQ(kept.get().fields.size(), 1u);
  EXPECT_EQ(kept.get().fields[0].value, "shop.test");
  EXPECT_GE(kept.bytes(), text.size() - 4);
}

}  // namespace
}  // namespace proxy::http
