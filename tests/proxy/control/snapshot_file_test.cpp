#include "proxy/control/snapshot_file.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "proxy/config/wire.h"
#include "proxy/control/sealing.h"
#include "tests/proxy/config/random_config.h"
#include "tests/support/temporary_directory.h"

namespace proxy::control {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr base::WallTime kNow{std::chrono::hours(500'000)};
const std::string kSecret(32, 's');

config::ProxyConfig shop() {
  config::ProxyConfig config;
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>();
  config.certificates["ns/tls"] =
      std::make_shared<const config::Certificate>(config::Certificate{"CHAIN", "PRIVATE KEY"});
  return config;
}

bool is_in_memory(const std::string& directory) {
  struct statfs facts {};
  return ::statfs(directory.c_str(), &facts) == 0 &&
         static_cast<unsigned long>(facts.f_type) == TMPFS_MAGIC;
}

class SnapshotFileTest : public ::testing::Test {
 protected:
  SnapshotFileTest() {
    directory_.write("key", kSecret);
    options_ = {.path = directory_.path("state"),
                .key_file = directory_.path("key"),
                .age_max = seconds(3600),
                .may_be_on_disk = true};
  }
  SnapshotFile open() { return SnapshotFile::open(options_).value(); }
  std::string refusal(base::WallTime now = kNow) {
    const auto read = open().read(now);
    return read ? "it was read" : read.error().message;
  }
  std::string bytes() const {
    std::stringstream text;
    text << std::ifstream(options_.path, std::ios::binary).rdbuf();
    return text.str();
  }
  void put(const std::string& bytes) {
    directory_.write("state", bytes);
    ::chmod(options_.path.c_str(), 0600);
  }

  ::support::TemporaryDirectory directory_;
  SnapshotFileOptions options_;
};

TEST_F(SnapshotFileTest, WhatWasWrittenIsReadByTheNextProcess) {
  const auto snapshot = make_snapshot(shop());
  ASSERT_TRUE(open().write(*snapshot, 3, kNow));
  const auto kept = open().read(kNow + seconds(3600));
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->snapshot->revision, snapshot->revision);
  EXPECT_EQ(config::revision_of(kept->valid.config()), snapshot->revision);
  EXPECT_EQ(kept->proxies, 3u);
  EXPECT_NE(kept->snapshot->routes, nullptr);
  EXPECT_EQ(bytes().find("PRIVATE KEY"), std::string::npos);
}

TEST_F(SnapshotFileTest, AnyStateComesBackAsItWas) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const config::ProxyConfig config = config::RandomConfig(seed).next();
    for (const auto kind : {config::Revisions::of_list, config::Revisions::of_tree}) {
      const auto snapshot = make_snapshot(config, config::revision_of(config, kind));
      const auto kept = state_in(text_of(*snapshot, 1));
      ASSERT_TRUE(kept) << seed << kept.error().message;
      EXPECT_EQ(kept->snapshot->revision, snapshot->revision);
      EXPECT_EQ(config::revision_of(*kept->snapshot->config), config::revision_of(config));
    }
  }
}

TEST_F(SnapshotFileTest, IsReadableForItsOwnerAloneAndLeavesNothingBesideButItsLock) {
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  ASSERT_TRUE(open().write(*make_snapshot({}), 1, kNow));
  struct stat facts {};
  ASSERT_EQ(::stat(options_.path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  const auto files = std::filesystem::directory_iterator(directory_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 3);  // and the key
}

TEST_F(SnapshotFileTest, OneThatOthersMayHaveWrittenIsNotUsed) {
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  ::chmod(options_.path.c_str(), 0640);
  EXPECT_EQ(refusal(), "it is not a file of this user's alone");
  std::filesystem::rename(options_.path, directory_.path("elsewhere"));
  std::filesystem::create_symlink(directory_.path("elsewhere"), options_.path);
  EXPECT_THAT(refusal(), HasSubstr("symbolic links"));
}

TEST_F(SnapshotFileTest, WhatIsBrokenIsNotUsed) {
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  const std::string whole = bytes();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{70}, whole.size() - 1}) {
    put(whole.substr(0, size));
    EXPECT_NE(refusal(), "it was read") << size;
  }
  put(whole);
  directory_.write("key", std::string(32, 't'));
  EXPECT_THAT(refusal(), HasSubstr("sealed with another key"));
  directory_.write("key", kSecret);
  EXPECT_EQ(refusal(), "it was read");
}

TEST_F(SnapshotFileTest, WhatDoesNotSayWhatCanBeServedIsNotUsed) {
  const std::string config = config::config_to_compact_json(shop());
  const std::string revision = config::revision_of(shop());
  const std::pair<std::string, const char*> texts[] = {
      {"", "does not begin"},
      {revision, "does not begin"},
      {revision + "\nmany\n" + config, "does not begin"},
      {revision + "\n1\n{", "is not JSON"},
      {revision + "\n1\n{\"hosts\": {\"UPPER\": {}}}", "UPPER"},
      // Of a version that knows more.
      {revision + "\n1\n{\"hosts\": {\"a.test\": {\"routes\": [], \"walledBy\": \"x\"}}}",
       "is not a known field"},
      {std::string(64, '0') + "\n1\n" + config, "not the configuration that it says it is"},
  };
  for (const auto& [text, wanted] : texts) {
    put(seal(text, kSecret, kNow));
    EXPECT_THAT(refusal(), HasSubstr(wanted)) << text;
  }
}

