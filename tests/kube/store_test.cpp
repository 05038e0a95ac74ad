#include "kube/store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using kube::ObjectKey;
using testing::ElementsAre;

namespace {

struct Thing {
  kube::ObjectMeta metadata;
  std::vector<std::string> colours;
};

Thing thing(const std::string& name, const std::string& version,
            std::vector<std::string> colours = {}) {
  Thing made;
  made.metadata.namespace_ = "shop";
  made.metadata.name = name;
  made.metadata.uid = "uid-" + name;
  made.metadata.resource_version = version;
  made.colours = std::move(colours);
  return made;
}

std::shared_ptr<const Thing> shared(Thing made) {
  return std::make_shared<const Thing>(std::move(made));
}

// Writes down each change as "name before->after" by resourceVersion.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    store_.add_index("colour", [](const Thing& one) { return one.colours; });
    store_.add_listener([this](const kube::ObjectChange<Thing>& change) {
      const auto version = [](const auto& object) {
        return object ? object->metadata.resource_version : std::string("none");
      };
      heard_.push_back(change.key.name + " " + version(change.before) + "->" +
                       version(change.after));
      // A listener may read the store, and sees the change.
      EXPECT_EQ(store_.get(change.key), change.after);
    });
  }

  std::vector<std::string> names(const std::string& colour) const {
    std::vector<std::string> found;
    for (const auto& one : store_.find("colour", colour)) found.push_back(one->metadata.name);
    return found;
  }

  kube::Store<Thing> store_;
  std::vector<std::string> heard_;
};

TEST_F(StoreTest, TellsOfWhatIsAddedUpdatedAndDeleted) {
  store_.put(thing("a", "1"));
  store_.put(thing("a", "2"));
  store_.erase({"shop", "a"});
  EXPECT_THAT(heard_, ElementsAre("a none->1", "a 1->2", "a 2->none"));
  EXPECT_EQ(store_.get({"shop", "a"}), nullptr);
}

TEST_F(StoreTest, IsSilentWhenNothingChanged) {
  store_.put(thing("a", "1"));
  store_.put(thing("a", "1"));
  store_.erase({"shop", "never-there"});
  EXPECT_THAT(heard_, ElementsAre("a none->1"));
}

TEST_F(StoreTest, AnObjectMadeAnewIsAChange) {
  store_.put(thing("a", "1"));
  Thing anew = thing("a", "1");
  anew.metadata.uid = "another";
  store_.put(anew);
  EXPECT_EQ(heard_.size(), 2u);
}

TEST_F(StoreTest, AListingReplacesEverythingAndTellsTheDifferences) {
  store_.put(thing("gone", "1"));
  store_.put(thing("kept", "2"));
  store_.put(thing("moved", "3"));
  heard_.clear();
  EXPECT_FALSE(store_.has_synced());
  store_.replace_all(
      {shared(thing("kept", "2")), shared(thing("moved", "9")), shared(thing("new", "8"))});
  EXPECT_TRUE(store_.has_synced());
  EXPECT_THAT(heard_, ElementsAre("moved 3->9", "new none->8", "gone 1->none"));
  EXPECT_EQ(store_.size(), 3u);
}

TEST_F(StoreTest, AnIndexFollowsEveryChange) {
  store_.put(thing("a", "1", {"red", "blue"}));
  store_.put(thing("b", "2", {"red"}));
  EXPECT_THAT(names("red"), ElementsAre("a", "b"));
  store_.put(thing("a", "3", {"green"}));
  EXPECT_THAT(names("red"), ElementsAre("b"));
  EXPECT_THAT(names("blue"), ElementsAre());
  EXPECT_THAT(names("green"), ElementsAre("a"));
  store_.replace_all({shared(thing("c", "5", {"red"}))});
  EXPECT_THAT(names("red"), ElementsAre("c"));
  EXPECT_THAT(names("green"), ElementsAre());
  EXPECT_THROW(store_.find("never-added", ""), std::out_of_range);
}

TEST_F(StoreTest, SaysWhetherAnIndexWouldFindAny) {
  EXPECT_FALSE(store_.has("colour", "red"));
  store_.put(thing("a", "1", {"red", "red"}));
  store_.put(thing("b", "1", {"red"}));
  EXPECT_TRUE(store_.has("colour", "red"));
  EXPECT_FALSE(store_.has("colour", "blue"));
  EXPECT_THAT(names("red"), ElementsAre("a", "b"));
  store_.erase({"shop", "a"});
  store_.erase({"shop", "b"});
  EXPECT_FALSE(store_.has("colour", "red"));
  EXPECT_THROW(store_.has("never-added", ""), std::out_of_range);
}

