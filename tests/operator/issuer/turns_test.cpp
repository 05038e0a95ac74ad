#include "operator/issuer/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// One issuer's server that hangs is that issuer's trouble alone.
namespace {

using issuer::Turns;
using kube::ObjectKey;
using testing::ElementsAre;
using testing::IsEmpty;

class TurnsTest : public testing::Test {
 protected:
  TurnsTest() {
    turns_.wake_with([this](const ObjectKey& key) { woken_.push_back(key.name); });
  }

  static ObjectKey key(const std::string& name) { return {"shop", name}; }

  // A server that took the request and never answered.
  void fall_silent(const std::string& issuer) {
    auto turn = turns_.take(issuer, key("first-of-" + issuer));
    ASSERT_TRUE(turn);
    turn->note_silence();
  }

  Turns turns_{{2, 2}};
  std::vector<std::string> woken_;
};

TEST_F(TurnsTest, OneIssuerHasSoManyTurnsAndAnotherItsOwn) {
  const auto one = turns_.take("hangs", key("a"));
  const auto two = turns_.take("hangs", key("b"));
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(turns_.take("hangs", key("c")));
  EXPECT_TRUE(turns_.take("good", key("d")));
}

TEST_F(TurnsTest, WhoStandsInLineIsCalledInOrder) {
  auto one = turns_.take("ca", key("a"));
  auto two = turns_.take("ca", key("b"));
  EXPECT_FALSE(turns_.take("ca", key("c")));
  EXPECT_FALSE(turns_.take("ca", key("d")));
  EXPECT_FALSE(turns_.take("ca", key("c"))) << "standing there twice changes nothing";
  one.reset();
  EXPECT_THAT(woken_, ElementsAre("c"));
  EXPECT_FALSE(turns_.take("ca", key("late"))) << "nobody passes those who wait";
  EXPECT_TRUE(turns_.take("ca", key("c")));
}

TEST_F(TurnsTest, AStepThatIsDueGoesBeforeThoseThatHaveNotBegun) {
  auto one = turns_.take("ca", key("a"));
  auto two = turns_.take("ca", key("b"));
  EXPECT_FALSE(turns_.take("ca", key("new"), Turns::Purpose::beginning));
  EXPECT_FALSE(turns_.take("ca", key("newer"), Turns::Purpose::beginning));
  EXPECT_FALSE(turns_.take("ca", key("begun"), Turns::Purpose::step));
  one.reset();
  two.reset();
  EXPECT_THAT(woken_, ElementsAre("begun", "new"));
  EXPECT_FALSE(turns_.take("ca", key("newest"), Turns::Purpose::beginning));
  EXPECT_TRUE(turns_.take("ca", key("other step"), Turns::Purpose::step));
}

TEST_F(TurnsTest, WhoHasBegunMeanwhileStandsAmongThoseThatHave) {
  auto one = turns_.take("ca", key("a"));
  auto two = turns_.take("ca", key("b"));
  EXPECT_FALSE(turns_.take("ca", key("x"), Turns::Purpose::beginning));
  EXPECT_FALSE(turns_.take("ca", key("y"), Turns::Purpose::beginning));
  EXPECT_FALSE(turns_.take("ca", key("y"), Turns::Purpose::step));
  one.reset();
  EXPECT_THAT(woken_, ElementsAre("y"));
}

TEST_F(TurnsTest, AServerThatGaveNoAnswerIsAskedByOneAtATimeUntilItAnswers) {
  fall_silent("ca");
  EXPECT_TRUE(turns_.is_silent("ca"));
  auto one = turns_.take("ca", key("a"));
  ASSERT_TRUE(one);
  EXPECT_FALSE(turns_.take("ca", key("b")));
  one->note_answer();
  one.reset();
  EXPECT_FALSE(turns_.is_silent("ca"));
  EXPECT_THAT(woken_, ElementsAre("b"));
  EXPECT_TRUE(turns_.take("ca", key("b")));
  EXPECT_TRUE(turns_.take("ca", key("c")));
}

TEST_F(TurnsTest, AllServersThatHangHaveHalfOfTheWorkersTogether) {
  for (const char* issuer : {"h1", "h2", "h3"}) fall_silent(issuer);
  auto one = turns_.take("h1", key("a"));
  auto two = turns_.take("h2", key("b"));
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(turns_.take("h3", key("c")));
  EXPECT_TRUE(turns_.take("good", key("d")));
  one->note_silence();
  one.reset();
  EXPECT_THAT(woken_, ElementsAre("c")) << "a line of another issuer moves, too";
}

// Slow servers that do answer are silent for nobody; of these a tenant can have as many as it
// likes.
TEST_F(TurnsTest, AllIssuersOfANamespaceHaveAsManyTurnsAsOne) {
  auto one = turns_.take("Issuer rival/a", key("a"));
  auto two = turns_.take("Issuer rival/b", key("b"));
  EXPECT_TRUE(one && two);
  EXPECT_FALSE(turns_.take("Issuer rival/c", key("c")));
  EXPECT_FALSE(turns_.try_take("Issuer rival/d"));
  EXPECT_TRUE(turns_.take("Issuer shop/a", key("d")));
  EXPECT_TRUE(turns_.take("ClusterIssuer a", key("e")));
  EXPECT_THAT(woken_, IsEmpty());
  one->note_answer();
  one.reset();
  EXPECT_THAT(woken_, ElementsAre("c")) << "a line of another Issuer of the namespace moves, too";
  EXPECT_TRUE(turns_.take("Issuer rival/c", key("c")));
}

TEST_F(TurnsTest, WhoIsCalledWhenTheNamespaceHasNoMoreTurnsKeepsItsPlace) {
  auto one = turns_.take("Issuer rival/a", key("a"));
  auto two = turns_.take("Issuer rival/b", key("b"));
  EXPECT_FALSE(turns_.take("Issuer rival/c", key("c")));
  EXPECT_FALSE(turns_.take("Issuer rival/d", key("d")));
  one.reset();
  EXPECT_THAT(woken_, ElementsAre("c")) << "one turn, and one is called";
  const auto three = turns_.take("Issuer rival/d", key("d"));
  EXPECT_TRUE(three) << "the first to come has it";
  EXPECT_FALSE(turns_.take("Issuer rival/c", key("c")));
  two.reset();
  EXPECT_THAT(woken_, ElementsAre("c", "c"));
  EXPECT_TRUE(turns_.take("Issuer rival/c", key("c")));
}

TEST_F(TurnsTest, AsManyAreCalledAsThereAreTurnsForThem) {
  auto one = turns_.take("Issuer rival/a", key("a"));
  auto two = turns_.take("Issuer rival/b", key("b"));
  for (int i = 0; i < 100; ++i) {
    const std::string name = "c" + std::to_string(i);
    EXPECT_FALSE(turns_.take("Issuer rival/" + name, key(name)));
  }
  one.reset();
  EXPECT_EQ(woken_.size(), 1u);
  two.reset();
  EXPECT_EQ(woken_.size(), 3u) << "the first is yet to come, and two turns are free";
}

TEST_F(TurnsTest, AnIssuerThatIsDeletedInTheMiddleLeavesItsTurnsToItsNamespace) {
  auto one = turns_.take("Issuer rival/a", key("a"));
  auto two = turns_.take("Issuer rival/a", key("b"));
  turns_.forget_issuer("Issuer rival/a");
  EXPECT_FALSE(turns_.take("Issuer rival/b", key("c")));
  one.reset();
  two.reset();
  const auto three = turns_.take("Issuer rival/b", key("c"));
  const auto four = turns_.take("Issuer rival/b", key("d"));
  EXPECT_TRUE(three && four);
}

// Of a hundred namespaces, one Issuer each.
std::vector<Turns::Turn> take_for_many_namespaces(Turns& turns) {
  std::vector<Turns::Turn> taken;
  for (int i = 0; i < 100; ++i) {
    const std::string issuer = "Issuer tenant" + std::to_string(i) + "/a";
    if (auto turn = turns.take(issuer, {"shop", "www"})) taken.push_back(*std::move(turn));
  }
  return taken;
}

TEST(TurnsOfNamespaces, LeaveAQuarterOfTheWorkersToClusterIssuers) {
  Turns turns(Turns::Limits::of(8));
  const auto taken = take_for_many_namespaces(turns);
  EXPECT_EQ(taken.size(), 6u);
  EXPECT_TRUE(turns.take("ClusterIssuer a", {"shop", "other"}));
}

TEST(TurnsOfNamespaces, LeaveNoWorkerToAKindThatHasItsOwn) {
  Turns turns(Turns::Limits::of_one_kind(8));
  EXPECT_EQ(take_for_many_namespaces(turns).size(), 100u) << "as many as there are workers to ask";
  std::vector<Turns::Turn> of_rival;
  for (int i = 0; i < 100; ++i) {
    const std::string issuer = "Issuer rival/" + std::to_string(i);
    if (auto turn = turns.take(issuer, {"rival", "www"})) of_rival.push_back(*std::move(turn));
  }
  EXPECT_EQ(of_rival.size(), 4u) << "one namespace has half of them as ever";
}

TEST_F(TurnsTest, WhoSentNothingSaysNothingAboutTheServer) {
  fall_silent("ca");
  turns_.take("ca", key("a")).reset();
  EXPECT_TRUE(turns_.is_silent("ca"));
}

TEST_F(TurnsTest, WhoIsGoneDoesNotHoldUpTheLine) {
  auto one = turns_.take("ca", key("a"));
  auto two = turns_.take("ca", key("b"));
  EXPECT_FALSE(turns_.take("ca", key("gone")));
  EXPECT_FALSE(turns_.take("ca", key("c")));
  turns_.forget(key("gone"));
  one.reset();
  EXPECT_THAT(woken_, ElementsAre("c"));
}

// They were called, or stood in front, and want something else now: another issuer, mostly.
TEST_F(TurnsTest, WhoNeverComesBackHoldsUpNobodyOnceAllTurnsAreGivenBack) {
  auto one = turns_.take("ca", key("a"));
  auto two = turns_.take("ca", key("b"));
  for (const char* name : {"moved", "moved-too", "moved-as-well", "stays"}) {
    EXPECT_FALSE(turns_.take("ca", key(name)));
  }
  one.reset();
  two.reset();
  EXPECT_THAT(woken_, ElementsAre("moved", "moved-too"));
  EXPECT_TRUE(turns_.take("ca", key("stays")));
}

TEST_F(TurnsTest, WhatIsKnownOfAnIssuerThatIsDeletedIsForgotten) {
  fall_silent("ca");
  EXPECT_EQ(turns_.remembered(), 1u);
  turns_.forget_issuer("ca");
  EXPECT_EQ(turns_.remembered(), 0u);
  EXPECT_FALSE(turns_.is_silent("ca")) << "another of its name begins anew";
}

TEST_F(TurnsTest, AnIssuerThatIsDeletedWhileItsServerHangsIsForgottenWithTheLastTurn) {
  fall_silent("ca");
  auto hangs = turns_.take("ca", key("a"));
  EXPECT_FALSE(turns_.take("ca", key("b")));
  turns_.forget_issuer("ca");
  hangs->note_silence();
  hangs.reset();
  EXPECT_EQ(turns_.remembered(), 0u);
  EXPECT_THAT(woken_, testing::IsEmpty());
  // All that hang have two turns together: none of them is held for ever.
  fall_silent("x");
  fall_silent("y");
  EXPECT_TRUE(turns_.take("x", key("c")));
}

TEST_F(TurnsTest, WithoutALineNobodyIsWoken) {
  auto one = turns_.take("ca", key("a"));
  one.reset();
  EXPECT_THAT(woken_, IsEmpty());
  EXPECT_TRUE(turns_.try_take("ca"));
}

}  // namespace
