#include "proxy/policy/trace.h"

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kGood = "00-" + kTrace + "-00f067aa0ba902b7-01";

TEST(Trace, IsReadByTheRulesOfTraceContext) {
  for (const std::string& good :
       {kGood, "00-" + kTrace + "-00f067aa0ba902b7-00", "00-" + kTrace + "-00f067aa0ba902b7-ff",
        "cc-" + kTrace + "-00f067aa0ba902b7-01", "cc-" + kTrace + "-00f067aa0ba902b7-01-what",
        "fe-" + kTrace + "-00f067aa0ba902b7-01-"}) {
    EXPECT_EQ(read_traceparent(good).trace_id, kTrace) << good;
  }
  const std::string zeros(32, '0');
  for (const std::string& bad :
       {std::string(),
        std::string("00"),
        kGood.substr(1),
        kGood + "0",
        kGood + "-00",
        "ff" + kGood.substr(2),
        "0" + kGood,
        "00-" + zeros + "-00f067aa0ba902b7-01",
        "00-" + kTrace + "-0000000000000000-01",
        "00-" + kTrace.substr(1) + "-00f067aa0ba902b7-01",
        std::string("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        "00-" + kTrace + "-00f067aa0ba902bg-01",
        "00-" + kTrace + "-00f067aa0ba902b7-0x",
        "00_" + kTrace + "-00f067aa0ba902b7-01",
        "00-" + kTrace + "_00f067aa0ba902b7-01",
        "00-" + kTrace + "-00f067aa0ba902b7_01",
        "gg" + kGood.substr(2),
        "cc" + kGood.substr(2) + "x",
        kGood + " ",
        "00-" + kTrace + "-00f067aa0ba902b7-1"}) {
    EXPECT_EQ(read_traceparent(bad).trace_id, "") << bad;
  }
}

TEST(Trace, IsSampledByTheLowestBitOfItsFlags) {
  const std::string begin = "00-" + kTrace + "-00f067aa0ba902b7-";
  for (const char* yes : {"01", "03", "0b", "ff"}) {
    EXPECT_TRUE(read_traceparent(begin + yes).is_sampled) << yes;
  }
  for (const char* no : {"00", "02", "0a", "fe"}) {
    EXPECT_FALSE(read_traceparent(begin + no).is_sampled) << no;
  }
}

TEST(Trace, OfASpanWithinAnotherKeepsTheTraceAndWhetherItIsSampled) {
  EXPECT_EQ(child_traceparent(read_traceparent(kGood), 0xabc),
            "00-" + kTrace + "-0000000000000abc-01");
  const std::string not_sampled = "cc-" + kTrace + "-00f067aa0ba902b7-02-more";
  EXPECT_EQ(child_traceparent(read_traceparent(not_sampled), 0),
            "00-" + kTrace + "-0000000000000001-00");
}

TEST(Trace, OfSeveralNoneIsBelieved) {
  std::vector<http::Field> fields = {{.name = "TraceParent", .value = kGood}};
  EXPECT_EQ(read_traceparent(fields).trace_id, kTrace);
  fields.push_back(fields.front());
  EXPECT_EQ(read_traceparent(fields).trace_id, "");
  EXPECT_EQ(read_traceparent(std::vector<http::Field>{}).trace_id, "");
}

TEST(Trace, ANewOneIsOneThatIsBelieved) {
  EXPECT_EQ(new_traceparent(1, 2, 3), "00-00000000000000010000000000000002-0000000000000003-01");
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    EXPECT_NE(read_traceparent(new_traceparent(number, number, number)).trace_id, "") << number;
  }
}

TEST(Trace, WhatIsForgottenIsNotPassedOn) {
  std::vector<http::Field> fields = {{.name = "traceparent", .value = "x"},
                                     {.name = "TraceState", .value = "a=b"},
                                     {.name = "Accept", .value = "*"}};
  forget_trace(fields);
  EXPECT_TRUE(fields[0].dropped);
  EXPECT_TRUE(fields[1].dropped);
  EXPECT_FALSE(fields[2].dropped);
}

}  // namespace
}  // namespace proxy::policy
