// Several that begin at once with one file and no key.
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/control/snapshot_file.h"
#include "tests/support/temporary_directory.h"

namespace proxy::control {
namespace {

TEST(SnapshotFileOfMany, TheKeyThatWasMadeFirstIsThatOfAll) {
  const auto now = std::chrono::system_clock::now();
  for (int round = 0; round < 50; ++round) {
    const ::support::TemporaryDirectory directory;
    std::vector<std::optional<SnapshotFile>> files(4);
    std::vector<std::jthread> threads;
    for (auto& file : files) {
      threads.emplace_back([&] {
        auto opened = SnapshotFile::open({.path = directory.path("state"),
                                          .key_file = directory.path("key"),
                                          .may_be_on_disk = true});
        if (opened) file.emplace(std::move(*opened));
      });
    }
    threads.clear();
    ASSERT_TRUE(files.front());
    ASSERT_TRUE(files.front()->write(*make_snapshot({}), 1, now));
    for (const auto& file : files) {
      ASSERT_TRUE(file);
      EXPECT_TRUE(file->read(now));
    }
  }
}

}  // namespace
}  // namespace proxy::control
