#include "proxy/http/content_coding.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

ContentCoding coding(const std::vector<std::string_view>& values) {
  std::vector<Field> fields{{.name = "Content-Type", .value = "text/html"}};
  for (const std::string_view value : values) {
    fields.push_back({.name = "content-Encoding", .value = value});
  }
  return content_coding_of(fields);
}

TEST(ContentCoding, IsWhatIsSaidOfIt) {
  EXPECT_EQ(coding({"gzip"}), ContentCoding::gzip);
  EXPECT_EQ(coding({"X-GZip"}), ContentCoding::gzip);
  EXPECT_EQ(coding({" Deflate "}), ContentCoding::deflate);
  EXPECT_EQ(coding({"br"}), ContentCoding::other);
  EXPECT_EQ(coding({"zstd"}), ContentCoding::other);
}

TEST(ContentCoding, IsNoneWhereNothingIsSaid) {
  EXPECT_EQ(coding({}), ContentCoding::identity);
  EXPECT_EQ(coding({""}), ContentCoding::identity);
  EXPECT_EQ(coding({"identity", " , Identity"}), ContentCoding::identity);
}

TEST(ContentCoding, SeveralAreNoneThatIsKnown) {
  EXPECT_EQ(coding({"gzip, gzip"}), ContentCoding::other);
  EXPECT_EQ(coding({"gzip", "br"}), ContentCoding::other);
  EXPECT_EQ(coding({"deflate,", "gzip"}), ContentCoding::other);
  EXPECT_EQ(coding({"identity, gzip,"}), ContentCoding::gzip);
}

TEST(ContentCoding, OfAFieldThatIsNotPassedOnCountsLikewise) {
  EXPECT_EQ(content_coding_of({{.name = "Content-Encoding", .value = "gzip", .dropped = true}}),
            ContentCoding::gzip);
}

}  // namespace
}  // namespace proxy::http
