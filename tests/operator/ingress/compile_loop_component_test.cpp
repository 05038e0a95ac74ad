#include <atomic>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compile_loop.h"
#include "operator/program/stuck_watch.h"

// What /livez is told of the loop, with its real thread. The clock of whoever asks is the test's.
namespace ingress {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

class CompileLoopTest : public testing::Test {
 protected:
  void start(std::function<void()> while_compiling) {
    loop_ = std::make_unique<CompileLoop>(
        CompileLoop::Stores{ingresses_, classes_, services_, slices_, tls_secrets_, certificates_,
                            namespaces_},
        CompileLoop::Options{}, clock_, registry_,
        [work = std::move(while_compiling)](const CompileLoop::Outcome&) { work(); });
    ingresses_.replace_all({});
    classes_.replace_all({});
    services_.replace_all({});
    slices_.replace_all({});
    tls_secrets_.replace_all({});
    certificates_.replace_all({});
    namespaces_.replace_all({});
    loop_->start();
  }
  std::string ask() {
    now_ += seconds(10);
    return watch_.why_stuck({loop_->rounds(), loop_->processor_time()}, now_);
  }

  const base::SystemClock clock_{};
  prometheus::Registry registry_;
  kube::Store<kube::Ingress> ingresses_;
  kube::Store<kube::IngressClass> classes_;
  kube::Store<kube::Service> services_;
  kube::Store<kube::EndpointSlice> slices_;
  kube::Store<kube::Secret> tls_secrets_;
  kube::Store<api::Certificate> certificates_;
  kube::Store<kube::Namespace> namespaces_;
  base::SteadyTime now_{hours(1)};
  program::StuckWatch watch_;
  std::unique_ptr<CompileLoop> loop_;
};

TEST_F(CompileLoopTest, ACompilationThatWaitsForEverIsStuck) {
  std::promise<void> entered;
  std::promise<void> released;
  start([&] {
    entered.set_value();
    released.get_future().wait();
  });
  entered.get_future().wait();
  std::string why;
  for (int asked = 0; asked < 1000 && why.empty(); ++asked) why = ask();
  EXPECT_THAT(why, HasSubstr("has not moved for 60 s"));
  released.set_value();
  loop_->stop();
}

TEST_F(CompileLoopTest, ACompilationThatTakesVeryLongIsNot) {
  std::atomic<bool> is_over = false;
  std::promise<void> entered;
  start([&] {
    entered.set_value();
    while (!is_over) {
    }
  });
  entered.get_future().wait();
  for (int asked = 0; asked < 50; ++asked) {
    const auto before = loop_->processor_time();
    while (loop_->processor_time() == before) std::this_thread::yield();
    EXPECT_EQ(ask(), "");
  }
  is_over = true;
  loop_->stop();
}

}  // namespace
}  // namespace ingress
