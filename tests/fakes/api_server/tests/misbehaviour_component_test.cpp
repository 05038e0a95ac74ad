#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/fakes/api_server/server.h"
#include "tests/fakes/kubectl_lite/rest_client.h"
#include "tests/support/temporary_directory.h"

namespace fakes::api_server {
namespace {

using Json = nlohmann::json;
using Lines = std::vector<Json>;

class MisbehavingServer : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.bookmark_interval = std::chrono::milliseconds(20);
    options.users = {{"viewer", "viewer-token", {"viewers"}}};
    options.service_accounts = {
        {"gatehouse-system", "gatehouse-proxy", "proxy-token", "gatehouse-control"}};
    auto started = Server::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    server = std::move(*started);
    const ::support::TemporaryDirectory directory;
    directory.write("kubeconfig", server->kubeconfig());
    auto connected = kubectl_lite::RestClient::from_kubeconfig(directory.path("kubeconfig"));
    ASSERT_TRUE(connected) << connected.error().message;
    client = std::make_unique<kubectl_lite::RestClient>(std::move(*connected));
  }

  void make_config_map(const std::string& name) {
    const auto applied = server->apply_yaml(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {a: b}\n");
    ASSERT_TRUE(applied) << applied.error().message;
  }

  std::string version() {
    return Json::parse(*server->request("GET", maps))["metadata"]["resourceVersion"];
  }

  const std::string maps = "/api/v1/namespaces/default/configmaps";
  std::unique_ptr<Server> server;
  std::unique_ptr<kubectl_lite::RestClient> client;
};

TEST_F(MisbehavingServer, AnOrderedAnswerIsGivenAsOftenAsOrdered) {
  Misbehaviour::Rule rule;
  rule.method = "GET";
  rule.path_contains = "configmaps";
  rule.times = 2;
  rule.status = 429;
  rule.retry_after_seconds = 7;
  server->misbehaviour().add(rule);
  for (int i = 0; i < 2; ++i) {
    const auto answered = client->send("GET", maps);
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->status, 429);
    EXPECT_EQ(answered->header("retry-after"), "7");
  }
  EXPECT_EQ(client->send("GET", maps)->status, 200);
}

TEST_F(MisbehavingServer, ALostAnswerIsAWriteThatHappened) {
  Misbehaviour::Rule rule;
  rule.method = "POST";
  rule.hang_up_after = true;
  server->misbehaviour().add(rule);
  const Json object = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "lost"}}}};
  EXPECT_FALSE(client->send("POST", maps, object.dump()));
  EXPECT_EQ(client->send("GET", maps + "/lost")->status, 200);
}

TEST_F(MisbehavingServer, ADroppedWatchBreaksOffAndAnotherGoesOn) {
  make_config_map("a");
  const std::string from = version();
  int lines = 0;
  const auto dropped =
      client->watch(maps + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + from,
                    [&](const std::string&) {
                      if (++lines == 1) server->misbehaviour().drop_watches();
                      return true;
                    },
                    {});
  EXPECT_FALSE(dropped);
  make_config_map("b");
  std::string seen;
  (void)client->watch(maps + "?watch=true&resourceVersion=" + from,
                      [&](const std::string& line) {
                        seen = Json::parse(line)["object"]["metadata"]["name"];
                        return false;
                      },
                      {});
  EXPECT_EQ(seen, "b");
}

TEST_F(MisbehavingServer, AWatchClosesAfterTheOrderedNumberOfEvents) {
  make_config_map("a");
  make_config_map("b");
  make_config_map("c");
  server->misbehaviour().close_watches_after(2);
  Lines lines;
  const auto watched = client->watch(maps + "?watch=true",
                                     [&](const std::string& line) {
                                       lines.push_back(Json::parse(line));
                                       return true;
                                     },
                                     {});
  ASSERT_TRUE(watched);
  EXPECT_EQ(lines.size(), 2u);
}

TEST_F(MisbehavingServer, CompactionMakesOldVersionsGone) {
  const std::string from = version();
  make_config_map("a");
  server->compact();
  Lines lines;
  const auto watched = client->watch(maps + "?watch=true&resourceVersion=" + from,
                                     [&](const std::string& line) {
                                       lines.push_back(Json::parse(line));
                                       return true;
                                     },
                                     {});
  ASSERT_TRUE(watched);
  EXPECT_EQ(*watched, 200);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["type"], "ERROR");
  EXPECT_EQ(lines[0]["object"]["code"], 410);

  server->misbehaviour().expire_by_status(true);
  EXPECT_EQ(client->send("GET", maps + "?watch=true&resourceVersion=" + from)->status, 410);
}

