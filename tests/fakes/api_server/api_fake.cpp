// The fake's own endpoints, for tests that run it as a process:
//   GET    /fake/writes          the log of writes; DELETE empties it
//   POST   /fake/misbehave       {"method","path","times","status","retryAfterSeconds","hangUp",
//                                 "hangUpAfter","delayMilliseconds"}; DELETE forgets all orders
//   POST   /fake/drop-watches    {"hangUp": true}
//   POST   /fake/close-watches-after {"events": N}
//   POST   /fake/skip-bookmarks  {"skip": true}
//   POST   /fake/expire-by-status {"byStatus": true}
//   POST   /fake/pause           {"milliseconds": N}
//   POST   /fake/compact

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"

namespace fakes::api_server {
namespace {

Json log_of(const std::vector<Write>& writes) {
  Json list = Json::array();
  for (const Write& write : writes) {
    list.push_back({{"verb", write.verb},
                    {"resource", write.resource},
                    {"namespace", write.namespace_},
                    {"name", write.name},
                    {"user", write.user},
                    {"manager", write.manager},
                    {"resourceVersion", write.version}});
  }
  return {{"writes", std::move(list)}};
}

Misbehaviour::Rule rule_of(const Json& order) {
  Misbehaviour::Rule rule;
  rule.method = order.value("method", "");
  rule.path_contains = order.value("path", "");
  rule.times = order.value("times", 1);
  rule.status = order.value("status", 503);
  if (order.contains("retryAfterSeconds")) rule.retry_after_seconds = order["retryAfterSeconds"];
  rule.hang_up = order.value("hangUp", false);
  rule.hang_up_after = order.value("hangUpAfter", false);
  rule.delay = std::chrono::milliseconds(order.value("delayMilliseconds", 0));
  return rule;
}

}  // namespace

Reply Api::answer_fake(const Request& request) {
  const std::string what = request.path.substr(std::string_view("/fake/").size());
  if (what == "writes") {
    if (request.method == "GET") return json_reply(200, log_of(writes_.all()));
    if (request.method == "DELETE") {
      writes_.clear();
      return json_reply(200, Json::object());
    }
  }
  if (what == "misbehave" && request.method == "DELETE") {
    misbehaviour_.clear();
    return json_reply(200, Json::object());
  }
  if (request.method != "POST") return refusal_reply(method_not_allowed());
  const Json order =
      request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
  if (!order.is_object()) return refusal_reply(bad_request("the order is no JSON object"));
  if (what == "misbehave") {
    misbehaviour_.add(rule_of(order));
  } else if (what == "drop-watches") {
    misbehaviour_.drop_watches(order.value("hangUp", true));
    changed_.notify_all();
  } else if (what == "close-watches-after") {
    misbehaviour_.close_watches_after(order.value("events", 0));
  } else if (what == "skip-bookmarks") {
    misbehaviour_.skip_bookmarks(order.value("skip", true));
  } else if (what == "expire-by-status") {
    misbehaviour_.expire_by_status(order.value("byStatus", true));
  } else if (what == "pause") {
    misbehaviour_.pause_for(std::chrono::milliseconds(order.value("milliseconds", 0)));
  } else if (what == "compact") {
    compact();
  } else {
    return refusal_reply(no_such_path());
  }
  return json_reply(200, Json::object());
}

}  // namespace fakes::api_server
