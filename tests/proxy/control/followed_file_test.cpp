#include "proxy/control/followed_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace proxy::control {
namespace {

using ::testing::HasSubstr;

class FollowedFileTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    // A new file in place of the old one, as editors and Kubernetes do it: another inode.
    std::ofstream(directory_ / (name + ".new")) << text;
    std::filesystem::rename(directory_ / (name + ".new"), directory_ / name);
  }

  const ::support::TemporaryDirectory own_;
  const std::filesystem::path directory_ = own_.path();
  const std::string path_ = (directory_ / "config.json").string();
};

TEST_F(FollowedFileTest, IsReadOnceAndAgainWhenItChanged) {
  write("config.json", "{}");
  FollowedFile file(path_);
  auto first = file.check();
  ASSERT_TRUE(first);
  EXPECT_TRUE(*first);
  EXPECT_FALSE(file.check());
  write("config.json", R"({"hosts": {"a.example": {}}})");
  auto second = file.check();
  ASSERT_TRUE(second);
  ASSERT_TRUE(*second);
  EXPECT_EQ((*second)->hosts.size(), 1u);
  EXPECT_FALSE(file.check());
}

TEST_F(FollowedFileTest, AChangedCertificateFileCounts) {
  write("tls.crt", "old");
  write("tls.key", "key");
  write("config.json",
        R"({"certificates": {"c": {"chainFile": "tls.crt", "keyFile": "tls.key"}}})");
  FollowedFile file(path_);
  ASSERT_TRUE(*file.check());
  EXPECT_FALSE(file.check());
  write("tls.crt", "new");
  auto changed = file.check();
  ASSERT_TRUE(changed);
  ASSERT_TRUE(*changed);
  EXPECT_EQ((*changed)->certificates.at("c")->chain_pem, "new");
}

TEST_F(FollowedFileTest, AnErrorIsToldOnceWithItsPlace) {
  write("config.json", R"({"hosts": {"a.example": {"routes": 1}}})");
  FollowedFile file(path_);
  const auto wrong = file.check();
  ASSERT_TRUE(wrong);
  ASSERT_FALSE(*wrong);
  EXPECT_EQ(wrong->error().message, path_ + ": hosts[a.example].routes: must be a list");
  EXPECT_FALSE(file.check());
}

TEST_F(FollowedFileTest, AMissingFileIsAnErrorUntilItComes) {
  FollowedFile file(path_);
  const auto missing = file.check();
  ASSERT_TRUE(missing);
  ASSERT_FALSE(*missing);
  EXPECT_THAT(missing->error().message, HasSubstr("No such file or directory"));
  EXPECT_FALSE(file.check());
  write("config.json", "{}");
  const auto there = file.check();
  ASSERT_TRUE(there);
  EXPECT_TRUE(*there);
}

TEST_F(FollowedFileTest, AMissingCertificateFileIsWaitedFor) {
  write("config.json",
        R"({"certificates": {"c": {"chainFile": "tls.crt", "keyFile": "tls.key"}}})");
  FollowedFile file(path_);
  EXPECT_FALSE(*file.check());
  write("tls.crt", "chain");
  EXPECT_FALSE(*file.check());  // now the key is missing
  write("tls.key", "key");
  const auto complete = file.check();
  ASSERT_TRUE(complete);
  EXPECT_TRUE(*complete);
}

}  // namespace
}  // namespace proxy::control
