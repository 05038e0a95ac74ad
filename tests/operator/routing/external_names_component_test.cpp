// Names of ExternalName Services, asked for on real threads.
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/routing/external_name_watches.h"

namespace routing {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using Kind = base::NameAnswer::Kind;

class Watches : public testing::Test {
 protected:
  base::NameAnswer say(const std::string& name) {
    const std::lock_guard lock(mutex_);
    ++asked_[name];
    changed_.notify_all();
    return {.kind = Kind::found, .addresses = {"192.0.2.1"}, .ttl = seconds(3600), .problem = {}};
  }
  void wait_for(const std::function<bool()>& is_so) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, seconds(20), is_so));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  std::set<std::string> woken_;
};

TEST_F(Watches, EachNameIsAskedForOnceAndWhatIsSaidIsTold) {
  ExternalNameWatches watches([this](const std::string& name) { return say(name); },
                              {.names_max = 2, .threads = 3},
                              [this](const std::string& name) {
                                const std::lock_guard lock(mutex_);
                                woken_.insert(name);
                                changed_.notify_all();
                              });
  EXPECT_TRUE(watches.are_known());
  watches.follow({{"shop", "a.example"}, {"shop", "b.example"}});
  wait_for([this] { return woken_.size() == 2; });
  EXPECT_TRUE(watches.are_known());
  EXPECT_THAT(watches.get("a.example")->addresses, ElementsAre("192.0.2.1"));
  // An address is asked of nobody, needs no room, and leads nowhere else for it.
  EXPECT_THAT(watches.get("192.0.2.7")->addresses, ElementsAre("192.0.2.7"));
  EXPECT_THAT(watches.get("127.0.0.1")->addresses, testing::IsEmpty());
  // Whoever is there stays; who is not asked for any more is forgotten.
  watches.follow({{"shop", "b.example"}, {"shop", "c.example"}});
  wait_for([this] { return woken_.count("c.example") != 0; });
  watches.follow({{"shop", "b.example"}});
  EXPECT_EQ(watches.get("c.example"), nullptr);
  watches.stop();
  watches.follow({{"shop", "d.example"}});
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(asked_,
            (std::map<std::string, int>{{"a.example", 1}, {"b.example", 1}, {"c.example", 1}}));
}

TEST_F(Watches, ANamespaceThatWantsTooManyLeavesOthersTheirs) {
  const auto wake = [this](const std::string& name) {
    const std::lock_guard lock(mutex_);
    woken_.insert(name);
    changed_.notify_all();
  };
  ExternalNameWatches watches([this](const std::string& name) { return say(name); },
                              {.names_max = 4, .threads = 2}, wake);
  std::set<NamedOutside> names = {{"small", "z.example"}};
  for (const char* const name : {"a.example", "b.example", "c.example"}) {
    names.insert({"large", name});
  }
  watches.follow(names);
  wait_for([this] { return woken_.size() == 4; });
  {
    const std::lock_guard lock(mutex_);
    woken_.clear();
  }
  // It is full: one more is left out, and of the namespace that has the most.
  names.insert({"other", "y.example"});
  names.insert({"large", "aa.example"});
  watches.follow(names);
  wait_for([this] { return woken_.count("y.example") != 0; });
  EXPECT_NE(watches.get("z.example")->addresses, std::vector<std::string>());
  EXPECT_NE(watches.get("a.example")->addresses, std::vector<std::string>());
  for (const char* const name : {"b.example", "c.example"}) {
    EXPECT_THAT(watches.get(name)->problem, testing::StartsWith("there are more than 4 external"))
        << name;
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(woken_.count(name), 1U) << "who had heard otherwise is told";
  }
  // Whoever shares a name with one that has room has it, too.
  names.insert({"small", "c.example"});
  names.erase({"other", "y.example"});
  watches.follow(names);
  wait_for([this] { return asked_["c.example"] == 2; });
}

TEST_F(Watches, MoreNamespacesThanNamesMayBeLeaveNobodyWithNone) {
  ExternalNameWatches watches([this](const std::string& name) { return say(name); },
                              {.names_max = 2, .threads = 1}, [](const std::string&) {});
  watches.follow({{"a", "login.example"}, {"b", "login.example"}, {"c", "login.example"}});
  wait_for([this] { return asked_.count("login.example") != 0; });
  watches.follow({{"a", "login.example"}, {"b", "b.example"}, {"c", "c.example"}});
  wait_for([this] { return asked_.count("b.example") != 0; });
  EXPECT_THAT(watches.get("c.example")->problem, testing::StartsWith("there are more than 2"));
}

TEST_F(Watches, ANameThatTakesLongHoldsUpNoOther) {
  std::promise<void> released;
  auto let_go = released.get_future().share();
  ExternalNameWatches watches(
      [&](const std::string& name) {
        if (name == "slow.example") let_go.wait();
        return say(name);
      },
      {.names_max = 10, .threads = 2}, [](const std::string&) {});
  watches.follow(
      {{"a", "slow.example"}, {"a", "b.example"}, {"a", "c.example"}, {"a", "d.example"}});
  wait_for([this] { return asked_.size() == 3; });
  EXPECT_FALSE(watches.are_known());
  EXPECT_EQ(watches.get("slow.example"), nullptr);
  released.set_value();
  wait_for([this] { return asked_.size() == 4; });
}

}  // namespace
}  // namespace routing
