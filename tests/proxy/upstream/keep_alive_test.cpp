#include "proxy/upstream/keep_alive.h"

#include <gtest/gtest.h>

#include "proxy/upstream/connection.h"

namespace proxy::upstream {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(KeepAlive, AConnectionRestsLessThanItsEndpointKeepsIt) {
  const struct {
    std::string_view field;
    milliseconds rest;
  } table[] = {
      {"timeout=5", seconds(4)},
      {"timeout=5, max=99", seconds(4)},
      {"max=99,timeout=72", seconds(71)},
      {"Timeout = 5", seconds(4)},
      {"timeout=\"5\"", seconds(4)},
      {"timeout=2", seconds(1)},
      {"timeout=1", milliseconds(500)},
      {"timeout=9, timeout=5", seconds(4)},
      {"timeout=86400", hours(24) - seconds(1)},
      {"timeout=999999999999999999999999", hours(24) - seconds(1)},
      {" , timeout=5 ,", seconds(4)},
  };
  for (const auto& row : table) EXPECT_EQ(rest_allowed_by(row.field), row.rest) << row.field;
}

TEST(KeepAlive, WhatSaysNothingChangesNothing) {
  for (const char* field : {"", ",", "timeout", "timeout=", "timeout=x", "timeout=5s", "timeout=-5",
                            "max=1", "other=0", "5", "=5", "timeout=\""}) {
    EXPECT_EQ(rest_allowed_by(field), Connection::kRestAsConfigured) << field;
  }
}

TEST(KeepAlive, AConnectionWithoutANextRequestIsNotKept) {
  for (const char* field : {"max=0", "timeout=5, max=0", "timeout=0", "timeout=0, max=5"}) {
    EXPECT_EQ(rest_allowed_by(field), Connection::kNotReusable) << field;
  }
}

}  // namespace
}  // namespace proxy::upstream