TEST_F(MisbehavingServer, CompactionEndsThePagesUnderWay) {
  make_config_map("a");
  make_config_map("b");
  const Json first = Json::parse(client->send("GET", maps + "?limit=1")->body);
  server->compact();
  const std::string token = first["metadata"]["continue"];
  EXPECT_EQ(client->send("GET", maps + "?limit=1&continue=" + token)->status, 410);
}

TEST_F(MisbehavingServer, BookmarksComeAtTheirIntervalUnlessSkipped) {
  Lines lines;
  const auto watch = [&](std::size_t enough) {
    lines.clear();
    (void)client->watch(
        maps + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=" + version(),
        [&](const std::string& line) {
          lines.push_back(Json::parse(line));
          return lines.size() < enough;
        },
        {});
  };
  watch(2);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1]["type"], "BOOKMARK");
  server->misbehaviour().skip_bookmarks(true);
  watch(1);
  EXPECT_TRUE(lines.empty());
}

TEST_F(MisbehavingServer, InitialEventsEndWithAMarkedBookmark) {
  make_config_map("a");
  Lines lines;
  (void)client->watch(maps +
                          "?watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
                          "&resourceVersionMatch=NotOlderThan",
                      [&](const std::string& line) {
                        lines.push_back(Json::parse(line));
                        return lines.size() < 2;
                      },
                      {});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["type"], "ADDED");
  EXPECT_EQ(lines[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(client->send("GET", maps + "?watch=true&sendInitialEvents=true")->status, 422);
}

TEST_F(MisbehavingServer, OrdersAreTakenOverHttpToo) {
  EXPECT_EQ(client
                ->send("POST", "/fake/misbehave",
                       Json{{"method", "GET"}, {"path", "configmaps"}, {"status", 500}}.dump())
                ->status,
            200);
  EXPECT_EQ(client->send("GET", maps)->status, 500);
  EXPECT_EQ(client->send("POST", "/fake/nonsense", "{}")->status, 404);
}

TEST_F(MisbehavingServer, TheWriteLogCountsWritesThatChangedSomething) {
  make_config_map("a");
  make_config_map("a");
  (void)client->send("POST", maps + "?dryRun=All",
                     R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"}})");
  (void)client->send("DELETE", maps + "/a");
  const Json log = Json::parse(client->send("GET", "/fake/writes")->body)["writes"];
  ASSERT_EQ(log.size(), 2u) << log;
  EXPECT_EQ(log[0]["verb"], "apply");
  EXPECT_EQ(log[0]["manager"], "test");
  EXPECT_EQ(log[1]["verb"], "delete");
  EXPECT_EQ(log[1]["resource"], "configmaps");
  EXPECT_EQ(log[1]["user"], "kubernetes-admin");
}

TEST_F(MisbehavingServer, ATokenReviewHoldsForItsAudienceAlone) {
  const auto review = [&](const std::string& token, const std::string& audience) {
    const Json body = {{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenReview"},
                       {"spec", {{"token", token}, {"audiences", {audience}}}}};
    return Json::parse(
        client->send("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body.dump())
            ->body)["status"];
  };
  const Json known = review("proxy-token", "gatehouse-control");
  EXPECT_EQ(known["authenticated"], true);
  EXPECT_EQ(known["user"]["username"], "system:serviceaccount:gatehouse-system:gatehouse-proxy");
  EXPECT_EQ(known["audiences"], Json::parse(R"(["gatehouse-control"])"));
  const Json wrong = review("proxy-token", "somebody-else");
  EXPECT_FALSE(wrong.value("authenticated", false));
  EXPECT_FALSE(wrong["error"].get<std::string>().empty());
  // A token for another audience opens nothing here.
  EXPECT_EQ(client->with_token("proxy-token").send("GET", maps)->status, 401);
  EXPECT_EQ(client->with_token("viewer-token").send("GET", maps)->status, 200);
}

TEST_F(MisbehavingServer, StoppingEndsOpenWatchesAtOnce) {
  std::promise<void> is_open;
  std::thread watcher([&] {
    bool is_first = true;
    (void)client->watch(maps + "?watch=true&allowWatchBookmarks=true",
                        [&](const std::string&) {
                          if (is_first) is_open.set_value();
                          is_first = false;
                          return true;
                        },
                        {});
  });
  is_open.get_future().wait();
  const auto begun = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  watcher.join();
}

}  // namespace
}  // namespace fakes::api_server
