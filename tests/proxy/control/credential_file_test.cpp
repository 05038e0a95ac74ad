#include "proxy/control/credential_file.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/key.h"

namespace proxy::control {
namespace {

using ::testing::HasSubstr;

// A volume as the kubelet lays it out: token -> ..data/token, ..data -> ..1, and each update is a
// new directory that ..data is made to point at in one step; the old one is removed then.
class MountedVolume : public ::testing::Test {
 protected:
  MountedVolume() { std::filesystem::create_directories(directory_); }
  ~MountedVolume() override { std::filesystem::remove_all(directory_); }

  void update(const std::string& text) {
    const std::string before = current_;
    current_ = ".." + std::to_string(++updates_);
    std::filesystem::create_directory(directory_ / current_);
    std::ofstream(directory_ / current_ / "token") << text;
    std::filesystem::create_symlink(current_, directory_ / "..data_tmp");
    std::filesystem::rename(directory_ / "..data_tmp", directory_ / "..data");
    if (before.empty()) {
      std::filesystem::create_symlink("..data/token", directory_ / "token");
    } else {
      std::filesystem::remove_all(directory_ / before);
    }
  }
  void take_away() { std::filesystem::remove(directory_ / "..data"); }

  const std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() /
      ("gatehouse-credential-file-test-" + std::to_string(::getpid()));
  const std::string path_ = (directory_ / "token").string();
  CredentialFile file_{path_, check_token};

 private:
  std::string current_;
  int updates_ = 0;
};

TEST_F(MountedVolume, IsFollowedThroughEachSwap) {
  for (const char* token : {"one", "two", "three\n"}) {
    update(token);
    const auto read = file_.read();
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, std::string(token).substr(0, std::string(token).find('\n')));
  }
}

TEST_F(MountedVolume, WhatIsMissingOrUnusableForAMomentKeepsTheLastGood) {
  EXPECT_THAT(file_.read().error().message, HasSubstr(path_ + ": cannot be read: No such file"));
  update("one");
  EXPECT_EQ(*file_.read(), "one");
  take_away();
  EXPECT_EQ(*file_.read(), "one");
  update("");
  EXPECT_EQ(*file_.read(), "one");
  update("two tokens");
  EXPECT_EQ(*file_.read(), "one");
  update(std::string(2u << 20, 'x'));
  EXPECT_EQ(*file_.read(), "one");
  update("two");
  EXPECT_EQ(*file_.read(), "two");
}

TEST(CredentialFile, ATokenIsOneWordOfPrintableCharacters) {
  EXPECT_EQ(*check_token("  abc.def-_=\r\n"), "abc.def-_=");
  for (const char* text : {"", "\n", "a b", "a\tb", "a\r\nHost: evil", "a\x7f", "\xc3\xa4"}) {
    EXPECT_FALSE(check_token(text)) << text;
  }
}

TEST(CredentialFile, ABundleHasACertificate) {
  const auto key = base::PrivateKey::generate({}).value();
  const std::string ca = base::make_self_signed(key, {{"CA", {}, {}}, true}).value();
  EXPECT_EQ(*check_ca_bundle(ca), ca);
  EXPECT_FALSE(check_ca_bundle(""));
  EXPECT_FALSE(check_ca_bundle(key.to_pem())) << "a key is no certificate";
  EXPECT_FALSE(check_ca_bundle(ca.substr(0, ca.size() / 2))) << "half of one";
}

}  // namespace
}  // namespace proxy::control
