// Lists and watches. See cluster.h for what this is run against.

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/contract/cluster.h"

namespace fakes::api_server::contract {
namespace {

std::vector<std::string> names_in(const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : list["items"]) names.push_back(item["metadata"]["name"]);
  return names;
}

std::string type_and_name(const std::optional<Watch::Event>& event) {
  return event ? event->type + " " + event->name() : "nothing";
}

TEST_F(Contract, AListHasAVersionAndItsBuiltinItemsNoKind) {
  call("POST", core("/configmaps"), config_map("a"));
  const Reply list = call("GET", core("/configmaps"));
  ASSERT_EQ(list.status, 200);
  EXPECT_EQ(list.body["kind"], "ConfigMapList");
  EXPECT_FALSE(list.version().empty());
  ASSERT_FALSE(list.body["items"].empty());
  EXPECT_FALSE(list.body["items"][0].contains("kind"));
}

TEST_F(Contract, ItemsOfACustomListCarryTheirKind) {
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  const Reply list = call("GET", widgets());
  ASSERT_EQ(list.body["items"].size(), 1u);
  EXPECT_EQ(list.body["items"][0]["kind"], "Widget");
  EXPECT_EQ(list.body["items"][0]["apiVersion"], "contract.gatehouse.dev/v1");
}

TEST_F(Contract, PagesOfAListAreOfOneMoment) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    call("POST", widgets(), widget(name, {{"owner", "ann"}}));
  }
  const Reply first = call("GET", widgets("?limit=2"));
  EXPECT_EQ(names_in(first.body), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(first.body["metadata"]["remainingItemCount"], 3);
  call("DELETE", widgets("/d"));
  const std::string token = first.body["metadata"]["continue"];
  const Reply rest = call("GET", widgets("?limit=10&continue=" + token));
  EXPECT_EQ(names_in(rest.body), (std::vector<std::string>{"c", "d", "e"}));
  EXPECT_EQ(rest.version(), first.version());
  EXPECT_EQ(rest.body["metadata"].value("continue", ""), "");
}

TEST_F(Contract, SelectorsChooseByLabelAndField) {
  Json a = config_map("a");
  a["metadata"]["labels"] = {{"app", "web"}, {"tier", "one"}};
  Json b = config_map("b");
  b["metadata"]["labels"] = {{"app", "mail"}};
  call("POST", core("/configmaps"), a);
  call("POST", core("/configmaps"), b);
  const std::pair<const char*, std::vector<std::string>> rows[] = {
      {"labelSelector=app%3Dweb", {"a"}},
      {"labelSelector=app%20in%20(web,mail)", {"a", "b"}},
      {"labelSelector=app,!tier", {"b"}},
      {"labelSelector=app!%3Dmail,tier", {"a"}},
      {"fieldSelector=metadata.name%3Db", {"b"}},
  };
  for (const auto& [query, wanted] : rows) {
    EXPECT_EQ(names_in(call("GET", core("/configmaps?") + query).body), wanted) << query;
  }
  const Reply unknown = call("GET", core("/configmaps?fieldSelector=data.x%3D1"));
  EXPECT_EQ(unknown.status, 400);
}

TEST_F(Contract, SecretsAreChosenByType) {
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "plain"}}},
                       {"stringData", {{"x", "y"}}}};
  const Reply created = call("POST", core("/secrets"), secret);
  EXPECT_EQ(created.body["data"]["x"], "eQ==");
  EXPECT_EQ(created.body["type"], "Opaque");
  EXPECT_FALSE(created.body.contains("stringData"));
  EXPECT_EQ(names_in(call("GET", core("/secrets?fieldSelector=type%3DOpaque")).body),
            std::vector<std::string>{"plain"});
  EXPECT_TRUE(
      names_in(call("GET", core("/secrets?fieldSelector=type%3Dkubernetes.io/tls")).body).empty());
}

TEST_F(Contract, AWatchTellsWhatCameAfterItsVersionInOrder) {
  const std::string from = call("GET", widgets()).version();
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  Watch watch(widgets("?watch=true&resourceVersion=" + from));
  EXPECT_EQ(type_and_name(watch.next_change()), "ADDED a");
  call("PATCH", widgets("/a"), {{"spec", {{"size", 5}}}}, "application/merge-patch+json");
  const auto modified = watch.next_change();
  EXPECT_EQ(type_and_name(modified), "MODIFIED a");
  EXPECT_EQ(modified->object["spec"]["size"], 5);
  EXPECT_EQ(modified->object["kind"], "Widget");
  call("DELETE", widgets("/a"));
  const auto deleted = watch.next_change();
  EXPECT_EQ(type_and_name(deleted), "DELETED a");
  EXPECT_GT(std::stoll(deleted->object["metadata"]["resourceVersion"].get<std::string>()),
            std::stoll(modified->object["metadata"]["resourceVersion"].get<std::string>()));
}

