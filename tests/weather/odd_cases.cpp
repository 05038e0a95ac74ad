#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/time_text.h"
#include "tests/weather/case.h"

// What is rarer than the weather of cases.cpp: servers that break RFC 8555 in each place where it
// gives them one, an API that refuses, and settings that people get wrong.
namespace weather {

namespace {

using fakes::AcmeServer;
using nlohmann::json;
using operator_test::FakeCluster;
using operator_test::World;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using Cases = std::vector<Case>;

void set_status(Scene& scene, const std::vector<std::string>& endpoints,
                const std::function<std::string(const std::string&)>& status) {
  for (const std::string& endpoint : endpoints) {
    scene.rewrite(endpoint, [status](json& order) {
      if (order.contains("identifiers")) order["status"] = status(order["status"]);
    });
  }
}

// ---- Orders that go nowhere

void add_orders_that_go_nowhere(Cases& cases) {
  cases.push_back({"an order stays ready whatever is finalized",
                   [](Scene& scene) {
                     auto is_taken = std::make_shared<bool>(false);
                     scene.answer_with("finalize", [is_taken](base::HttpResponse response) {
                       *is_taken = true;
                       return response;
                     });
                     set_status(scene, {"order"}, [is_taken](const std::string& status) {
                       return *is_taken ? "ready" : status;
                     });
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfAWait});
  cases.push_back({"an order goes back and forth",
                   [](Scene& scene) {
                     auto turn = std::make_shared<int>(0);
                     set_status(scene, {"order"}, [turn](const std::string&) {
                       return ++*turn % 2 == 0 ? "pending" : "processing";
                     });
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfAWait});
  cases.push_back({"valid without the URL of a certificate", [](Scene& scene) {
                     scene.rewrite("order", [](json& order) { order.erase("certificate"); });
                     scene.want();
                   }});
  cases.push_back({"the order of before for each order", [](Scene& scene) {
                     auto first = std::make_shared<base::HttpResponse>();
                     scene.answer_with("newOrder", [first](base::HttpResponse response) {
                       if (first->body.empty()) *first = response;
                       base::HttpResponse answer = *first;
                       answer.headers.erase("replay-nonce");
                       answer.headers.emplace("replay-nonce",
                                              response.header("replay-nonce").value_or(""));
                       return answer;
                     });
                     scene.issue();
                     scene.renew("www", 1);
                   }});
  cases.push_back(
      {"an order that had expired before it was placed", [](Scene& scene) {
         for (const char* endpoint : {"newOrder", "order"}) {
           scene.rewrite(endpoint, [](json& order) { order["expires"] = "2020-01-01T00:00:00Z"; });
         }
         scene.want();
       }});
  cases.push_back({"another challenge each time",
                   [](Scene& scene) {
                     auto turn = std::make_shared<int>(0);
                     scene.rewrite("authorization", [turn](json& authorization) {
                       for (json& challenge : authorization["challenges"]) {
                         if (challenge["type"] != "http-01") continue;
                         challenge["token"] = "token-" + std::to_string(++*turn);
                         challenge["url"] = "https://ca.test/chall/" + std::to_string(*turn + 900);
                       }
                     });
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfAWait});
}

// ---- Names, URLs and nonces

void rewritten(Cases& cases, const std::string& name, const std::vector<std::string>& endpoints,
               const std::function<void(json&)>& change, Limits limits = kPace) {
  cases.push_back({name,
                   [=](Scene& scene) {
                     for (const std::string& endpoint : endpoints) scene.rewrite(endpoint, change);
                     scene.want();
                   },
                   nullptr, seconds(10), limits});
}

void set_name(json& resource, const std::string& name) {
  if (resource.contains("identifiers")) resource["identifiers"][0]["value"] = name;
  if (resource.contains("identifier")) resource["identifier"]["value"] = name;
}

void add_names_and_urls(Cases& cases) {
  rewritten(cases, "the server writes names in capitals", {"newOrder", "order", "authorization"},
            [](json& resource) { set_name(resource, "WWW.Shop.EXAMPLE"); }, {1, 20, 4});
  rewritten(cases, "the server writes names with a dot at the end",
            {"newOrder", "order", "authorization"},
            [](json& resource) { set_name(resource, "www.shop.example."); });
  rewritten(cases, "an authorization for a wildcard", {"authorization"},
            [](json& authorization) { authorization["wildcard"] = true; });
  rewritten(cases, "a challenge at another server", {"authorization"}, [](json& authorization) {
    for (json& challenge : authorization["challenges"]) {
      challenge["url"] = "https://elsewhere.test/chall/1";
    }
  });
  rewritten(cases, "an authorization at another server", {"newOrder"},
            [](json& order) { order["authorizations"] = {"https://elsewhere.test/authz/1"}; });
  rewritten(cases, "a certificate at another server", {"order"}, [](json& order) {
    if (order.contains("certificate")) order["certificate"] = "https://elsewhere.test/cert/1";
  });
  cases.push_back({"an order at another server", [](Scene& scene) {
                     scene.answer_with("newOrder", [](base::HttpResponse response) {
                       response.headers.erase("location");
                       response.headers.emplace("location", "https://elsewhere.test/order/1");
                       return response;
                     });
                     scene.want();
                   }});
  cases.push_back({"no answer has a nonce", [](Scene& scene) {
                     scene.ca().spoil("*", AcmeServer::Spoil::no_replay_nonce, 20'000);
                     scene.want();
                     scene.world().restart();
                   }});
  cases.push_back(
      {"HTML with status 200 for everything", [](Scene& scene) {
         scene.answer_with("*", [](base::HttpResponse) {
           return base::HttpResponse{200, {{"content-type", "text/html"}}, "<html>hello</html>"};
         });
         scene.want();
       }});
  for (const char* endpoint : {"authorization", "challenge", "finalize", "certificate"}) {
    cases.push_back({std::string(endpoint) + " redirects", [endpoint](Scene& scene) {
                       scene.answer_with(endpoint, [](base::HttpResponse response) {
                         response.status = 308;
                         response.headers.emplace("location", "https://elsewhere.test/");
                         return response;
                       });
                       scene.want();
                     }});
  }
  cases.push_back({"the directory moves newOrder and the old one is gone", [](Scene& scene) {
                     scene.ca().move_new_order();
                     scene.want();
                   }});
}

// ---- Words of refusal

void refused(Cases& cases, const std::string& how, const std::string& endpoint, int status,
             const std::string& type, const std::string& retry_after, Limits limits = kPace) {
  cases.push_back({how,
                   [=](Scene& scene) {
                     scene.refuse(endpoint, status, type, retry_after);
                     scene.want();
                   },
                   nullptr, seconds(10), limits});
}

void add_refusals(Cases& cases) {
  refused(cases, "429, Retry-After: -5", "newOrder", 429, "rateLimited", "-5");
  refused(cases, "429, Retry-After of twenty digits", "newOrder", 429, "rateLimited",
          "99999999999999999999");
  refused(cases, "429, Retry-After in the year 9999", "newOrder", 429, "rateLimited",
          "Fri, 31 Dec 9999 23:59:59 GMT");
  refused(cases, "503 at newNonce, Retry-After: 0", "newNonce", 503, "", "0", {4, 200, 40});
  refused(cases, "badNonce at everything", "*", 400, "badNonce", "", {140, 320, 40});
  refused(cases, "accountDoesNotExist at newOrder for ever", "newOrder", 400, "accountDoesNotExist",
          "");
  refused(cases, "userActionRequired", "newOrder", 403, "userActionRequired", "");
  refused(cases, "externalAccountRequired", "newOrder", 403, "externalAccountRequired", "");
  refused(cases, "orderNotReady at finalize for ever", "finalize", 403, "orderNotReady", "",
          kPaceOfSilence);
  refused(cases, "badCSR", "finalize", 400, "badCSR", "");
  refused(cases, "404 for the certificate", "certificate", 404, "malformed", "");
  refused(cases, "404 for the order", "order", 404, "malformed", "");
  refused(cases, "500 for the certificate", "certificate", 500, "", "", kPaceOfSilence);
  refused(cases, "alreadyReplaced", "newOrder", 409, "alreadyReplaced", "");
  refused(cases, "a type of problem that nobody knows", "newOrder", 418, "teapot", "");
}

// ---- Chains

void chain(Cases& cases, const std::string& name,
           const std::function<std::string(const std::string&)>& change) {
  cases.push_back({name, [change](Scene& scene) {
                     scene.answer_with("certificate", [change](base::HttpResponse response) {
                       response.body = change(response.body);
                       return response;
                     });
                     scene.want();
                   }});
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

void add_chains(Cases& cases) {
  chain(cases, "a chain of thousands of certificates",
        [](const std::string& body) { return repeated(body, 2000); });
  chain(cases, "a chain of forty certificates",
        [](const std::string& body) { return repeated(body, 20); });
  chain(cases, "a chain of 10 MB",
        [](const std::string& body) { return body + std::string(10u << 20, '\n'); });
  chain(cases, "an empty chain", [](const std::string&) { return std::string(); });
  AcmeServer::Options fewer;
  fewer.names_issued = "DNS:www.shop.example";
  cases.push_back({"the server leaves a name out",
                   [](Scene& scene) {
                     scene.want("www", {"www.shop.example", "api.shop.example"});
                   },
                   nullptr, seconds(10), kPace, fewer});
  AcmeServer::Options more;
  more.names_issued = "DNS:www.shop.example,DNS:extra.shop.example";
  cases.push_back({"the server adds a name",
                   [](Scene& scene) { scene.issue(); },
                   nullptr,
                   seconds(10),
                   {1, 20, 4},
                   more});
  AcmeServer::Options early;
  early.clock_ahead = hours(48);
  cases.push_back({"certificates that are valid only in two days",
                   [](Scene& scene) { scene.want(); }, nullptr, seconds(10), kPace, early});
}

// ---- Accounts and issuers

void add_issuers(Cases& cases) {
  cases.push_back({"another account URL each time",
                   [](Scene& scene) {
                     auto turn = std::make_shared<int>(100);
                     scene.answer_with("newAccount", [turn](base::HttpResponse response) {
                       response.headers.erase("location");
                       response.headers.emplace("location",
                                                "https://ca.test/acct/" + std::to_string(++*turn));
                       return response;
                     });
                     scene.ca().forget_accounts();
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfSilence});
  AcmeServer::Options slow;
  slow.polls_until_done = 20;
  cases.push_back({"an issuer is led to another server in mid-order",
                   [](Scene& scene) {
                     scene.want();
                     scene.world().run_for(seconds(2));
                     operator_test::World& world = scene.world();
                     world.apply_issuer(world.issuer_at(world.other_ca, "ca"));
                   },
                   nullptr, seconds(10), kPace, slow});
  // Three attempts that fail at once, and then one a minute, each with its word in status.
  cases.push_back({"an issuer's mail address changes each second, and the server takes none",
                   [](Scene& scene) {
                     scene.refuse("account", 400, "invalidContact");
                     scene.want();
                   },
                   [](Scene& scene, int i) {
                     json issuer = scene.world().issuer_json();
                     issuer["spec"]["acme"]["email"] = "ops" + std::to_string(i) + "@shop.example";
                     scene.world().apply_issuer(issuer);
                   },
                   seconds(1),
                   {1, 300, 300}});
  cases.push_back({"the issuer is deleted in mid-order and made again each minute",
                   [](Scene& scene) { scene.want(); },
                   [](Scene& scene, int i) {
                     if (i % 2 == 0) {
                       scene.world().cluster.remove(api::Issuer::type(true), {"", "ca"});
                     } else {
                       scene.world().apply_issuer();
                     }
                   },
                   seconds(30),
                   {4, 400, 260},
                   slow});
}

// ---- The API

FakeCluster::Fault on(const std::string& method, const std::string& part,
                      base::Result<base::HttpResponse> answer) {
  return [=](const base::HttpRequest& request) -> std::optional<base::Result<base::HttpResponse>> {
    if (!method.empty() && request.method != method) return std::nullopt;
    if (request.url.find(part) == std::string::npos) return std::nullopt;
    return answer;
  };
}

void api_answers(Cases& cases, const std::string& name, const std::string& method,
                 const std::string& part, const base::Result<base::HttpResponse>& answer) {
  cases.push_back({name, [=](Scene& scene) {
                     scene.world().cluster.fault = on(method, part, answer);
                     scene.want();
                   }});
}

void add_api(Cases& cases) {
  const auto conflict = FakeCluster::status_answer(409, "Conflict", "the object has been modified");
  const auto busy = FakeCluster::status_answer(429, "TooManyRequests", "too many requests");
  const auto broken = FakeCluster::status_answer(500, "InternalError", "etcdserver: no leader");
  const auto forbidden = FakeCluster::status_answer(403, "Forbidden", "secrets is forbidden");
  const auto ending = FakeCluster::status_answer(
      403, "Forbidden",
      "unable to create new content in namespace shop because it is being terminated");
  const auto gone = FakeCluster::status_answer(410, "Expired", "too old");
  const auto immutable = FakeCluster::status_answer(
      422, "Invalid", "data: Forbidden: field is immutable when `immutable` is set");
  const base::Result<base::HttpResponse> silence =
      base::failure(base::ErrorKind::unavailable, "the server did not answer in time");
  api_answers(cases, "a conflict at each write of the Secret", "PATCH", "/secrets/", conflict);
  api_answers(cases, "a conflict at each write of status", "PATCH", "/status", conflict);
  api_answers(cases, "429 of the API at each write", "PATCH", "", busy);
  api_answers(cases, "500 of the API at everything", "", "", broken);
  api_answers(cases, "500 of the API at each read of the Secret", "GET", "/secrets/", broken);
  api_answers(cases, "no answer of the API", "", "", silence);
  api_answers(cases, "410 of the API at each read", "GET", "", gone);
  api_answers(cases, "the operator may not read Secrets", "GET", "/secrets/", forbidden);
  api_answers(cases, "the namespace is being deleted", "PATCH", "/secrets/", ending);
  cases.push_back({"an immutable Secret at a renewal",
                   [immutable](Scene& scene) {
                     scene.issue();
                     scene.change_secret([](json& secret) { secret["immutable"] = true; });
                     scene.world().cluster.fault = on("PATCH", "/secrets/", immutable);
                     scene.renew("www", 1);
                   },
                   nullptr,
                   seconds(10),
                   {1, 20, 5}});
}

// ---- Others at the Secret

void add_writers(Cases& cases) {
  cases.push_back({"others put theirs back each second, each time by another name",
                   [](Scene& scene) {
                     scene.issue();
                     scene.issue("theirs");
                   },
                   [](Scene& scene, int i) {
                     if (scene.chain() == scene.chain("theirs-tls")) return;
                     scene.overwrite_secret(scene.chain("theirs-tls"), scene.key("theirs-tls"));
                     scene.change_secret([i](json& secret) {
                       secret["metadata"]["managedFields"][0]["manager"] =
                           "tool-" + std::to_string(i);
                     });
                   },
                   seconds(1),
                   {4, 200, 60}});
  cases.push_back({"others write rubbish each ten seconds, each time by another name",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     scene.overwrite_secret("rubbish", "rubbish");
                     scene.change_secret([i](json& secret) {
                       secret["metadata"]["managedFields"][0]["manager"] =
                           "tool-" + std::to_string(i);
                     });
                   },
                   seconds(10),
                   {4, 200, 60}});
  cases.push_back({"the Secret becomes Opaque in mid-order",
                   [](Scene& scene) {
                     scene.want();
                     scene.world().run_for(seconds(1));
                     scene.change_secret([](json& secret) { secret["type"] = "Opaque"; });
                   },
                   nullptr, seconds(10), kPace,
                   [] {
                     AcmeServer::Options slow;
                     slow.polls_until_done = 8;
                     return slow;
                   }()});
  // Each time it is said again what is waited for.
  cases.push_back({"status is emptied each ten seconds, and orders fail",
                   [](Scene& scene) {
                     scene.refuse("newOrder", 400, "dns");
                     scene.want();
                   },
                   [](Scene& scene, int) {
                     FakeCluster& cluster = scene.world().cluster;
                     json object = cluster.get(api::Certificate::type(), {"shop", "www"});
                     object["status"] = json::object();
                     cluster.put(api::Certificate::type(), object);
                   },
                   seconds(10),
                   {6, 60, 800}});
  cases.push_back({"another kind of key each minute",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     json object = World::certificate_json({"www.shop.example"});
                     object["spec"]["privateKey"] = {{"algorithm", i % 2 == 0 ? "RSA" : "ECDSA"}};
                     scene.want(object);
                   },
                   minutes(1),
                   {4, 200, 140}});
  cases.push_back({"two Certificates for the same names", [](Scene& scene) {
                     scene.want("www", {"www.shop.example"});
                     scene.want("again", {"www.shop.example"});
                   }});
}

// ---- Clocks

void add_clocks(Cases& cases) {
  cases.push_back(
      {"ARI: a window in the past, and our clock goes back an hour each five minutes",
       [](Scene& scene) {
         scene.ca().set_renewal_window(scene.clock().now() - hours(48),
                                       scene.clock().now() - hours(24));
         scene.issue();
       },
       [](Scene& scene, int) { scene.clock().set_wall(scene.clock().now() - hours(1)); },
       minutes(5)});
  cases.push_back({"orders fail while our clock is a year ahead, and then it is right",
                   [](Scene& scene) {
                     scene.clock().set_wall(scene.clock().now() + hours(24 * 365));
                     scene.refuse("newOrder", 429, "rateLimited", "600");
                     scene.want();
                   },
                   [](Scene& scene, int i) {
                     if (i != 1) return;
                     scene.ca().forget_faults();
                     scene.clock().set_wall(scene.clock().now() - hours(24 * 365));
                   },
                   minutes(10)});
  cases.push_back(
      {"our clock was two hours ahead at the start, and every answer to newOrder is lost",
       [](Scene& scene) {
         scene.clock().set_wall(scene.clock().now() + hours(2));
         scene.world().restart();
         scene.world().run_for(seconds(5));
         scene.clock().set_wall(scene.clock().now() - hours(2));
         scene.ca().lose_answers("newOrder", 1000);
         scene.want();
       },
       nullptr, seconds(10), kPaceOfSilence});
  cases.push_back({"our clock jumps a year ahead and back, each five minutes",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     const auto year = hours(24 * 365);
                     scene.clock().set_wall(scene.clock().now() + (i % 2 == 0 ? year : -year));
                   },
                   minutes(5)});
  cases.push_back({"our clock jumps ten years ahead and stays there", [](Scene& scene) {
                     scene.issue();
                     scene.clock().set_wall(scene.clock().now() + hours(24 * 3650));
                   }});
  cases.push_back({"our clock goes back by twenty years and stays there", [](Scene& scene) {
                     scene.issue();
                     scene.clock().set_wall(scene.clock().now() - hours(24 * 7300));
                     scene.renew("www", 1);
                   }});
}

// ---- Names that people write

void name_of_people(Cases& cases, const std::string& what, const std::vector<std::string>& names,
                    Limits limits = {0, 0, 1}) {
  cases.push_back(
      {what, [names](Scene& scene) { scene.want("www", names); }, nullptr, seconds(10), limits});
}

void add_names(Cases& cases) {
  name_of_people(cases, "a name with a dot at the end", {"www.shop.example."});
  name_of_people(cases, "an international name",
                 {"b\xC3\xBC"
                  "cher.example"});
  name_of_people(cases, "an empty name", {""});
  name_of_people(cases, "an address among the names", {"10.0.0.1"});
  name_of_people(cases, "a name without a dot", {"localhost"}, {1, 20, 4});
  name_of_people(cases, "a name of 254 characters", {repeated("abcdefghi.", 25) + "abcd"});
  name_of_people(cases, "names in capitals, twice", {"WWW.Shop.Example", "www.shop.example"},
                 {1, 20, 4});
  std::vector<std::string> many;
  for (int i = 0; i < 101; ++i) many.push_back("n" + std::to_string(i) + ".shop.example");
  name_of_people(cases, "101 names", many, {1, 400, 4});
  cases.push_back({"an address that is none",
                   [](Scene& scene) {
                     json object = World::certificate_json({"www.shop.example"});
                     object["spec"]["ipAddresses"] = {"10.0.0.999"};
                     scene.want(object);
                   },
                   nullptr,
                   seconds(10),
                   {0, 0, 1}});
}

}  // namespace

void add_odd_cases(std::vector<Case>& cases) {
  add_orders_that_go_nowhere(cases);
  add_names_and_urls(cases);
  add_refusals(cases);
  add_chains(cases);
  add_issuers(cases);
  add_api(cases);
  add_writers(cases);
  add_clocks(cases);
  add_names(cases);
}

}  // namespace weather
