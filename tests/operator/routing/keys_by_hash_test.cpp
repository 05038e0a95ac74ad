#include "operator/routing/keys_by_hash.h"

#include <list>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using kube::ObjectKey;
using testing::ElementsAre;
using testing::IsEmpty;

class KeysByHashTest : public testing::Test {
 protected:
  const ObjectKey& kept(const std::string& name) {
    return keys_.emplace_back(ObjectKey{"shop", name});
  }

  std::list<ObjectKey> keys_;
  KeysByHash by_host_;
};

TEST_F(KeysByHashTest, LeadsToAllThatHaveANameInTheOrderOfTheirKeys) {
  const ObjectKey& b = kept("b");
  const ObjectKey& a = kept("a");
  const ObjectKey& c = kept("c");
  for (const ObjectKey* key : {&b, &a, &a}) by_host_.add(hash_of("one.example"), *key);
  by_host_.add(hash_of("other.example"), c);
  EXPECT_THAT(by_host_.find(hash_of("one.example")), ElementsAre(a, b));
  EXPECT_THAT(by_host_.find(hash_of("other.example")), ElementsAre(c));
  EXPECT_THAT(by_host_.find(hash_of("none.example")), IsEmpty());
  EXPECT_EQ(by_host_.size(), 3u);
}

TEST_F(KeysByHashTest, ForgetsByAnEqualKey) {
  by_host_.add(hash_of("one.example"), kept("a"));
  by_host_.remove(hash_of("one.example"), ObjectKey{"shop", "b"});
  EXPECT_TRUE(by_host_.has(hash_of("one.example")));
  by_host_.remove(hash_of("one.example"), ObjectKey{"shop", "a"});
  EXPECT_FALSE(by_host_.has(hash_of("one.example")));
  EXPECT_EQ(by_host_.size(), 0u);
}

TEST_F(KeysByHashTest, NoNameHasTheHashOfNone) {
  for (const std::string name : {"", "a", "*.example"}) EXPECT_NE(hash_of(name), 0u) << name;
  EXPECT_EQ(hash_of(ObjectKey{"shop", "a"}), hash_of("shop/a"));
}

}  // namespace
}  // namespace routing
