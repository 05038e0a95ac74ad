#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "proxy/router/route_table.h"
#include "tests/operator/ingress/cluster_builder.h"

// The 18 rows of the table "Examples" of KEP-1453 (also in the Ingress documentation), from the
// Ingress through the compiler to what the proxy's router decides.
namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::ViewBuilder;

constexpr auto kExact = kube::PathType::exact;
constexpr auto kPrefix = kube::PathType::prefix;
constexpr const char* kDefault = "default";

struct RulePath {
  kube::PathType type;
  const char* path;
};

struct Row {
  std::vector<RulePath> paths;
  std::vector<const char*> requests;
  int matches;  // index into paths; -1: none, so the default backend
};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {{{kPrefix, "/"}}, {"/", "/anything", "/a/b/"}, 0},
      {{{kExact, "/foo"}}, {"/foo"}, 0},
      {{{kExact, "/foo"}}, {"/bar"}, -1},
      {{{kExact, "/foo"}}, {"/foo/"}, -1},
      {{{kExact, "/foo/"}}, {"/foo"}, -1},
      {{{kPrefix, "/foo"}}, {"/foo", "/foo/"}, 0},
      {{{kPrefix, "/foo/"}}, {"/foo", "/foo/"}, 0},
      {{{kPrefix, "/aaa/bb"}}, {"/aaa/bbb"}, -1},
      {{{kPrefix, "/aaa/bbb"}}, {"/aaa/bbb"}, 0},
      {{{kPrefix, "/aaa/bbb/"}}, {"/aaa/bbb"}, 0},
      {{{kPrefix, "/aaa/bbb"}}, {"/aaa/bbb/"}, 0},
      {{{kPrefix, "/aaa/bbb"}}, {"/aaa/bbb/ccc"}, 0},
      {{{kPrefix, "/aaa/bbb"}}, {"/aaa/bbbxyz"}, -1},
      {{{kPrefix, "/"}, {kPrefix, "/aaa"}}, {"/aaa/ccc"}, 1},
      {{{kPrefix, "/"}, {kPrefix, "/aaa"}, {kPrefix, "/aaa/bbb"}}, {"/aaa/bbb"}, 2},
      {{{kPrefix, "/"}, {kPrefix, "/aaa"}, {kPrefix, "/aaa/bbb"}}, {"/ccc"}, 0},
      {{{kPrefix, "/aaa"}}, {"/ccc"}, -1},
      {{{kPrefix, "/foo"}, {kExact, "/foo"}}, {"/foo"}, 1},
  };
  return kRows;
}

std::string service_of(int path) {
  return path < 0 ? std::string(kDefault) : "path-" + std::to_string(path);
}

proxy::config::ProxyConfig compiled(const Row& row, const std::string& host) {
  ViewBuilder cluster;
  auto ingress = an_ingress("shop/www").default_backend(kDefault, 80);
  cluster.service("shop/default", 80, {"10.0.0.1"});
  for (int i = 0; i < static_cast<int>(row.paths.size()); ++i) {
    const RulePath& path = row.paths[static_cast<std::size_t>(i)];
    ingress.path(host, path.path, service_of(i), 80, path.type);
    cluster.service("shop/" + service_of(i), 80, {"10.0.0.1"});
  }
  return compile(cluster.ingress(ingress).view).config;
}

class Kep1453 : public testing::TestWithParam<std::size_t> {};

TEST_P(Kep1453, ARequestReachesTheBackendThatTheTableNames) {
  const Row& row = rows()[GetParam()];
  for (const std::string host : {"shop.example", "*.example", ""}) {
    const proxy::router::RouteTable table(compiled(row, host));
    for (const char* request : row.requests) {
      std::string storage;
      const auto decision = proxy::router::decide(table, {"shop.example", request, false}, storage);
      ASSERT_EQ(decision.kind, proxy::router::Decision::Kind::forward) << host << request;
      EXPECT_EQ(decision.target->cluster,
                table.clusters().at("shop/" + service_of(row.matches) + ":80").place)
          << host << request;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, Kep1453, testing::Range<std::size_t>(0, 18));

TEST(Kep1453Table, HasAllItsRows) {
  EXPECT_EQ(rows().size(), 18u);
}

}  // namespace
}  // namespace ingress
