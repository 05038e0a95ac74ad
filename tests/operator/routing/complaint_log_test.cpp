#include "operator/routing/complaint_log.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr base::SteadyTime kStart{seconds(1000)};

Claimant claimant(const std::string& namespace_, const std::string& name) {
  return {"Ingress", {namespace_, name}, "uid-of-" + name, {}};
}

const Complaint kTrouble{claimant("shop", "www"), Severity::warning, "ServiceNotFound",
                         "no Service"};
const Complaint kOther{claimant("shop", "api"), Severity::warning, "PortNotFound", "no port"};
const Complaint kPending{claimant("shop", "www"), Severity::pending, "CertificatePending", "wait"};

struct Due {
  Complaints news;
  Complaints reminders;
  std::optional<base::SteadyTime> next;
};

// With somebody who listens, or does not.
Due update(ComplaintLog& log, const Complaints& standing, base::SteadyTime now,
           bool has_room = true) {
  Due due;
  ComplaintsByKey routes;
  put(standing, routes);
  due.next = log.update(routes, {}, now, [&](const Complaint& complaint, auto telling) {
    (telling == ComplaintLog::Telling::news ? due.news : due.reminders).push_back(complaint);
    return has_room;
  });
  return due;
}

TEST(ComplaintsByKey, ThoseToTwoKindsWithOneNameStandApart) {
  Complaint other = kTrouble;
  other.claimant = Claimant("HTTPRoute", kTrouble.claimant.key(), "another-uid", {});
  ComplaintsByKey all;
  put({kTrouble}, all);
  put({other}, all);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(*all.at(kTrouble.claimant.text()), ElementsAre(kTrouble));
  EXPECT_THAT(*all.at(other.claimant.text()), ElementsAre(other));
}

// Its Events are those of the object that was there before.
TEST(ComplaintLog, WhoWasMadeAnewUnderTheSameNameIsToldAnew) {
  ComplaintLog log(seconds(2));
  update(log, {kTrouble}, kStart);
  EXPECT_THAT(update(log, {kTrouble}, kStart + seconds(2)).news, ElementsAre(kTrouble));
  Complaint again = kTrouble;
  again.claimant = Claimant("Ingress", kTrouble.claimant.key(), "another-uid", {});
  EXPECT_THAT(update(log, {again}, kStart + seconds(3)).news, IsEmpty());
  EXPECT_THAT(update(log, {again}, kStart + seconds(5)).news, ElementsAre(again));
}

TEST(ComplaintLog, WhatLastsIsNewsOnce) {
  ComplaintLog log(seconds(2));
  const auto first = update(log, {kTrouble}, kStart);
  EXPECT_THAT(first.news, IsEmpty());
  EXPECT_EQ(first.next, kStart + seconds(2));
  EXPECT_THAT(update(log, {kTrouble}, kStart + seconds(2)).news, ElementsAre(kTrouble));
  const auto again = update(log, {kTrouble}, kStart + seconds(60));
  EXPECT_THAT(again.news, IsEmpty());
  EXPECT_THAT(again.reminders, IsEmpty());
}

TEST(ComplaintLog, AWarningThatGoesOnIsToldAgainInTheSameWordsBeforeItsEventIsForgotten) {
  ComplaintLog log(seconds(0));
  Complaint second = kTrouble;
  second.message = "no Service either";
  EXPECT_EQ(update(log, {kTrouble, second}, kStart).next, kStart + ComplaintLog::kReminded);
  const base::SteadyTime later = kStart + ComplaintLog::kReminded;
  const auto news = update(log, {kTrouble, second}, kStart + seconds(1)).news;
  EXPECT_THAT(news, IsEmpty());
  Complaint third = kTrouble;
  third.message = "no other Service";
  const auto due = update(log, {kTrouble, second, third}, later);
  EXPECT_THAT(due.news, ElementsAre(third)) << "news is not mixed with it";
  ASSERT_THAT(due.reminders, SizeIs(1));
  EXPECT_EQ(due.reminders[0].message, kTrouble.message + " " + second.message);
  EXPECT_EQ(due.next, later + ComplaintLog::kReminded);
  EXPECT_THAT(update(log, {}, later + seconds(1)).next, std::nullopt);
}

