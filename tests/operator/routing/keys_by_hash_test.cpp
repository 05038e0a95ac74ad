#include "operator/routing/keys_by_hash.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

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

// Few hashes of many keys: whoever is named by thousands is found and taken out as well.
TEST_F(KeysByHashTest, SayWhatSetsSayWhateverComesAndGoes) {
  std::vector<const ObjectKey*> keys;
  for (int i = 0; i < 600; ++i) keys.push_back(&kept("shop-" + std::to_string(i)));
  std::map<std::uint64_t, std::set<ObjectKey>> wanted;
  std::mt19937 random(11);
  std::size_t size = 0;
  for (int i = 0; i < 6'000; ++i) {
    const std::uint64_t hash = 1 + random() % 3;
    const ObjectKey& key = *keys[random() % keys.size()];
    if (random() % 5 < 3) {
      by_host_.add(hash, key);
      size += wanted[hash].insert(key).second ? 1 : 0;
    } else {
      by_host_.remove(hash, key);
      size -= wanted[hash].erase(key);
    }
    ASSERT_EQ(by_host_.size(), size);
    ASSERT_EQ(by_host_.has(hash), !wanted[hash].empty());
    if (i % 300 == 0) {
      ASSERT_EQ(by_host_.find(hash), wanted[hash]);
    }
  }
  for (std::uint64_t hash = 0; hash < 5; ++hash) EXPECT_EQ(by_host_.find(hash), wanted[hash]);
  by_host_.clear();
  EXPECT_EQ(by_host_.size(), 0u);
  EXPECT_FALSE(by_host_.has(1));
}

TEST_F(KeysByHashTest, NoNameHasTheHashOfNone) {
  for (const std::string name : {"", "a", "*.example"}) EXPECT_NE(hash_of(name), 0u) << name;
  EXPECT_EQ(hash_of(ObjectKey{"shop", "a"}), hash_of("shop/a"));
}

}  // namespace
}  // namespace routing
