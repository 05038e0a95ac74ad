#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/certificate/probe_threads.h"
#include "tests/fakes/clock.h"

namespace {

using certificate::ProbeThreads;
using certificate::ProxyAnswers;
using kube::ObjectKey;

// Answers when it is let to.
class HeldProxies final : public certificate::ProxyQuestions {
 public:
  ProxyAnswers check_challenge(const std::string& host, const std::string&,
                               const std::string&) override {
    return answer(host);
  }
  ProxyAnswers check_serial(const std::string& host, const std::string&) override {
    return answer(host);
  }

  void hold(const std::string& host) {
    const std::lock_guard lock(mutex_);
    held_.insert(host);
  }
  void let_go(const std::string& host) {
    const std::lock_guard lock(mutex_);
    held_.erase(host);
    changed_.notify_all();
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  ProxyAnswers answer(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.wait(lock, [&] { return held_.count(host) == 0; });
    return {1, 1, 0, {}};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> held_;
  int asked_ = 0;
};

class ProbeThreadsTest : public testing::Test {
 protected:
  ProbeThreadsTest() : threads_(options(), proxies_, clock_) {
    threads_.wake_with([this](const ObjectKey& key) {
      const std::lock_guard lock(mutex_);
      woken_.insert(key.name);
      changed_.notify_all();
    });
  }

  static ProbeThreads::Options options() {
    ProbeThreads::Options result;
    result.threads = 2;
    return result;
  }

  std::optional<ProxyAnswers> ask(const std::string& name, const std::string& serial = "01") {
    return threads_.check_serial({"shop", name}, name, serial);
  }
  void wait_until_woken(const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return woken_.erase(name) != 0; });
  }

  fakes::FakeClock clock_;
  HeldProxies proxies_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multiset<std::string> woken_;
  ProbeThreads threads_;  // last: its threads use the others
};

TEST_F(ProbeThreadsTest, WhoAsksIsWokenAndHasTheAnswersThen) {
  EXPECT_FALSE(ask("a"));
  wait_until_woken("a");
  const auto answers = ask("a");
  ASSERT_TRUE(answers);
  EXPECT_EQ(answers->right, 1u);
  EXPECT_FALSE(ask("a")) << "the next question is asked anew";
  wait_until_woken("a");
}

TEST_F(ProbeThreadsTest, WhoWaitsForAProxyThatDoesNotAnswerHoldsUpNobodyElse) {
  proxies_.hold("slow");
  EXPECT_FALSE(ask("slow"));
  for (int i = 0; i < 20; ++i) {
    const std::string name = "good" + std::to_string(i);
    EXPECT_FALSE(ask(name));
    wait_until_woken(name);
    EXPECT_TRUE(ask(name));
  }
  EXPECT_FALSE(ask("slow")) << "still being asked";
  proxies_.let_go("slow");
  wait_until_woken("slow");
  EXPECT_TRUE(ask("slow"));
}

TEST_F(ProbeThreadsTest, AnotherQuestionTakesThePlaceOfTheFirst) {
  proxies_.hold("x");
  proxies_.hold("y");
  EXPECT_FALSE(ask("x"));
  EXPECT_FALSE(ask("y"));
  EXPECT_FALSE(ask("a", "01"));
  EXPECT_FALSE(ask("a", "02"));
  EXPECT_FALSE(ask("a", "03"));
  proxies_.let_go("x");
  proxies_.let_go("y");
  wait_until_woken("a");
  EXPECT_TRUE(ask("a", "03"));
  EXPECT_EQ(proxies_.asked(), 3);
}

TEST_F(ProbeThreadsTest, AnAnswerThatNobodyFetchedIsOldAfterHalfAMinute) {
  EXPECT_FALSE(ask("a"));
  wait_until_woken("a");
  clock_.advance(std::chrono::seconds(31));
  EXPECT_FALSE(ask("a"));
  wait_until_woken("a");
  EXPECT_TRUE(ask("a"));
}

TEST_F(ProbeThreadsTest, WhoIsForgottenIsNotAskedForAnyMore) {
  proxies_.hold("x");
  proxies_.hold("y");
  EXPECT_FALSE(ask("x"));
  EXPECT_FALSE(ask("y"));
  EXPECT_FALSE(ask("a"));
  threads_.forget({"shop", "a"});
  EXPECT_FALSE(ask("b"));
  proxies_.let_go("x");
  proxies_.let_go("y");
  wait_until_woken("b");
  EXPECT_EQ(proxies_.asked(), 3) << "x, y and b";
}

}  // namespace