// Indexes hold hashes, and a tenant may choose values.
TEST(StoreOfValuesWithOneHash, FindsWhatHasTheValueAlone) {
  struct AllAlike {
    std::size_t operator()(const std::string&) const { return 7; }
  };
  kube::Store<Thing, AllAlike> store;
  store.add_index("colour", [](const Thing& one) { return one.colours; });
  store.put(thing("b", "1", {"red"}));
  store.put(thing("a", "1", {"blue", "red"}));
  EXPECT_EQ(store.find("colour", "red").size(), 2u);
  ASSERT_EQ(store.find("colour", "blue").size(), 1u);
  EXPECT_EQ(store.find("colour", "blue")[0]->metadata.name, "a");
  EXPECT_FALSE(store.has("colour", "green"));
  store.put(thing("a", "2", {"red"}));
  EXPECT_FALSE(store.has("colour", "blue"));
  store.erase({"shop", "b"});
  ASSERT_EQ(store.find("colour", "red").size(), 1u);
  EXPECT_EQ(store.find("colour", "red")[0]->metadata.name, "a");
}

TEST_F(StoreTest, AnotherFormOfTheSameStateTakesItsPlaceUnheardUnlessANewerOneIsThere) {
  store_.put(thing("a", "1", {"red"}));
  const auto first = store_.get({"shop", "a"});
  const auto twin = shared(thing("a", "1", {"red"}));
  heard_.clear();
  store_.exchange(first, twin);
  EXPECT_EQ(store_.get({"shop", "a"}), twin);
  EXPECT_THAT(heard_, ElementsAre());

  store_.put(thing("a", "2", {"red"}));
  const auto newer = store_.get({"shop", "a"});
  store_.exchange(twin, first);
  EXPECT_EQ(store_.get({"shop", "a"}), newer);
  store_.erase({"shop", "a"});
  store_.exchange(newer, twin);
  EXPECT_EQ(store_.get({"shop", "a"}), nullptr);
  EXPECT_THAT(names("red"), ElementsAre());
}

TEST_F(StoreTest, AnIndexLeadsToTheOtherFormOnceTheFirstIsFreed) {
  store_.put(thing("a", "1", {"red", "blue"}));
  store_.put(thing("b", "1", {"red"}));
  store_.exchange(store_.get({"shop", "a"}), shared(thing("a", "1", {"red", "blue"})));
  EXPECT_THAT(names("red"), ElementsAre("a", "b"));
  store_.put(thing("c", "1", {"blue"}));
  EXPECT_THAT(names("blue"), ElementsAre("a", "c"));
  store_.erase({"shop", "a"});
  EXPECT_THAT(names("blue"), ElementsAre("c"));
}

TEST_F(StoreTest, ThousandsOfOneValueComeChangeAndGo) {
  const auto name_of = [](int i) { return "t" + std::to_string(1'000 + i * 7 % 1'000); };
  for (int i = 0; i < 1'000; ++i) {
    store_.put(thing(name_of(i), "1", {"red", "own-" + std::to_string(i)}));
  }
  EXPECT_EQ(names("red").size(), 1'000u);
  for (int i = 0; i < 1'000; i += 2) store_.put(thing(name_of(i), "2", {"green"}));
  EXPECT_EQ(names("red").size(), 500u);
  EXPECT_EQ(names("green").size(), 500u);
  EXPECT_THAT(names("own-0"), ElementsAre());
  EXPECT_THAT(names("own-1"), ElementsAre("t1007"));
  for (int i = 1; i < 1'000; i += 2) store_.erase({"shop", name_of(i)});
  EXPECT_FALSE(store_.has("colour", "red"));
  EXPECT_EQ(store_.size(), 500u);
  const auto all = store_.list();
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& one, const auto& other) {
    return one->metadata.name < other->metadata.name;
  }));
}

TEST_F(StoreTest, AReaderMayKeepWhatItGot) {
  store_.put(thing("a", "1"));
  const auto kept = store_.get({"shop", "a"});
  store_.erase({"shop", "a"});
  EXPECT_EQ(kept->metadata.resource_version, "1");
}

TEST_F(StoreTest, ListsInTheOrderOfKeys) {
  store_.put(thing("b", "1"));
  store_.put(thing("a", "1"));
  ASSERT_EQ(store_.list().size(), 2u);
  EXPECT_EQ(store_.list()[0]->metadata.name, "a");
}

TEST_F(StoreTest, WaitingForTheFirstListingEndsByItOrByStop) {
  // On the heap: g++ 12 takes a local one for uninitialized.
  const auto source = std::make_unique<std::stop_source>();
  source->request_stop();
  const std::stop_token stopped = source->get_token();
  EXPECT_FALSE(store_.wait_until_synced(stopped));
  store_.replace_all({});
  EXPECT_TRUE(store_.wait_until_synced(stopped));
}

TEST_F(StoreTest, AListingOfOneNamespaceLeavesTheOthersAlone) {
  Thing elsewhere = thing("elsewhere", "1");
  elsewhere.metadata.namespace_ = "blog";
  store_.expect_listings_of({"shop", "blog"});
  store_.replace_all({shared(thing("a", "1")), shared(thing("b", "1"))}, "shop");
  EXPECT_FALSE(store_.has_synced());
  store_.replace_all({shared(elsewhere)}, "blog");
  EXPECT_TRUE(store_.has_synced());
  store_.replace_all({shared(thing("b", "1"))}, "shop");
  EXPECT_EQ(store_.size(), 2u);
  EXPECT_THAT(heard_, ElementsAre("a none->1", "b none->1", "elsewhere none->1", "a 1->none"));
}

}  // namespace
