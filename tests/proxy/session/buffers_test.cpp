#include "proxy/session/buffers.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

TEST(Buffers, WhatALargeMessageMadeOfATextIsGivenBack) {
  Buffers buffers(0);
  for (std::string* const text : {&buffers.head, &buffers.gather, &buffers.frames}) {
    text->assign(8u << 20, 'x');
  }
  buffers.give_back();
  for (const std::string* const text : {&buffers.head, &buffers.gather, &buffers.frames}) {
    EXPECT_LE(text->capacity(), Buffers::kKeptBytes);
  }
}

TEST(Buffers, WhatUsualOnesTakeIsKept) {
  Buffers buffers(0);
  buffers.gather.assign(100'000, 'x');
  const char* const place = buffers.gather.data();
  buffers.give_back();
  EXPECT_EQ(buffers.gather.data(), place);
}

}  // namespace
}  // namespace proxy::session
