#include "operator/ingress/annotations/error_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/ingress_names.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kErrors = "nginx.ingress.kubernetes.io/custom-http-errors";
const std::string kBackend = "nginx.ingress.kubernetes.io/default-backend";

TEST(ErrorPages, StatusesAreSortedAndThoseThatAreNoneAreTold) {
  struct Row {
    std::string written;
    std::vector<int> statuses;
    bool is_told;
  };
  const Row rows[] = {{"404", {404}, false},
                      {"503,404, 404 ,500", {404, 500, 503}, false},
                      {"404 503\n500", {404, 500, 503}, false},
                      {"400,599,", {400, 599}, false},
                      {"", {}, false},
                      {"404,200", {404}, true},
                      {"399,600", {}, true},
                      {"4xx", {}, true},
                      {"404;503", {}, true},
                      {"-404,404", {404}, true},
                      {"99999999999999999999", {}, true}};
  for (const Row& row : rows) {
    Issues issues;
    EXPECT_EQ(read_error_pages({{kErrors, row.written}}, issues).statuses, row.statuses)
        << row.written;
    ASSERT_THAT(issues, SizeIs(row.is_told ? 1 : 0)) << row.written;
    if (row.is_told) {
      EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
    }
  }
}

TEST(ErrorPages, ADefaultBackendIsAServiceOfTheIngresssNamespace) {
  for (const char* name : {"errors", " errors ", "e-1"}) {
    Issues issues;
    const auto pages = read_error_pages({{kBackend, name}}, issues);
    EXPECT_THAT(pages.service, testing::Not(IsEmpty())) << name;
    EXPECT_THAT(issues, IsEmpty()) << name;
  }
  for (const std::string& name :
       {std::string("other/errors"), std::string("errors:80"), std::string("http://errors"),
        std::string("Errors"), std::string(64, 'e'), std::string("a.b")}) {
    Issues issues;
    EXPECT_THAT(read_error_pages({{kBackend, name}}, issues).service, IsEmpty()) << name;
    EXPECT_THAT(issues, SizeIs(1)) << name;
  }
}

TEST(ErrorPages, WhereBackendsAnswersPassNoStatusIsReplaced) {
  const std::string switch_off = "nginx.ingress.kubernetes.io/disable-proxy-intercept-errors";
  Issues issues;
  EXPECT_THAT(read_error_pages({{kErrors, "404"}, {switch_off, "true"}}, issues).statuses,
              IsEmpty());
  EXPECT_THAT(read_error_pages({{kErrors, "404"}, {switch_off, "false"}}, issues).statuses,
              ElementsAre(404));
  EXPECT_THAT(issues, IsEmpty());
}

// Else a change of it would not be compiled.
TEST(ErrorPages, WhoMakesThemIsAmongTheServicesThatAnIngressNames) {
  const kube::Ingress ingress = ingress_test::an_ingress("shop/www")
                                    .annotation(kBackend, "errors")
                                    .path("a.example", "/", "web", 80)
                                    .get();
  EXPECT_THAT(named_services(ingress),
              ElementsAre(kube::ObjectKey{"shop", "errors"}, kube::ObjectKey{"shop", "web"}));
}

}  // namespace
}  // namespace ingress::annotations
