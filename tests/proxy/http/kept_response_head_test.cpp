#include "proxy/http/kept_response_head.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

TEST(KeptResponseHead, IsThereWhenWhatItWasReadFromIsGone) {
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
  const KeptResponseHead kept(head);
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
  EXPECT_GE(kept.bytes(), text.size());
}

}  // namespace
}  // namespace proxy::http
