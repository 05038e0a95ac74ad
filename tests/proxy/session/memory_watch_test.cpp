#include "proxy/session/memory_watch.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

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

// In pages, so that it is the same with pages of any size.
std::string pages(std::uint64_t count) {
  return std::to_string(count * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_F(MemoryAccountTest, IsThatOfTheGroupLessTheCacheOfFiles) {
  write("proc/cgroup", "0::/\n");
  write("proc/statm", "9000 520 20 5 0 100 0\n");
  write("groups/memory.max", pages(1'000) + "\n");
  write("groups/memory.current", pages(900) + "\n");
  write("groups/memory.stat",
        "anon " + pages(500) + "\nfile " + pages(250) + "\nsock " + pages(100) + "\n");
  EXPECT_EQ(std::to_string(find().use().used), pages(650));
  EXPECT_EQ(std::to_string(find().use().limit), pages(1'000));
}

TEST_F(MemoryAccountTest, WhatOthersOfTheGroupHaveIsNeitherUsedByThisProcessNorForIt) {
  write("proc/cgroup", "0::/\n");
  write("proc/statm", "9000 220 20 5 0 100 0\n");
  write("groups/memory.max", pages(1'000) + "\n");
  write("groups/memory.current", pages(900) + "\n");
  write("groups/memory.stat", "anon " + pages(800) + "\nfile 0\n");
  EXPECT_EQ(std::to_string(find().use().used), pages(300));
  EXPECT_EQ(std::to_string(find().use().limit), pages(400));
}

TEST_F(MemoryAccountTest, WhoHasLittleItselfIsNotShortOfWhatOthersTook) {
  write("proc/cgroup", "0::/\n");
  write("proc/statm", "9000 40 20 5 0 100 0\n");
  write("groups/memory.max", pages(1'000) + "\n");
  write("groups/memory.current", pages(990) + "\n");
  write("groups/memory.stat", "anon " + pages(960) + "\nfile 0\n");
  EXPECT_EQ(std::to_string(find().use().used), pages(50));
  EXPECT_EQ(std::to_string(find().use().limit), pages(1'000));
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