TEST_F(Contract, AWatchWithoutAVersionBeginsWithWhatThereIs) {
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  Watch watch(widgets("?watch=true"));
  EXPECT_EQ(type_and_name(watch.next_change()), "ADDED a");
}

TEST_F(Contract, AnObjectThatStopsFittingASelectorIsDeletedForItsWatch) {
  Json a = widget("a", {{"owner", "ann"}});
  a["metadata"]["labels"] = {{"app", "web"}};
  const std::string from = call("GET", widgets()).version();
  Watch watch(widgets("?watch=true&labelSelector=app%3Dweb&resourceVersion=" + from));
  call("POST", widgets(), widget("other", {{"owner", "ann"}}));
  call("POST", widgets(), a);
  EXPECT_EQ(type_and_name(watch.next_change()), "ADDED a");
  call("PATCH", widgets("/a"), {{"metadata", {{"labels", {{"app", "mail"}}}}}},
       "application/merge-patch+json");
  EXPECT_EQ(type_and_name(watch.next_change()), "DELETED a");
  call("PATCH", widgets("/a"), {{"metadata", {{"labels", {{"app", "web"}}}}}},
       "application/merge-patch+json");
  EXPECT_EQ(type_and_name(watch.next_change()), "ADDED a");
}

TEST_F(Contract, AWatchThatAllowsBookmarksGetsOneBeforeItsTimeIsOver) {
  call("POST", widgets(), widget("a", {{"owner", "ann"}}));
  const std::string from = call("GET", widgets()).version();
  // A real server looks for due bookmarks every few seconds only, and sends none on a shorter
  // watch.
  const std::string seconds = is_in_memory() ? "1" : "12";
  Watch watch(widgets("?watch=true&allowWatchBookmarks=true&timeoutSeconds=" + seconds +
                      "&resourceVersion=" + from));
  const auto bookmark = watch.next();
  ASSERT_TRUE(bookmark);
  EXPECT_EQ(bookmark->type, "BOOKMARK");
  EXPECT_EQ(bookmark->object["kind"], "Widget");
  EXPECT_FALSE(bookmark->object["metadata"].value("resourceVersion", "").empty());
  EXPECT_FALSE(bookmark->object.contains("spec"));
}

TEST_F(Contract, AWatchFromATooOldVersionEndsWithGone) {
  // The definition of Widget is younger than version 1: no server can tell what came since then.
  Watch watch(widgets("?watch=true&resourceVersion=1"));
  const auto event = watch.next();
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->type == "ERROR" || event->type == "Status") << event->type;
  EXPECT_EQ(event->object["code"], 410);
  EXPECT_EQ(event->object["kind"], "Status");
}

TEST_F(Contract, AnOldContinueTokenIsRefused) {
  const Reply list = call("GET", widgets("?limit=1&continue=nonsense"));
  EXPECT_TRUE(list.status == 400 || list.status == 410) << list.status;
}

TEST_F(Contract, ATableShowsThePrinterColumns) {
  call("POST", widgets(), widget("a", {{"owner", "ann"}, {"size", 7}}));
  const auto answered =
      cluster().send("GET", widgets(), "", "", "application/json;as=Table;v=v1;g=meta.k8s.io");
  ASSERT_TRUE(answered);
  const Json table = Json::parse(answered->body);
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["columnDefinitions"][1]["name"], "Size");
  EXPECT_EQ(table["rows"][0]["cells"], Json::parse(R"(["a", 7])"));
}

TEST_F(Contract, WhatIsNotServedIsNotFound) {
  EXPECT_EQ(call("GET", "/apis/nobody.example/v1/things").status, 404);
  const Reply missing = call("GET", widgets("/nobody"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.reason(), "NotFound");
  EXPECT_EQ(missing.message(), "widgets.contract.gatehouse.dev \"nobody\" not found");
}

TEST_F(Contract, AnUnknownTokenIsUnauthorized) {
  const auto answered = cluster().with_token("nobody").send("GET", "/api/v1/namespaces");
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 401);
  EXPECT_EQ(Json::parse(answered->body)["reason"], "Unauthorized");
}

}  // namespace
}  // namespace fakes::api_server::contract
