#include "tests/fakes/api_server/store.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fakes::api_server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Json an_object(const std::string& name, const std::string& owner = {}) {
  Json object = {{"metadata", {{"namespace", "ns"}, {"name", name}, {"uid", "uid-" + name}}}};
  if (!owner.empty()) object["metadata"]["ownerReferences"] = {{{"uid", "uid-" + owner}}};
  return object;
}

Place at(const std::string& name) {
  return {"/things", "ns", name};
}

class Unsettled : public testing::Test {
 protected:
  Unsettled() {
    for (int i = 0; i < 1000; ++i) store_.put("/things", an_object(std::to_string(i)));
    store_.put("/things", an_object("owner"));
    store_.put("/things", an_object("owned", "owner"));
    store_.take_unsettled();
  }
  Store store_;
};

TEST_F(Unsettled, IsWhatWasWrittenHoweverMuchThereIs) {
  EXPECT_THAT(store_.take_unsettled(), IsEmpty());
  store_.put("/things", an_object("7"));
  store_.put("/things", an_object("owner"));
  EXPECT_THAT(store_.take_unsettled(), ElementsAre(at("7"), at("owner")));
}

TEST_F(Unsettled, IsWhatDependedOnWhatWent) {
  store_.erase("/things", "ns", "7");
  store_.erase("/things", "ns", "owner");
  EXPECT_FALSE(store_.has_uid("uid-owner"));
  EXPECT_THAT(store_.take_unsettled(), ElementsAre(at("owned")));
}

TEST_F(Unsettled, IsAllThatIsMarkedAsDeletedForAsLongAsItIsThere) {
  Json marked = an_object("7");
  marked["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  store_.put("/things", std::move(marked));
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(store_.take_unsettled(), ElementsAre(at("7")));
  }
  store_.erase("/things", "ns", "7");
  EXPECT_THAT(store_.take_unsettled(), IsEmpty());
}

TEST(Store, ListsOneNamespaceAndNoOther) {
  Store store;
  for (const char* const space : {"a", "ab", "b"}) {
    Json object = an_object("x");
    object["metadata"]["namespace"] = space;
    store.put("/things", std::move(object));
  }
  EXPECT_EQ(store.list("/things", "a").size(), 1U);
  EXPECT_EQ(store.list("/things", "ab").size(), 1U);
  EXPECT_EQ(store.list("/things", "").size(), 3U);
}

}  // namespace
}  // namespace fakes::api_server
