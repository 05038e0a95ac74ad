#include "kube/client.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/watch_lines.h"
#include "tests/fakes/clock.h"
#include "tests/fakes/transport.h"

using kube::Ingress;
using kube::ObjectKey;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const std::string kServer = "https://k8s.test";
const std::string kIngresses = kServer + "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
const ObjectKey kKey{"shop", "www"};
const char* kIngress = R"({"metadata":{"name":"www","namespace":"shop","resourceVersion":"5"}})";

std::string header(const base::HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

auto is_json(const std::string& wanted) {
  return [wanted](const std::string& body) { return json::parse(body) == json::parse(wanted); };
}

// Gives out the tokens in turn, one more each time one is rejected.
class RotatingToken final : public kube::TokenSource {
 public:
  explicit RotatingToken(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}
  base::Result<std::string> token() override { return tokens_[at_]; }
  bool rejected(const std::string& token) override {
    EXPECT_EQ(token, tokens_[at_]);
    if (at_ + 1 == tokens_.size()) return false;
    ++at_;
    return true;
  }

 private:
  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

class ClientTest : public testing::Test {
 protected:
  fakes::FakeTransport::Expectation& expect(const std::string& method, const std::string& url) {
    return transport_->expect(method, url);
  }

  fakes::FakeClock clock_;
  std::shared_ptr<fakes::FakeTransport> transport_ = std::make_shared<fakes::FakeTransport>();
  kube::Client client_{transport_, kServer, kube::fixed_token("sesame"), clock_};
};

TEST_F(ClientTest, GetsAnObjectWithItsToken) {
  expect("GET", kIngresses + "/www")
      .with([](const base::HttpRequest& request) {
        return header(request, "Authorization") == "Bearer sesame" &&
               header(request, "Accept") == "application/json" && request.body.empty();
      })
      .answer(200, kIngress);
  const auto ingress = client_.get<Ingress>(kKey);
  ASSERT_TRUE(ingress) << ingress.error().message;
  EXPECT_EQ(ingress->metadata.resource_version, "5");
}

TEST_F(ClientTest, AClusterScopedObjectHasNoNamespaceInItsPath) {
  expect("GET", kServer + "/apis/networking.k8s.io/v1/ingressclasses/gatehouse")
      .answer(200, R"({"metadata":{"name":"gatehouse"}})");
  EXPECT_TRUE(client_.get<kube::IngressClass>({"", "gatehouse"}));
}

TEST_F(ClientTest, ARefusalNamesActionObjectAndTheServersWords) {
  expect("GET", kIngresses + "/www")
      .answer(404, R"({"kind":"Status","message":"ingresses \"www\" not found",
                       "reason":"NotFound","code":404})");
  const auto refused = client_.get(Ingress::type(), kKey);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(refused.error().reason, "NotFound");
  EXPECT_EQ(refused.error().message,
            "getting Ingress shop/www: ingresses \"www\" not found (HTTP 404)");
}

TEST_F(ClientTest, TellsATakenNameFromAStaleVersion) {
  expect("POST", kIngresses).answer(409, R"({"reason":"AlreadyExists","message":"taken"})");
  const auto taken = client_.create(Ingress::type(), json::parse(kIngress));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, base::ErrorKind::conflict);
  EXPECT_TRUE(kube::is_already_exists(taken.error()));
  expect("PUT", kIngresses + "/www").answer(409, R"({"reason":"Conflict","message":"modified"})");
  const auto stale = client_.update(Ingress::type(), json::parse(kIngress));
  ASSERT_FALSE(stale);
  EXPECT_FALSE(kube::is_already_exists(stale.error()));
}

TEST_F(ClientTest, RetryAfterComesFromTheHeader) {
  expect("GET", kIngresses + "/www").answer(429, "slow down", {{"retry-after", "7"}});
  const auto refused = client_.get(Ingress::type(), kKey);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::rate_limited);
  EXPECT_EQ(refused.error().retry_after, std::chrono::seconds(7));
  EXPECT_THAT(refused.error().message, HasSubstr("the API server answered HTTP 429"));
}