TEST(ComplaintLog, AReminderThatFoundNoEarIsDueAgain) {
  ComplaintLog log(seconds(0));
  update(log, {kTrouble}, kStart);
  const base::SteadyTime later = kStart + ComplaintLog::kReminded;
  EXPECT_EQ(update(log, {kTrouble}, later, false).next, later + seconds(1));
  EXPECT_THAT(update(log, {kTrouble}, later + seconds(1)).reminders, ElementsAre(kTrouble));
}

TEST(ComplaintLog, ANoteIsToldOnce) {
  ComplaintLog log(seconds(0));
  Complaint note = kTrouble;
  note.severity = Severity::note;
  EXPECT_THAT(update(log, {note}, kStart).news, ElementsAre(note));
  EXPECT_THAT(update(log, {note}, kStart + std::chrono::hours(2)).reminders, IsEmpty());
}

TEST(ComplaintLog, WhatPassesIsNoNews) {
  ComplaintLog log(seconds(2));
  update(log, {kTrouble}, kStart);
  EXPECT_THAT(update(log, {}, kStart + milliseconds(1900)).news, IsEmpty());
  // Back again: it begins to stand anew.
  EXPECT_THAT(update(log, {kTrouble}, kStart + seconds(3)).news, IsEmpty());
  EXPECT_THAT(update(log, {kTrouble}, kStart + seconds(5)).news, ElementsAre(kTrouble));
}

TEST(ComplaintLog, EachStandsOnItsOwn) {
  ComplaintLog log(seconds(2));
  update(log, {kTrouble}, kStart);
  const auto due = update(log, {kOther, kTrouble}, kStart + seconds(2));
  EXPECT_THAT(due.news, ElementsAre(kTrouble));
  EXPECT_EQ(due.next, kStart + seconds(4));
}

TEST(ComplaintLog, WhatWillResolveByItselfIsNeverNews) {
  ComplaintLog log(seconds(2));
  update(log, {kPending}, kStart);
  const auto due = update(log, {kPending}, kStart + seconds(10));
  EXPECT_THAT(due.news, IsEmpty());
  EXPECT_EQ(due.next, std::nullopt);
}

TEST(ComplaintLog, WhatFoundNoEarIsNewsAgain) {
  ComplaintLog log(seconds(0));
  const auto refused = update(log, {kTrouble}, kStart, false);
  EXPECT_THAT(refused.news, ElementsAre(kTrouble));
  EXPECT_EQ(refused.next, kStart + seconds(1));
  EXPECT_THAT(update(log, {kTrouble}, kStart + seconds(1)).news, ElementsAre(kTrouble));
  EXPECT_THAT(update(log, {kTrouble}, kStart + seconds(2)).news, IsEmpty());
}

Complaints paths(int count, const std::string& name = "path ") {
  Complaints all;
  for (int i = 0; i < count; ++i) {
    all.push_back(
        {claimant("shop", "www"), Severity::warning, "PathInvalid", name + std::to_string(i)});
  }
  return bounded(all);
}

TEST(ComplaintLog, OfOneReasonToOneClaimantAllIsOnePieceOfNews) {
  ComplaintLog log(seconds(0));
  const auto due = update(log, paths(2000), kStart);
  ASSERT_THAT(due.news, SizeIs(1));
  EXPECT_EQ(due.news[0].message, "path 0 path 1 path 10 (and 1997 more of this kind)");
  EXPECT_THAT(update(log, paths(2000), kStart).news, IsEmpty());
  EXPECT_THAT(update(log, paths(2000, "other "), kStart).news, SizeIs(1));
}

TEST(ComplaintLog, ALongListOfLongSentencesFitsIntoOneEvent) {
  ComplaintLog log(seconds(0));
  const auto due = update(log, paths(2000, std::string(900, 'p')), kStart);
  ASSERT_THAT(due.news, SizeIs(1));
  EXPECT_LE(due.news[0].message.size(), 1024u);
  EXPECT_THAT(due.news[0].message, testing::EndsWith(" (and 1999 more of this kind)"));
}

