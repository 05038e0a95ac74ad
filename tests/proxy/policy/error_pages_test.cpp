#include "proxy/policy/error_pages.h"

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

std::string text_of(const std::vector<http::Field>& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

TEST(ErrorPages, StandInPlaceOfTheStatusesThatAreNamedAndOfNoOther) {
  const ErrorPages pages({.cluster = "errors", .statuses = {400, 404, 599}}, 3);
  EXPECT_EQ(pages.cluster(), 3u);
  for (const int status : {400, 404, 599}) EXPECT_TRUE(pages.replace(status)) << status;
  for (const int status : {-1, 0, 101, 200, 304, 399, 401, 403, 405, 503, 598, 600, 999}) {
    EXPECT_FALSE(pages.replace(status)) << status;
  }
  EXPECT_FALSE(ErrorPages({.cluster = "errors"}, 0).replace(503));
}

TEST(ErrorPages, WriteTheNamesAsIngressNginxDoes) {
  const ErrorPages pages(
      {.cluster = "errors", .namespace_ = "shop", .ingress = "www", .service = "web", .port = 8080},
      0);
  std::vector<http::Field> fields;
  pages.describe({.accept = "text/html", .original_uri = "/a?b=c"}, fields);
  EXPECT_EQ(text_of(fields),
            "X-Format: text/html\nX-Original-URI: /a?b=c\nX-Namespace: shop\n"
            "X-Ingress-Name: www\nX-Service-Name: web\nX-Service-Port: 8080\n");
  const ErrorPages bare({.cluster = "errors"}, 0);
  std::vector<http::Field> none;
  bare.describe({}, none);
  EXPECT_EQ(text_of(none), "") << "what is not known is not said";
}

}  // namespace
}  // namespace proxy::policy