TEST_F(ClientTest, AFailureOfTheNetworkKeepsItsKind) {
  expect("GET", kIngresses + "/www").fail({base::ErrorKind::unavailable, "no route to host"});
  const auto failed = client_.get(Ingress::type(), kKey);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, base::ErrorKind::unavailable);
  EXPECT_EQ(failed.error().message, "getting Ingress shop/www: no route to host");
}

TEST_F(ClientTest, AnAnswerThatIsNotAnObjectIsAProtocolError) {
  for (const char* body : {"", "<html>", "[]", "{\"a\":"}) {
    expect("GET", kIngresses + "/www").answer(200, body);
    const auto failed = client_.get(Ingress::type(), kKey);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, base::ErrorKind::protocol) << body;
  }
}

TEST_F(ClientTest, ANameThatCouldLeaveItsPlaceIsNeverSent) {
  for (const ObjectKey& key : std::vector<ObjectKey>{{"shop", ""},
                                                     {"", "www"},
                                                     {"shop", ".."},
                                                     {"..", "www"},
                                                     {"shop", "../services/x"},
                                                     {"shop", "a%2fb"}}) {
    const auto refused = client_.get(Ingress::type(), key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid) << key.text();
    EXPECT_FALSE(client_.delete_(Ingress::type(), key));
  }
  EXPECT_FALSE(client_.create(Ingress::type(), {{"metadata", {{"name", "www"}}}}));
  EXPECT_TRUE(transport_->requests().empty());
}

TEST_F(ClientTest, ListsWithSelectorsAndTypesEachItem) {
  expect("GET", kServer +
                    "/api/v1/secrets?labelSelector=app%20in%20%28a%2Cb%29"
                    "&fieldSelector=type%3Dkubernetes.io%2Ftls&limit=2&continue=abc%2B")
      .answer(200, R"({"metadata":{"resourceVersion":"9","continue":"next"},
                       "items":[{"metadata":{"name":"a"}}]})");
  const kube::ResourceType secrets{"", "v1", "Secret", "secrets", true};
  const auto page =
      client_.list(secrets, {"", "app in (a,b)", "type=kubernetes.io/tls", 2, "abc+"});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->resource_version, "9");
  EXPECT_EQ(page->continue_token, "next");
  ASSERT_EQ(page->items.size(), 1u);
  EXPECT_EQ(page->items[0]["kind"], "Secret");
  EXPECT_EQ(page->items[0]["apiVersion"], "v1");
}

TEST_F(ClientTest, AListWithoutAVersionOrWithStrangeItemsIsAProtocolError) {
  for (const char* body : {R"({"metadata":{},"items":[]})", R"({"items":[]})",
                           R"({"metadata":{"resourceVersion":"1"},"items":{}})",
                           R"({"metadata":{"resourceVersion":7},"items":[]})"}) {
    expect("GET", kIngresses + "?limit=500").answer(200, body);
    const auto page = client_.list(Ingress::type(), {.namespace_ = "shop"});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind, base::ErrorKind::protocol) << body;
  }
  expect("GET", kIngresses + "?limit=500")
      .answer(200, R"({"metadata":{"resourceVersion":"1"},"items":null})");
  EXPECT_TRUE(client_.list(Ingress::type(), {.namespace_ = "shop"}));
}

TEST_F(ClientTest, ListAllFollowsEveryPage) {
  expect("GET", kIngresses + "?limit=500")
      .answer(200, R"({"metadata":{"resourceVersion":"9","continue":"c1"},
                       "items":[{"metadata":{"name":"a"}}]})");
  expect("GET", kIngresses + "?limit=500&continue=c1")
      .answer(200, R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"b"}}]})");
  const auto all = client_.list_all(Ingress::type(), {.namespace_ = "shop"});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 2u);
}

