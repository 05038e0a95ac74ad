#include "kube/event_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using kube::EventSeriesRules;
using kube::Occurrence;
using namespace std::chrono_literals;

namespace {

const base::SteadyTime kNow{1000s};
const base::WallTime kWall{1795262400s};

Occurrence occurrence(const std::string& note = "the order was placed") {
  return {{"gatehouse.dev/v1alpha1", "Certificate", "shop", "www", "u1", "5"},
          kube::EventType::normal,
          "OrderPlaced",
          "Issuing",
          note};
}

class EventSeries : public testing::Test {
 protected:
  std::optional<EventSeriesRules::Write> at(std::chrono::seconds after, const Occurrence& what) {
    return rules_.on_occurrence(what, kNow + after, kWall + after).write;
  }
  EventSeriesRules rules_{{.controller = "gatehouse.dev/operator", .instance = "operator-0"}};
};

TEST_F(EventSeries, TheFirstOccurrenceIsANewEvent) {
  const auto write = at(0s, occurrence());
  ASSERT_TRUE(write);
  EXPECT_TRUE(write->is_new);
  const kube::Event& event = write->event;
  EXPECT_EQ(event.metadata.namespace_, "shop");
  EXPECT_THAT(event.metadata.name, testing::MatchesRegex("www\\.[0-9a-f]{16}"));
  EXPECT_EQ(event.regarding, occurrence().regarding);
  EXPECT_EQ(event.type_name, "Normal");
  EXPECT_EQ(event.reporting_controller, "gatehouse.dev/operator");
  EXPECT_EQ(event.reporting_instance, "operator-0");
  EXPECT_EQ(event.event_time, kWall);
  EXPECT_EQ(event.series, std::nullopt);
}

TEST_F(EventSeries, TheSameAgainMakesASeriesOfTheSameEvent) {
  const auto first = at(0s, occurrence());
  const auto again = at(5s, occurrence());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->event.metadata.name, first->event.metadata.name);
  EXPECT_EQ(again->event.series, (kube::EventSeries{2, kWall + 5s}));
}

TEST_F(EventSeries, AWriteOfTheObjectBetweenDoesNotEndTheSeries) {
  at(0s, occurrence());
  Occurrence later = occurrence();
  later.regarding.resource_version = "6";
  EXPECT_FALSE(at(5s, later)->is_new);
}

TEST_F(EventSeries, MoreRepetitionsAreCountedAndWrittenOnceAnInterval) {
  at(0s, occurrence());
  at(5s, occurrence());
  EXPECT_FALSE(at(6s, occurrence()));
  EXPECT_FALSE(at(7s, occurrence()));
  EXPECT_EQ(rules_.next_due(), kNow + 65s);
  EXPECT_TRUE(rules_.overdue(kNow + 64s).empty());
  const auto writes = rules_.overdue(kNow + 65s);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].event.series, (kube::EventSeries{4, kWall + 7s}));
  EXPECT_EQ(rules_.next_due(), std::nullopt);
  EXPECT_TRUE(rules_.overdue(kNow + 200s).empty());
}

TEST_F(EventSeries, AnotherNoteReasonOrObjectIsAnotherEvent) {
  const auto first = at(0s, occurrence());
  Occurrence other_reason = occurrence();
  other_reason.reason = "Issued";
  Occurrence other_object = occurrence();
  other_object.regarding.uid = "u2";
  for (const Occurrence& other : {occurrence("another"), other_reason, other_object}) {
    const auto write = at(1s, other);
    ASSERT_TRUE(write);
    EXPECT_TRUE(write->is_new);
    EXPECT_NE(write->event.metadata.name, first->event.metadata.name);
  }
}

TEST_F(EventSeries, AfterASilentWindowItIsANewEvent) {
  const auto first = at(0s, occurrence());
  const auto later = at(2101s, occurrence());
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->is_new);
  EXPECT_NE(later->event.metadata.name, first->event.metadata.name);
}

TEST_F(EventSeries, EndedSeriesAreForgotten) {
  at(0s, occurrence());
  EXPECT_EQ(rules_.series_count(), 1u);
  rules_.overdue(kNow + 2101s);
  EXPECT_EQ(rules_.series_count(), 0u);
}

TEST_F(EventSeries, TheOldestIsForgottenWhenThereAreTooMany) {
  EventSeriesRules rules({.controller = "c", .instance = "i", .series_max = 2});
  rules.on_occurrence(occurrence("a"), kNow, kWall);
  rules.on_occurrence(occurrence("b"), kNow + 1s, kWall);
  rules.on_occurrence(occurrence("c"), kNow + 2s, kWall);
  EXPECT_EQ(rules.series_count(), 2u);
  EXPECT_FALSE(rules.on_occurrence(occurrence("b"), kNow + 3s, kWall).write->is_new);
  EXPECT_TRUE(rules.on_occurrence(occurrence("a"), kNow + 4s, kWall).write->is_new);
}

