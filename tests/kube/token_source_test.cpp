#include "kube/token_source.h"

#include <gtest/gtest.h>

#include "tests/fakes/clock.h"
#include "tests/support/temporary_directory.h"

using namespace std::chrono_literals;

namespace {

class TokenFile : public testing::Test {
 protected:
  TokenFile() { directory_.write("token", "first\n"); }

  support::TemporaryDirectory directory_;
  fakes::FakeClock clock_;
  std::shared_ptr<kube::TokenSource> source_ = kube::token_file(directory_.path("token"), clock_);
};

TEST_F(TokenFile, IsReadAgainWhenAMinuteHasPassed) {
  EXPECT_EQ(*source_->token(), "first");
  directory_.write("token", "second");
  clock_.advance(59s);
  EXPECT_EQ(*source_->token(), "first");
  clock_.advance(1s);
  EXPECT_EQ(*source_->token(), "second");
}

TEST_F(TokenFile, IsReadAgainWhenTheTokenWasRejected) {
  EXPECT_EQ(*source_->token(), "first");
  EXPECT_FALSE(source_->rejected("first")) << "the file is as before";
  directory_.write("token", "second");
  EXPECT_TRUE(source_->rejected("first"));
  EXPECT_EQ(*source_->token(), "second");
  EXPECT_TRUE(source_->rejected("first")) << "another thread was faster";
}

TEST_F(TokenFile, KeepsTheLastTokenWhenTheFileIsGone) {
  EXPECT_EQ(*source_->token(), "first");
  directory_.remove("token");
  clock_.advance(2min);
  EXPECT_EQ(*source_->token(), "first");
}

TEST_F(TokenFile, WithoutAnyTokenItIsDeniedWithThePath) {
  for (const char* text : {"", " \n", "two words", "line\nbreak"}) {
    directory_.write("other", text);
    const auto token = kube::token_file(directory_.path("other"), clock_)->token();
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().kind, base::ErrorKind::denied);
  }
  const auto absent = kube::token_file(directory_.path("absent"), clock_)->token();
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().message,
            "the file " + directory_.path("absent") + " cannot be read: No such file or directory");
}

TEST(FixedToken, HasNoOtherToOffer) {
  const auto source = kube::fixed_token("sesame");
  EXPECT_EQ(*source->token(), "sesame");
  EXPECT_FALSE(source->rejected("sesame"));
}

}  // namespace
