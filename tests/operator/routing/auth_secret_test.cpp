#include "operator/routing/auth_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/config/limits.h"

namespace routing {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kSha = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=";
const std::string kApr1 = "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/";

std::string text_of(const PasswordFile& file) {
  std::string text;
  for (const auto& user : file.users) text += user.name + "=" + user.hash + ";";
  return text + file.problem;
}

TEST(Htpasswd, IsOneUserALine) {
  EXPECT_EQ(text_of(read_htpasswd("ann:" + kSha)), "ann=" + kSha + ";");
  EXPECT_EQ(text_of(read_htpasswd("# people\r\n\r\n  bob:" + kApr1 + "\r\nann:" + kSha +
                                  ":a comment:of:ours\n\n#x:y\n")),
            "ann=" + kSha + ";bob=" + kApr1 + ";");
  EXPECT_EQ(text_of(read_htpasswd("gr\xc3\xbc\xc3\x9f"
                                  "e:" +
                                  kSha)),
            "gr\xc3\xbc\xc3\x9f"
            "e=" +
                kSha + ";");
}

TEST(Htpasswd, OfTwoLinesWithOneNameTheFirstCounts) {
  EXPECT_EQ(text_of(read_htpasswd("ann:" + kSha + "\nann:" + kApr1)), "ann=" + kSha + ";");
}

TEST(Htpasswd, OneLineThatCannotBeUsedSpoilsAllAndIsNamedWithoutWhatItHolds) {
  const std::string good = "ann:" + kSha + "\n";
  const struct {
    std::string text;
    std::string problem;
  } rows[] = {
      {"", "names no user"},
      {"# nobody\n\n", "names no user"},
      {good + "bob:sesame", "in line 2 for the user \"bob\" has a password in plain text"},
      {good + "bob:{PLAIN}sesame", "in line 2 for the user \"bob\" has a password in plain text"},
      {good + "\nbob:$2y$31$sesame", "in line 3 for the user \"bob\" has a hash that is cut off"},
      {good + "bob:", "in line 2 for the user \"bob\" has a password in plain text"},
      {good + "sesame", "in line 2 has no colon"},
      {good + ":" + kSha, "in line 2 has a user's name that is empty"},
      {good + std::string(256, 'n') + ":" + kSha,
       "in line 2 has a user's name that is empty, longer"},
      {good + "b\x01:" + kSha, "in line 2 has a user's name"},
      {good + "b\xff:" + kSha, "in line 2 has a user's name"},
      {good + "b\xc3:" + kSha, "in line 2 has a user's name"},
      {good + "b\xed\xa0\x80:" + kSha, "in line 2 has a user's name"},
      {good + std::string("b\0b:", 4) + kSha, "in line 2 has a user's name"},
  };
  for (const auto& row : rows) {
    const PasswordFile file = read_htpasswd(row.text);
    EXPECT_THAT(file.problem, HasSubstr(row.problem)) << row.text;
    EXPECT_THAT(file.problem, Not(HasSubstr("sesame"))) << row.text;
    EXPECT_THAT(file.problem, Not(HasSubstr(kSha))) << row.text;
    EXPECT_TRUE(file.users.empty()) << row.text;
  }
}

TEST(Htpasswd, HasABoundOnItsUsers) {
  std::string text;
  for (std::size_t i = 0; i < proxy::config::kUsersMax; ++i) {
    text += "user" + std::to_string(i) + ":" + kSha + "\n";
  }
  EXPECT_EQ(read_htpasswd(text).users.size(), proxy::config::kUsersMax);
  EXPECT_THAT(read_htpasswd(text + "ann:" + kSha).problem, HasSubstr("more than 10000 users"));
}

TEST(AuthSecret, IsReadAsAFileOrAsAMap) {
  kube::Secret secret;
  secret.data = {{"auth", "ann:" + kSha + "\n"}};
  EXPECT_EQ(text_of(read_auth_secret(secret).file), "ann=" + kSha + ";");
  EXPECT_THAT(read_auth_secret(secret).map.problem, HasSubstr("for the user \"auth\""));
  secret.data = {{"ann", kSha + "\n"}, {"bob", kApr1}};
  EXPECT_EQ(text_of(read_auth_secret(secret).map), "ann=" + kSha + ";bob=" + kApr1 + ";");
  EXPECT_EQ(read_auth_secret(secret).file.problem, "has no key \"auth\"");
  secret.data.clear();
  EXPECT_EQ(read_auth_secret(secret).map.problem, "names no user");
}

}  // namespace
}  // namespace routing
