#include "proxy/http/max_forwards.h"

#include <string>

#include <gtest/gtest.h>

#include "proxy/http/trailer.h"

namespace proxy::http {
namespace {

// "refused", or the values that go on.
std::string forwarded(const std::string& method, const std::string& fields) {
  RequestHead head;
  head.method = method_of(method);
  read_trailer(fields, head.fields);
  if (ends_here(head)) return "refused";
  MaxForwardsText storage;
  count_down_forwards(head, storage);
  std::string values;
  for (const Field& field : head.fields) {
    if (field.dropped) continue;
    if (!values.empty()) values += ", ";
    values += field.value;
  }
  return values;
}

TEST(MaxForwards, IsOneLessForOptionsAndTraceAndEndsAtZero) {
  const struct {
    const char* fields;
    const char* expected;
  } cases[] = {
      {"", ""},
      {"Max-Forwards: 0\r\n", "refused"},
      {"Max-Forwards: 000\r\n", "refused"},
      {"Max-Forwards: 1\r\n", "0"},
      {"max-forwards: 10\r\n", "9"},
      {"Max-Forwards: 18446744073709551615\r\n", "18446744073709551614"},
      {"Max-Forwards: 99999999999999999999999\r\n", "18446744073709551614"},
      {"Max-Forwards: 5\r\nMax-Forwards: 7\r\n", "4"},
      {"Max-Forwards: 5\r\nMax-Forwards: 0\r\n", "refused"},
      {"Max-Forwards: 5\r\nMax-Forwards: x\r\n", "4"},
  };
  for (const auto& c : cases) {
    for (const char* method : {"OPTIONS", "TRACE"}) {
      EXPECT_EQ(forwarded(method, c.fields), c.expected) << method << " " << c.fields;
    }
  }
}

TEST(MaxForwards, WhatIsNoNumberPassesUnchanged) {
  for (const std::string value : {"", "-1", "+1", "1.5", "1 2", "0x1", "many"}) {
    EXPECT_EQ(forwarded("OPTIONS", "Max-Forwards: " + value + "\r\n"), value);
  }
}

TEST(MaxForwards, OfAnotherMethodPassesUnchanged) {
  for (const char* method : {"GET", "POST", "DELETE", "BREW"}) {
    EXPECT_EQ(forwarded(method, "Max-Forwards: 0\r\n"), "0");
  }
}

}  // namespace
}  // namespace proxy::http