TEST_F(ClientTest, CreatesInTheCollectionWithTypeFilledIn) {
  expect("POST", kIngresses)
      .with_body(is_json(R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress",
         "metadata":{"name":"www","namespace":"shop","resourceVersion":"5"}})"))
      .with([](const base::HttpRequest& request) {
        return header(request, "Content-Type") == "application/json";
      })
      .answer(201, kIngress);
  EXPECT_TRUE(client_.create(Ingress::type(), json::parse(kIngress)));
}

TEST_F(ClientTest, UpdatesAnObjectAndItsStatusApart) {
  expect("PUT", kIngresses + "/www").answer(200, kIngress);
  EXPECT_TRUE(client_.update(Ingress::type(), json::parse(kIngress)));
  expect("PUT", kIngresses + "/www/status").answer(200, kIngress);
  EXPECT_TRUE(client_.update_status(Ingress::type(), json::parse(kIngress)));
}

TEST_F(ClientTest, AppliesAsAFieldManager) {
  const auto is_apply = [](const base::HttpRequest& request) {
    return header(request, "Content-Type") == "application/apply-patch+yaml" &&
           json::parse(request.body).at("kind") == "Ingress";
  };
  expect("PATCH", kIngresses + "/www?fieldManager=gatehouse-operator&force=true")
      .with(is_apply)
      .answer(200, kIngress);
  EXPECT_TRUE(client_.apply(Ingress::type(), json::parse(kIngress), {"gatehouse-operator", true}));
  expect("PATCH", kIngresses + "/www/status?fieldManager=gatehouse-operator")
      .with(is_apply)
      .answer(200, kIngress);
  EXPECT_TRUE(
      client_.apply_status(Ingress::type(), json::parse(kIngress), {"gatehouse-operator", false}));
}

TEST_F(ClientTest, PatchesTheStatusOfOneVersionOnly) {
  expect("PATCH", kIngresses + "/www/status")
      .with([](const base::HttpRequest& request) {
        return header(request, "Content-Type") == "application/merge-patch+json";
      })
      .with_body(is_json(R"({"metadata":{"resourceVersion":"5"},"status":{"a":1}})"))
      .answer(409, R"({"reason":"Conflict"})");
  const auto stale = client_.patch_status(Ingress::type(), kKey, {{"status", {{"a", 1}}}}, "5");
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, base::ErrorKind::conflict);
}

TEST_F(ClientTest, DeletesWithPreconditions) {
  expect("DELETE", kIngresses + "/www")
      .with_body(is_json(R"({"apiVersion":"v1","kind":"DeleteOptions",
                             "preconditions":{"uid":"u1","resourceVersion":"5"}})"))
      .answer(200, R"({"kind":"Status","status":"Success"})");
  EXPECT_TRUE(client_.delete_(Ingress::type(), kKey, {"u1", "5"}));
}

TEST_F(ClientTest, BytesThatAreNotUtf8AreReplacedRatherThanThrown) {
  expect("POST", kIngresses)
      .with_body([](const std::string& body) { return body.find("\xef\xbf\xbd") != body.npos; })
      .answer(201, kIngress);
  json object = json::parse(kIngress);
  object["metadata"]["annotations"]["said"] = "bad \xff byte";
  EXPECT_TRUE(client_.create(Ingress::type(), object));
}

TEST_F(ClientTest, A401IsTriedOnceWithAFreshToken) {
  kube::Client client(transport_, kServer,
                      std::make_shared<RotatingToken>(std::vector<std::string>{"old", "new"}),
                      clock_);
  const auto bearing = [](const std::string& token) {
    return [token](const base::HttpRequest& request) {
      return header(request, "Authorization") == "Bearer " + token;
    };
  };
  expect("GET", kIngresses + "/www").with(bearing("old")).answer(401);
  expect("GET", kIngresses + "/www").with(bearing("new")).answer(200, kIngress);
  EXPECT_TRUE(client.get(Ingress::type(), kKey));
  expect("GET", kIngresses + "/www").with(bearing("new")).answer(401);
  const auto denied = client.get(Ingress::type(), kKey);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, base::ErrorKind::denied);
}

