#include "kube/watch_machine.h"

#include <gtest/gtest.h>

using kube::WatchMachine;
using List = WatchMachine::List;
using Watch = WatchMachine::Watch;

namespace {

base::Error error_of(base::ErrorKind kind) {
  return {kind, "it failed"};
}

TEST(WatchMachine, BeginsWithTheFirstPageOfAList) {
  EXPECT_EQ(WatchMachine().next(), WatchMachine::Request(List{""}));
}

TEST(WatchMachine, ListsPageAfterPageAndThenWatchesFromTheListsVersion) {
  WatchMachine machine;
  EXPECT_FALSE(machine.on_list_page("7", "more"));
  EXPECT_EQ(machine.next(), WatchMachine::Request(List{"more"}));
  EXPECT_TRUE(machine.on_list_page("7", ""));
  EXPECT_EQ(machine.next(), WatchMachine::Request(Watch{"7"}));
}

TEST(WatchMachine, ResumesAWatchFromTheLastEvent) {
  WatchMachine machine;
  machine.on_list_page("7", "");
  machine.on_watch_event("8");
  machine.on_watch_event("12");
  machine.on_watch_ended();
  EXPECT_EQ(machine.next(), WatchMachine::Request(Watch{"12"}));
}

TEST(WatchMachine, ResumesAFailedWatchFromTheLastEvent) {
  WatchMachine machine;
  machine.on_list_page("7", "");
  machine.on_watch_event("9");
  EXPECT_FALSE(machine.on_error(error_of(base::ErrorKind::unavailable)));
  EXPECT_EQ(machine.next(), WatchMachine::Request(Watch{"9"}));
}

TEST(WatchMachine, ListsAgainWhenItsVersionIsTooOld) {
  WatchMachine machine;
  machine.on_list_page("7", "");
  EXPECT_FALSE(machine.on_error(error_of(base::ErrorKind::expired)));
  EXPECT_EQ(machine.next(), WatchMachine::Request(List{""}));
}

TEST(WatchMachine, DropsThePagesSoFarWhenTheContinueTokenExpired) {
  WatchMachine machine;
  machine.on_list_page("7", "more");
  EXPECT_TRUE(machine.on_error(error_of(base::ErrorKind::expired)));
  EXPECT_EQ(machine.next(), WatchMachine::Request(List{""}));
}

TEST(WatchMachine, TriesTheSamePageAgainAfterAnyOtherFailure) {
  WatchMachine machine;
  machine.on_list_page("7", "more");
  EXPECT_FALSE(machine.on_error(error_of(base::ErrorKind::unavailable)));
  EXPECT_EQ(machine.next(), WatchMachine::Request(List{"more"}));
}

}  // namespace
