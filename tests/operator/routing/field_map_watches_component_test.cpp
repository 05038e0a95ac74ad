#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

#include "kube/config.h"
#include "operator/routing/field_map_watches.h"
#include "tests/fakes/api_server/server.h"

namespace routing {
namespace {

using std::chrono::seconds;

TEST(FieldMapWatches, AConfigMapIsSeenWatchedOrReadInTurn) {
  const base::SystemClock clock;
  const auto server = std::move(*fakes::api_server::Server::start({}));
  const auto config = kube::parse_kubeconfig(server->kubeconfig(), "/", "", clock);
  const auto client = kube::connect(*config, clock, "test");
  for (const char* const yaml :
       {"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {X-A: a}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: shop}\ndata: {X-A: "
        "b}\n"}) {
    const auto applied = server->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  std::mutex mutex;
  std::condition_variable changed;
  FieldMapWatches watches(*client, {.max = 1, .read_every = seconds(1)}, [&](const auto&) {
    const std::lock_guard lock(mutex);
    changed.notify_all();
  });
  watches.follow({{"shop", "a"}, {"shop", "b"}, {"shop", "none"}});
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, seconds(30), [&] { return watches.are_read(); }));
  }
  EXPECT_EQ(watches.get({"shop", "a"})->fields.at("X-A"), "a");
  EXPECT_EQ(watches.get({"shop", "b"})->fields.at("X-A"), "b");
  EXPECT_EQ(watches.get({"shop", "none"}), nullptr);
}

}  // namespace
}  // namespace routing