TEST(Bounded, KeepsFewOfOneReasonAndSaysForHowManyTheyStand) {
  const Complaints kept = paths(2000);
  EXPECT_THAT(kept, SizeIs(20));
  EXPECT_EQ(kept.back().stands_for, 1981u);
  EXPECT_THAT(bounded({kTrouble, kOther, kTrouble}), ElementsAre(kOther, kTrouble));
  Complaint endless = kTrouble;
  endless.message.assign(100'000, 'x');
  EXPECT_EQ(bounded({endless})[0].message.size(), 1024u);
}

// The same by looking at everything each time, as the specification of what follows changes.
class WholeLog {
 public:
  Due update(const Complaints& standing, base::SteadyTime now, bool has_room) {
    std::map<Complaint, Entry> entries;
    std::map<std::tuple<bool, Claimant, Severity, std::string>, Complaints> due;
    Due said;
    const auto at_latest = [&](base::SteadyTime at) {
      said.next = said.next ? std::min(*said.next, at) : at;
    };
    for (const Complaint& complaint : standing) {
      if (complaint.severity == Severity::pending) continue;
      const auto known = entries_.find(complaint);
      const Entry entry = known == entries_.end() ? Entry{now, {}} : known->second;
      entries.emplace(complaint, entry);
      if (entry.told && complaint.severity != Severity::warning) continue;
      const base::SteadyTime at =
          entry.told ? *entry.told + ComplaintLog::kReminded : entry.since + seconds(2);
      if (at > now) {
        at_latest(at);
      } else {
        due[{entry.told.has_value(), complaint.claimant, complaint.severity, complaint.reason}]
            .push_back(complaint);
      }
    }
    entries_ = std::move(entries);
    for (const auto& [reason, complaints] : due) {
      Complaints& told = std::get<bool>(reason) ? said.reminders : said.news;
      told.insert(told.end(), complaints.begin(), complaints.end());
      if (!has_room) {
        at_latest(now + seconds(1));
        continue;
      }
      for (const Complaint& complaint : complaints) {
        entries_.at(complaint).told = now;
        if (complaint.severity == Severity::warning) at_latest(now + ComplaintLog::kReminded);
      }
    }
    return said;
  }

 private:
  struct Entry {
    base::SteadyTime since;
    std::optional<base::SteadyTime> told;
  };
  std::map<Complaint, Entry> entries_;
};

class ComplaintLogHistories : public testing::TestWithParam<unsigned> {};

TEST_P(ComplaintLogHistories, SayWhatALogThatLooksAtEverythingSays) {
  std::mt19937 random(GetParam());
  ComplaintLog log(seconds(2));
  WholeLog whole;
  base::SteadyTime now = kStart;
  Complaints standing;
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    for (auto changes = random() % 3; changes > 0; --changes) {
      // One of each reason to a claimant: several are told as one, which is another's test.
      const auto reason = random() % 3;
      const Complaint one{claimant("shop", "i" + std::to_string(random() % 4)),
                          static_cast<Severity>(reason), "Reason" + std::to_string(reason),
                          "message"};
      const auto at = std::find(standing.begin(), standing.end(), one);
      if (at == standing.end()) {
        standing.push_back(one);
      } else {
        standing.erase(at);
      }
    }
    standing = bounded(std::move(standing));
    // Where it stands, with the compiler or the plan, is the same to who hears it.
    ComplaintsByKey routes;
    ComplaintsByKey certificates;
    put(standing, random() % 4 == 0 ? certificates : routes);
    now += seconds(random() % 4);
    if (random() % 50 == 0) now += ComplaintLog::kReminded;
    const bool has_room = random() % 4 != 0;
    Due by_change;
    by_change.next =
        log.update(routes, certificates, now, [&](const Complaint& complaint, auto telling) {
          (telling == ComplaintLog::Telling::news ? by_change.news : by_change.reminders)
              .push_back(complaint);
          return has_room;
        });
    const Due by_all = whole.update(standing, now, has_room);
    ASSERT_EQ(by_change.news, by_all.news);
    ASSERT_EQ(by_change.reminders, by_all.reminders);
    ASSERT_EQ(by_change.next, by_all.next);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ComplaintLogHistories, testing::Range(1u, 5u));

}  // namespace
}  // namespace routing