TEST_F(ClientTest, StopEndsACallBeforeItBegins) {
  const auto source = std::make_unique<std::stop_source>();
  source->request_stop();
  const auto stopped = client_.get(Ingress::type(), kKey, source->get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, base::ErrorKind::cancelled);
}

// ---- Watches

const std::string kWatch =
    kIngresses + "?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=290";

class ClientWatchTest : public ClientTest {
 protected:
  base::Status watch(std::size_t events_wanted = 100) {
    kube::WatchOptions options;
    options.namespace_ = "shop";
    options.resource_version = "7";
    return client_.watch(Ingress::type(), options,
                         [&](const kube::WatchEvent& event) {
                           seen_.push_back(event.resource_version);
                           return seen_.size() < events_wanted;
                         },
                         {});
  }
  static std::string event(const std::string& version, const std::string& type = "ADDED") {
    return R"({"type":")" + type + R"(","object":{"metadata":{"name":"x","resourceVersion":")" +
           version + "\"}}}\n";
  }

  std::vector<std::string> seen_;
};

TEST_F(ClientWatchTest, DeliversEventsHoweverTheStreamIsCut) {
  const std::string all = event("8") + event("9", "BOOKMARK");
  expect("GET", kWatch)
      .with([](const base::HttpRequest& request) {
        return request.timeout == std::chrono::seconds(295);
      })
      .stream({all.substr(0, 10), all.substr(10, 70), all.substr(80)});
  EXPECT_TRUE(watch());
  EXPECT_THAT(seen_, ElementsAre("8", "9"));
}

TEST_F(ClientWatchTest, EndsWellWhenTheReaderHasEnough) {
  expect("GET", kWatch).stream({event("8") + event("9")});
  EXPECT_TRUE(watch(1));
  EXPECT_THAT(seen_, ElementsAre("8"));
}

TEST_F(ClientWatchTest, AVersionThatIsTooOldIsExpiredInEitherForm) {
  expect("GET", kWatch).stream({R"({"message":"too old","code":410})"}, 410);
  auto ended = watch();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, base::ErrorKind::expired);
  EXPECT_EQ(ended.error().message, "watching ingresses in namespace shop: too old (HTTP 410)");
  expect("GET", kWatch)
      .stream({event("8"),
               R"({"type":"ERROR","object":{"code":410,"message":"too old"}})"
               "\n",
               event("9")});
  ended = watch();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, base::ErrorKind::expired);
  EXPECT_THAT(seen_, ElementsAre("8"));
}

TEST_F(ClientWatchTest, ABrokenConnectionIsUnavailableAfterItsEvents) {
  expect("GET", kWatch)
      .stream({event("8"), R"({"type":"ADD)"})
      .then_fail({base::ErrorKind::unavailable, "connection reset"});
  const auto ended = watch();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, base::ErrorKind::unavailable);
  EXPECT_THAT(seen_, ElementsAre("8"));
}

TEST_F(ClientWatchTest, AHugeRefusalIsCutAndStillSaysItsStatus) {
  expect("GET", kWatch).stream(std::vector<std::string>(40, std::string(4096, 'x')), 503);
  const auto ended = watch();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, base::ErrorKind::unavailable);
  EXPECT_LT(ended.error().message.size(), 200u);
}

TEST_F(ClientWatchTest, ALineThatIsNoEventEndsTheWatch) {
  expect("GET", kWatch).stream({"hello\n" + event("8")});
  const auto ended = watch();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, base::ErrorKind::protocol);
  EXPECT_TRUE(seen_.empty());
}

}  // namespace