TEST_F(SnapshotFileTest, WhatNobodyHasServedForLongIsNotUsed) {
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  EXPECT_EQ(refusal(kNow + seconds(3600)), "it was read");
  EXPECT_THAT(refusal(kNow + seconds(3601)), HasSubstr("too long ago"));
  EXPECT_EQ(refusal(kNow - seconds(300)), "it was read");
  EXPECT_THAT(refusal(kNow - seconds(301)), HasSubstr("the clock has been set back"));
}

TEST_F(SnapshotFileTest, WhereThereIsNoneThatIsNoTrouble) {
  const auto read = open().read(kNow);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, base::ErrorKind::not_found);
}

TEST_F(SnapshotFileTest, OneThatCannotBeReplacedIsGone) {
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  const SnapshotFile file = open();
  // Nobody can write what is to take its place.
  std::filesystem::create_directories(options_.path + ".new/in the way");
  const auto written = file.write(*make_snapshot({}), 1, kNow);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("writing " + options_.path + ": "));
  EXPECT_FALSE(std::filesystem::exists(options_.path));
}

// Locks are of an open file: two of one process are as those of two.
TEST_F(SnapshotFileTest, WhatAnotherProcessWritesIsReadAndLeftAloneUntilThatHasEnded) {
  const auto first = make_snapshot(shop());
  const auto second = make_snapshot({});
  std::optional<SnapshotFile> before = open();
  ASSERT_TRUE(before->write(*first, 1, kNow));
  const SnapshotFile after = open();
  const auto refused = after.write(*second, 1, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("another process keeps its state there"));
  EXPECT_EQ(after.read(kNow).value().snapshot->revision, first->revision);
  before.reset();
  ASSERT_TRUE(after.write(*second, 1, kNow));
  EXPECT_EQ(open().read(kNow).value().snapshot->revision, second->revision);
}

TEST_F(SnapshotFileTest, WithoutALockNothingIsKept) {
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  std::filesystem::remove(options_.path + ".lock");
  std::filesystem::create_directory(options_.path + ".lock");
  const auto written = open().write(*make_snapshot({}), 1, kNow);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr(".lock: "));
  EXPECT_FALSE(std::filesystem::exists(options_.path));
}

TEST_F(SnapshotFileTest, AKeyThatLeadsNowhereIsNotMade) {
  directory_.remove("key");
  std::filesystem::create_symlink(directory_.path("nowhere"), options_.key_file);
  const auto opened = SnapshotFile::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("key: "));
  EXPECT_FALSE(std::filesystem::exists(directory_.path("nowhere")));
}

TEST_F(SnapshotFileTest, AKeyIsMadeOnceWhereThereIsNone) {
  directory_.remove("key");
  ASSERT_TRUE(open().write(*make_snapshot(shop()), 1, kNow));
  EXPECT_EQ(refusal(), "it was read");
  struct stat facts {};
  ASSERT_EQ(::stat(options_.key_file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(facts.st_size, 32);
}

TEST_F(SnapshotFileTest, AKeyThatIsShortOrNotSaidIsAnError) {
  directory_.write("key", std::string(31, 's'));
  EXPECT_THAT(SnapshotFile::open(options_).error().message, HasSubstr("has 31 bytes"));
  directory_.write("key", std::string(5000, 's'));
  EXPECT_THAT(SnapshotFile::open(options_).error().message, HasSubstr("key: it is too large"));
  options_.key_file.clear();
  EXPECT_THAT(SnapshotFile::open(options_).error().message, HasSubstr("--snapshot-key-file"));
}

TEST_F(SnapshotFileTest, ADiskIsRefusedUnlessItIsMeant) {
  if (is_in_memory(directory_.path())) GTEST_SKIP() << "there is no disk";
  options_.may_be_on_disk = false;
  const auto opened = SnapshotFile::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("state would be on a disk"));
}

TEST_F(SnapshotFileTest, AKeyIsNotMadeOnADiskEither) {
  if (is_in_memory(directory_.path())) GTEST_SKIP() << "there is no disk";
  if (!is_in_memory("/dev/shm")) GTEST_SKIP() << "there is no memory to write to";
  options_.may_be_on_disk = false;
  options_.path = "/dev/shm/gatehouse-snapshot-test-" + std::to_string(::getpid());
  EXPECT_TRUE(SnapshotFile::open(options_));  // a Secret's may be anywhere
  directory_.remove("key");
  const auto opened = SnapshotFile::open(options_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("key would be on a disk"));
}

}  // namespace
}  // namespace proxy::control
