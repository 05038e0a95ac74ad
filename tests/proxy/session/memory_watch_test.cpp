#include "proxy/session/memory_watch.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace proxy::session {
namespace {

class MemoryAccountTest : public ::testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = directory.path(path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  MemoryAccount find(std::uint64_t limit = 0) {
    return MemoryAccount::find(limit, directory.path("proc"), directory.path("groups"));
  }

  ::support::TemporaryDirectory directory;
};

TEST_F(MemoryAccountTest, IsThatOfTheGroupLessTheCacheOfFiles) {
  write("proc/cgroup", "0::/\n");
  write("groups/memory.max", "1000\n");
  write("groups/memory.current", "900\n");
  write("groups/memory.stat", "anon 500\nfile 250\nsock 100\n");
  EXPECT_EQ(find().use().used, 650u);
  EXPECT_EQ(find().use().limit, 1'000u);
}

TEST_F(MemoryAccountTest, TheLimitIsThatOfTheNearestGroupThatHasOne) {
  write("proc/cgroup", "12:pids:/other\n0::/pods/pod1/container\n");
  write("groups/pods/pod1/container/memory.max", "max\n");
  write("groups/pods/pod1/memory.max", "2000\n");
  write("groups/pods/pod1/memory.current", "700\n");
  write("groups/pods/memory.max", "9000\n");
  EXPECT_EQ(find().use().limit, 2'000u);
  EXPECT_EQ(find().use().used, 700u);
}

TEST_F(MemoryAccountTest, WithoutAGroupThatHasALimitThereIsNone) {
  EXPECT_EQ(find().limit(), 0u);
  write("proc/cgroup", "0::/a\n");
  write("groups/a/memory.max", "max\n");
  EXPECT_EQ(find().limit(), 0u);
}

TEST_F(MemoryAccountTest, ALimitThatIsGivenIsMeasuredByWhatTheProcessHas) {
  write("groups/memory.max", "1000\n");
  write("proc/statm", "9000 120 20 5 0 100 0\n");
  const MemoryUse use = find(5'000'000).use();
  EXPECT_EQ(use.limit, 5'000'000u);
  EXPECT_EQ(use.used % 100, 0u);
  EXPECT_GE(use.used, 100u * 4'096);
}

TEST_F(MemoryAccountTest, OfThisVeryProcessIsMoreThanNothing) {
  EXPECT_GT(MemoryAccount::find(1).use().used, 0u);
}

}  // namespace
}  // namespace proxy::session
