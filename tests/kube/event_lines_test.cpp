#include "kube/event_lines.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/event_series.h"
#include "kube/token_bucket.h"

using kube::EventLines;
using kube::EventType;
using kube::Occurrence;
using testing::ElementsAre;
using namespace std::chrono_literals;

namespace {

const base::SteadyTime kNow{1000s};
const base::WallTime kWall{1795262400s};

Occurrence occurrence(const std::string& object, const std::string& note,
                      EventType type = EventType::warning, const std::string& reason = "Failed",
                      const std::string& namespace_ = "shop") {
  return {
      {"v1", "Ingress", namespace_, object, "uid-" + object, "5"}, type, reason, "Trying", note};
}

class EventLinesTest : public testing::Test {
 protected:
  bool add(const Occurrence& what) { return lines_.add(what, kWall); }
  // "object: note", in the order in which they are taken.
  std::vector<std::string> take_all(base::SteadyTime now = kNow) {
    std::vector<std::string> texts;
    while (const auto waiting = lines_.take(now)) {
      texts.push_back(waiting->occurrence.regarding.name + ": " + waiting->occurrence.note +
                      (waiting->times > 1 ? " x" + std::to_string(waiting->times) : ""));
    }
    return texts;
  }

  EventLines lines_{{.per_object = 3, .bytes = 10'000, .bytes_of_normal = 4'000}};
};

TEST_F(EventLinesTest, WarningsGoBeforeNormalOnes) {
  add(occurrence("a", "issued", EventType::normal));
  add(occurrence("b", "issued", EventType::normal));
  add(occurrence("b", "failed"));
  EXPECT_THAT(take_all(), ElementsAre("b: failed", "a: issued", "b: issued"));
}

TEST_F(EventLinesTest, ObjectsTakeTurns) {
  for (const char* note : {"1", "2", "3"}) add(occurrence("noisy", note));
  add(occurrence("calm", "1"));
  EXPECT_THAT(take_all(), ElementsAre("noisy: 1", "calm: 1", "noisy: 2", "noisy: 3"));
}

TEST_F(EventLinesTest, TheSameIsCountedWhereItWaitsAndWhatAFullLineCannotHoldWithItsReason) {
  for (const char* note : {"1", "1", "2", "3", "4", "5"}) EXPECT_TRUE(add(occurrence("a", note)));
  EXPECT_FALSE(add(occurrence("a", "other", EventType::warning, "Other")));
  EXPECT_TRUE(add(occurrence("b", "1")));
  EXPECT_THAT(take_all(), ElementsAre("a: 1 x2", "b: 1", "a: 2", "a: 3 x3"));
}

TEST_F(EventLinesTest, AMovedResourceVersionIsTheSameObject) {
  add(occurrence("a", "1"));
  Occurrence later = occurrence("a", "1");
  later.regarding.resource_version = "6";
  add(later);
  EXPECT_THAT(take_all(), ElementsAre("a: 1 x2"));
}

TEST_F(EventLinesTest, NormalOnesLeaveRoomForWarnings) {
  const std::string long_note(1000, 'n');
  int normal = 0;
  while (normal < 100 &&
         add(occurrence("n" + std::to_string(normal), long_note, EventType::normal))) {
    ++normal;
  }
  int warnings = 0;
  while (warnings < 100 && add(occurrence("w" + std::to_string(warnings), long_note))) ++warnings;
  EXPECT_GT(warnings, normal);
  EXPECT_LT(warnings + normal, 10);
  take_all();
  EXPECT_EQ(lines_.size(), 0u);
  EXPECT_TRUE(add(occurrence("a", long_note))) << "what was taken makes room";
}

// A quota of no Events, say, and thousands of objects.
TEST_F(EventLinesTest, ANamespaceWithMuchToSayLeavesRoomForTheOthers) {
  const std::string long_note(1000, 'n');
  const auto flood = [&](const std::string& namespace_) {
    int count = 0;
    while (count < 100 && add(occurrence("f" + std::to_string(count), long_note, EventType::warning,
                                         "Failed", namespace_))) {
      ++count;
    }
    return count;
  };
  const int at_once = flood("rival");
  EXPECT_GT(at_once, 0);
  EXPECT_TRUE(add(occurrence("a", long_note)));
  take_all();
  lines_.note_failure("rival", kNow);
  EXPECT_LT(flood("rival"), at_once) << "nothing of it can be written";
  lines_.note_success("rival");
  take_all();
  EXPECT_EQ(flood("rival"), at_once) << "what was taken makes room";
}

// Certificates that are issued and Ingresses that are taken over, by the thousand.
TEST_F(EventLinesTest, ANamespaceWithMuchGoodNewsLeavesRoomForThoseOfTheOthers) {
  const std::string long_note(400, 'n');
  const auto issued = [&](const std::string& object, const std::string& namespace_) {
    return occurrence(object, long_note, EventType::normal, "Issued", namespace_);
  };
  const auto flood = [&](const std::string& namespace_) {
    int count = 0;
    while (count < 100 && add(issued("f" + std::to_string(count), namespace_))) ++count;
    return count;
  };
  const int at_once = flood("rival");
  EXPECT_GT(at_once, 1);
  EXPECT_TRUE(add(issued("a", "shop")));
  take_all();
  lines_.note_failure("rival", kNow);
  const int while_held = flood("rival");
  EXPECT_GT(while_held, 0);
  EXPECT_LT(while_held, at_once) << "nothing of it can be written";
  EXPECT_GE(flood("shop"), at_once) << "the neighbour's share is its own";
  lines_.note_success("rival");
  take_all();
  EXPECT_EQ(flood("rival"), at_once) << "what was taken makes room";
}

TEST_F(EventLinesTest, AnEndlessNoteIsCut) {
  EXPECT_TRUE(add(occurrence("a", std::string(1'000'000, 'n'))));
  EXPECT_EQ(lines_.take(kNow)->occurrence.note.size(), kube::kEventNoteBytesMax);
}

TEST_F(EventLinesTest, WhatIsPutBackIsFirstAgainAndItsLineWaitsAlone) {
  add(occurrence("a", "1"));
  add(occurrence("a", "2"));
  lines_.put_back(*lines_.take(kNow), kNow + 60s);
  add(occurrence("b", "1"));
  EXPECT_THAT(take_all(), ElementsAre("b: 1"));
  EXPECT_EQ(lines_.next_ready(), kNow + 60s);
  EXPECT_THAT(take_all(kNow + 60s), ElementsAre("a: 1", "a: 2"));
  EXPECT_EQ(lines_.next_ready(), std::nullopt);
}

TEST_F(EventLinesTest, ANamespaceWhereNothingCanBeWrittenHoldsUpNoOther) {
  const auto in_bad = [](const char* object) {
    return occurrence(object, "1", EventType::warning, "Failed", "bad");
  };
  for (const char* object : {"a", "b", "c"}) add(in_bad(object));
  lines_.take(kNow);
  lines_.note_failure("bad", kNow);
  add(occurrence("good", "1"));
  EXPECT_THAT(take_all(), ElementsAre("good: 1"));
  EXPECT_EQ(lines_.next_ready(), kNow + 1s);
  // One is tried, and the others wait with it; longer each time.
  ASSERT_TRUE(lines_.take(kNow + 1s));
  lines_.note_failure("bad", kNow + 1s);
  EXPECT_THAT(take_all(kNow + 2s), ElementsAre());
  EXPECT_EQ(lines_.next_ready(), kNow + 3s);
  lines_.note_success("bad");
  EXPECT_THAT(take_all(kNow + 3s), ElementsAre("c: 1"));
}

TEST_F(EventLinesTest, OfANamespaceThatIsDeletedNothingIsLeft) {
  add(occurrence("a", "1"));
  for (const char* object : {"a", "b"}) {
    add(occurrence(object, "1", EventType::warning, "Failed", "gone"));
  }
  EXPECT_EQ(lines_.drop_namespace("gone"), 2u);
  EXPECT_EQ(lines_.size(), 1u);
  EXPECT_THAT(take_all(), ElementsAre("a: 1"));
}

TEST(TokenBucket, HasSoManyAtOnceAndOneMoreEachSoOften) {
  kube::TokenBucket bucket(2, 10s, kNow);
  EXPECT_TRUE(bucket.take(kNow));
  EXPECT_TRUE(bucket.take(kNow + 5s));
  EXPECT_FALSE(bucket.take(kNow + 5s));
  EXPECT_EQ(bucket.ready_at(kNow + 5s), kNow + 10s);
  EXPECT_TRUE(bucket.take(kNow + 10s));
  EXPECT_FALSE(bucket.is_full(kNow + 20s));
  EXPECT_TRUE(bucket.is_full(kNow + 30s));
}

TEST(TokenBucket, LeavesTheLastToOthers) {
  kube::TokenBucket bucket(2, 10s, kNow);
  EXPECT_TRUE(bucket.take(kNow, 1));
  EXPECT_FALSE(bucket.take(kNow, 1));
  EXPECT_EQ(bucket.ready_at(kNow, 1), kNow + 10s);
  EXPECT_TRUE(bucket.take(kNow));
  bucket.give_back();
  EXPECT_TRUE(bucket.take(kNow));
}

}  // namespace
