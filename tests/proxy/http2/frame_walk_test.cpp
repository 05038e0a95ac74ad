#include "proxy/http2/frame_walk.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/http2/frames.h"

namespace proxy::http2 {
namespace {

using Seen = std::vector<std::pair<int, int>>;  // type and stream of each frame that ended

Seen walk(std::string_view bytes, std::size_t piece) {
  FrameWalk walk;
  Seen seen;
  std::size_t begun = 0;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    while (!input.empty()) {
      const FrameWalk::Step step = walk.next(input);
      EXPECT_GT(step.bytes, 0u);
      if (step.begins) ++begun;
      if (step.ends) seen.emplace_back(walk.head().type, walk.head().stream);
      input.remove_prefix(step.bytes);
    }
  }
  EXPECT_EQ(begun, seen.size());
  return seen;
}

TEST(FrameWalk, SeesEachFrameHoweverItsBytesCome) {
  const std::string bytes = preface() + get(1) +
                            frame(NGHTTP2_DATA, 0, 3, std::string(9'000, 'd')) +
                            frame(0x77, 0, 5, "unknown") + frame(NGHTTP2_DATA, 0, 7, "") +
                            headers(9, std::string(20'000, 'f'), 0);
  const Seen expected = {
      {NGHTTP2_SETTINGS, 0}, {NGHTTP2_HEADERS, 1}, {NGHTTP2_DATA, 3},        {0x77, 5},
      {NGHTTP2_DATA, 7},     {NGHTTP2_HEADERS, 9}, {NGHTTP2_CONTINUATION, 9}};
  for (const std::size_t piece : {1u, 2u, 8u, 9u, 10u, 13u, 1'000u, 100'000u}) {
    EXPECT_EQ(walk(bytes, piece), expected) << piece;
  }
}

TEST(FrameWalk, TakesFieldsInSmallSteps) {
  FrameWalk walk;
  std::string bytes = preface();
  for (std::string_view rest = bytes; !rest.empty();) rest.remove_prefix(walk.next(rest).bytes);
  bytes = headers(1, std::string(16'000, 'f'), 0);
  EXPECT_LE(walk.next(bytes).bytes, FrameWalk::kFieldsStepBytes + 9);
}

TEST(FrameWalk, KnowsWhatAPriorityFrameDependsOn) {
  for (const std::size_t piece : {1u, 11u, 100u}) {
    FrameWalk walk;
    const std::string bytes = preface() + frame(NGHTTP2_PRIORITY, 0, 3, {"\x80\0\1\5\x10", 5});
    std::int32_t dependency = -1;
    for (std::string_view rest = bytes; !rest.empty();) {
      const FrameWalk::Step step = walk.next(rest.substr(0, piece));
      if (step.ends && walk.head().type == NGHTTP2_PRIORITY) dependency = walk.first_number();
      rest.remove_prefix(step.bytes);
    }
    EXPECT_EQ(dependency, 0x105);
  }
}

}  // namespace
}  // namespace proxy::http2