// ---- What one object may have

Occurrence warning(const std::string& note, const std::string& reason = "PathInvalid") {
  Occurrence what = occurrence(note);
  what.type = kube::EventType::warning;
  what.reason = reason;
  return what;
}

TEST_F(EventSeries, TwoHundredNotesOfOneReasonAreFewEventsAndTheRestIsCounted) {
  int created = 0;
  int patched = 0;
  for (int i = 0; i < 200; ++i) {
    const auto write = at(0s, warning("path " + std::to_string(i)));
    if (write) ++(write->is_new ? created : patched);
  }
  EXPECT_EQ(created, 6);  // four are left to others
  EXPECT_EQ(patched, 1);
  const auto late = rules_.overdue(kNow + 60s);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].event.note, "path 5");
  EXPECT_EQ(late[0].event.series->count, 200 - 5);
}

TEST_F(EventSeries, AWarningOfAnotherReasonIsToldThoughOneReasonHasUsedItsShare) {
  for (int i = 0; i < 200; ++i) at(0s, warning("path " + std::to_string(i)));
  for (const char* reason : {"HostClosed", "ServiceNotFound", "CertificateMissing"}) {
    const auto write = at(0s, warning("other", reason));
    ASSERT_TRUE(write) << reason;
    EXPECT_TRUE(write->is_new);
  }
}

TEST_F(EventSeries, WhatCannotBeToldYetWaitsAndIsNotCountedAsTold) {
  for (int i = 0; i < 10; ++i) at(0s, warning("x", "Reason" + std::to_string(i)));
  const auto step = rules_.on_occurrence(warning("x", "Another"), kNow, kWall);
  EXPECT_FALSE(step.write);
  EXPECT_EQ(step.wait_until, kNow + 60s);
  EXPECT_TRUE(rules_.on_occurrence(warning("x", "Another"), kNow + 60s, kWall).write->is_new);
}

TEST_F(EventSeries, ANoisyObjectTakesNothingFromAnother) {
  for (int i = 0; i < 200; ++i) at(0s, warning("path " + std::to_string(i)));
  Occurrence other = warning("path");
  other.regarding.uid = "u2";
  EXPECT_TRUE(at(0s, other)->is_new);
}

TEST_F(EventSeries, WhatCouldNotBeWrittenIsAsIfItHadNotHappened) {
  const auto write = at(0s, warning("x"));
  rules_.take_back(*write, kNow);
  const auto again = at(1s, warning("x"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_new);
  EXPECT_EQ(again->event.series, std::nullopt);
}

TEST_F(EventSeries, ASeriesThatCouldNotBeWrittenIsWrittenLater) {
  at(0s, warning("x"));
  const auto write = at(1s, warning("x"));
  rules_.take_back(*write, kNow + 1s);
  EXPECT_EQ(rules_.next_due(), kNow + 61s);
  const auto later = rules_.overdue(kNow + 61s);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].event.series->count, 2);
}

TEST_F(EventSeries, WhatHappenedSeveralTimesBeforeItCouldBeToldIsASeriesFromTheStart) {
  const auto step = rules_.on_occurrence(warning("x"), kNow, kWall, 3);
  EXPECT_EQ(step.write->event.series, (kube::EventSeries{3, kWall}));
}

TEST_F(EventSeries, AnEventOfAClusterScopedObjectLivesInDefault) {
  Occurrence cluster_scoped = occurrence();
  cluster_scoped.regarding.namespace_.clear();
  EXPECT_EQ(at(0s, cluster_scoped)->event.metadata.namespace_, "default");
}

TEST_F(EventSeries, WordsStayWithinTheApiServersLimits) {
  Occurrence wordy = occurrence(std::string(5000, 'n'));
  wordy.reason.assign(200, 'R');
  wordy.regarding.name.assign(253, 'a');
  const auto write = at(0s, wordy);
  EXPECT_EQ(write->event.note.size(), 1024u);
  EXPECT_EQ(write->event.reason.size(), 128u);
  EXPECT_EQ(write->event.metadata.name.size(), 253u);
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(kube::shortened("short", 5), "short");
  EXPECT_EQ(kube::shortened("longer", 5), "lo...");
  EXPECT_EQ(kube::shortened("a\xc3\xa9\xc3\xa9\xc3\xa9", 6), "a\xc3\xa9...");
  EXPECT_EQ(kube::shortened("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 6), "\xc3\xa9...");
}

}  // namespace
