#include "kube/unkept_objects.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

using kube::ObjectKey;
using kube::UnkeptObjects;

namespace {

ObjectKey in_shop(const std::string& name) {
  return {"shop", name};
}

TEST(UnkeptObjects, KnowsWhatIsThereByItsNameAndByThatOfWhatItBelongsTo) {
  UnkeptObjects unkept;
  unkept.put(in_shop("web-1"), in_shop("web"));
  EXPECT_TRUE(unkept.has(in_shop("web-1")));
  EXPECT_TRUE(unkept.has_named(in_shop("web")));
  EXPECT_FALSE(unkept.has_named(in_shop("web-1")));
  EXPECT_FALSE(unkept.has_named({"other", "web"}));
}

TEST(UnkeptObjects, ANameIsThereUntilTheLastOfItsObjectsGoes) {
  UnkeptObjects unkept;
  unkept.put(in_shop("web-1"), in_shop("web"));
  unkept.put(in_shop("web-2"), in_shop("web"));
  unkept.put(in_shop("web-2"), in_shop("web"));
  unkept.erase(in_shop("web-1"));
  EXPECT_TRUE(unkept.has_named(in_shop("web")));
  unkept.erase(in_shop("web-2"));
  unkept.erase(in_shop("web-2"));
  EXPECT_FALSE(unkept.has_named(in_shop("web")));
  EXPECT_EQ(unkept.size(), 0u);
}

TEST(UnkeptObjects, AnObjectMayMoveToAnotherName) {
  UnkeptObjects unkept;
  unkept.put(in_shop("slice"), in_shop("blue"));
  unkept.put(in_shop("slice"), in_shop("green"));
  EXPECT_FALSE(unkept.has_named(in_shop("blue")));
  EXPECT_TRUE(unkept.has_named(in_shop("green")));
}

TEST(UnkeptObjects, SaysTheSameAsAPlainMapAfterAnyHistory) {
  std::mt19937 chance(7);
  UnkeptObjects unkept;
  std::map<ObjectKey, ObjectKey> plain;
  for (int step = 0; step < 20'000; ++step) {
    const ObjectKey object = in_shop("o" + std::to_string(chance() % 700));
    const ObjectKey name =
        chance() % 2 == 0 ? object : in_shop("n" + std::to_string(chance() % 50));
    switch (chance() % 8) {
      case 0:
        unkept.erase_named(name);
        std::erase_if(plain, [&](const auto& one) { return one.second == name; });
        break;
      case 1:
      case 2:
        unkept.erase(object);
        plain.erase(object);
        break;
      default:
        unkept.put(object, name);
        plain[object] = name;
    }
    const ObjectKey asked =
        in_shop((chance() % 2 == 0 ? "n" : "o") + std::to_string(chance() % 50));
    bool is_there = false;
    for (const auto& [one, named] : plain) is_there = is_there || named == asked;
    ASSERT_EQ(unkept.has_named(asked), is_there) << step;
    ASSERT_EQ(unkept.has(object), plain.count(object) != 0) << step;
    ASSERT_EQ(unkept.size(), plain.size()) << step;
  }
}

}  // namespace
