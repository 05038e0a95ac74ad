#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/time_text.h"
#include "tests/weather/case.h"

namespace weather {

namespace {

using fakes::AcmeServer;
using nlohmann::json;
using operator_test::World;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using Cases = std::vector<Case>;

AcmeServer::Options slow_server(int polls) {
  AcmeServer::Options options;
  options.polls_until_done = polls;
  return options;
}

// ---- Refusals, and how long they ask to wait

void refused(Cases& cases, const std::string& how, int status, const std::string& type,
             const std::string& retry_after, Limits limits = kPace) {
  cases.push_back({how,
                   [=](Scene& scene) {
                     scene.refuse("newOrder", status, type, retry_after);
                     scene.want();
                   },
                   nullptr, seconds(10), limits});
}

void add_refusals(Cases& cases) {
  refused(cases, "429 without Retry-After", 429, "rateLimited", "");
  refused(cases, "429, Retry-After: 0", 429, "rateLimited", "0");
  refused(cases, "429, Retry-After: 1", 429, "rateLimited", "1");
  refused(cases, "429, Retry-After: 7200", 429, "rateLimited", "7200");
  refused(cases, "429, Retry-After as a date ahead", 429, "rateLimited",
          "Thu, 01 Jan 2026 00:30:00 GMT");
  refused(cases, "429, Retry-After as a date in the past", 429, "rateLimited",
          "Wed, 31 Dec 2025 00:00:00 GMT");
  refused(cases, "429, Retry-After that cannot be read", 429, "rateLimited", "soon");
  refused(cases, "503 of a proxy in front, Retry-After: 0", 503, "", "0");
  refused(cases, "500 of a proxy in front", 500, "", "", kPaceOfSilence);
  refused(cases, "serverInternal", 500, "serverInternal", "", kPaceOfSilence);
  // A nonce that is refused makes no order, and is tried again with the next, ten times (RFC 8555
  // §6.5).
  refused(cases, "badNonce each time", 400, "badNonce", "", {140, 160, 40});
  refused(cases, "rejectedIdentifier", 400, "rejectedIdentifier", "");
  refused(cases, "unauthorized, and the account is good", 403, "unauthorized", "");
  refused(cases, "malformed, and the account is good", 400, "malformed", "");
  cases.push_back({"429 at each challenge, Retry-After: 0", [](Scene& scene) {
                     scene.refuse("challenge", 429, "rateLimited", "0");
                     scene.want();
                   }});
  cases.push_back({"429 at finalize, Retry-After: 1", [](Scene& scene) {
                     scene.refuse("finalize", 429, "rateLimited", "1");
                     scene.want();
                   }});
  cases.push_back({"429 for the names, and other names each minute",
                   [](Scene& scene) {
                     scene.refuse("newOrder", 429, "rateLimited", "7200",
                                  "already issued for this exact set of identifiers");
                     scene.want();
                   },
                   [](Scene& scene, int minute) {
                     scene.want("www", {"www" + std::to_string(minute) + ".shop.example"});
                   },
                   minutes(1),
                   {6, 300, 140}});
}

// ---- No answer, or none that can be read

void add_silence(Cases& cases) {
  for (const char* endpoint :
       {"newOrder", "authorization", "challenge", "order", "finalize", "certificate"}) {
    cases.push_back({std::string(endpoint) + " hangs",
                     [endpoint](Scene& scene) {
                       scene.hang(endpoint);
                       scene.want();
                     },
                     nullptr, seconds(10), kPaceOfSilence});
  }
  cases.push_back({"newNonce hangs, and the nonces that were left are old",
                   [](Scene& scene) {
                     scene.world().run_for(minutes(10));
                     scene.hang("newNonce");
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfSilence});
  cases.push_back({"directory hangs, and the operator is restarted",
                   [](Scene& scene) {
                     scene.hang("directory");
                     scene.want();
                     scene.world().restart();
                   },
                   nullptr, seconds(10), kPaceOfSilence});
  cases.push_back(
      {"newAccount hangs, and the account's key is gone",
       [](Scene& scene) {
         scene.hang("newAccount");
         scene.world().cluster.remove(kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
         scene.world().run_for(seconds(1));
         scene.want();
       },
       nullptr, seconds(10), kPaceOfSilence});
  cases.push_back({"the server goes away altogether",
                   [](Scene& scene) {
                     scene.lose_requests("*");
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfSilence});
  cases.push_back({"every answer to newOrder is lost",
                   [](Scene& scene) {
                     scene.ca().lose_answers("newOrder", 1000);
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfSilence});
  cases.push_back({"every answer to finalize is lost", [](Scene& scene) {
                     scene.ca().lose_answers("finalize", 1000);
                     scene.want();
                   }});
  for (const auto& [name, how] :
       {std::pair("JSON that ends in the middle", AcmeServer::Spoil::malformed_json),
        std::pair("HTML for JSON", AcmeServer::Spoil::wrong_content_type),
        std::pair("an order without its place", AcmeServer::Spoil::no_location),
        std::pair("an answer of 2 MiB", AcmeServer::Spoil::oversized_body)}) {
    cases.push_back({std::string("newOrder answers with ") + name, [how](Scene& scene) {
                       scene.ca().spoil("newOrder", how, 1000);
                       scene.want();
                     }});
  }
  cases.push_back({"a chain that ends in the middle", [](Scene& scene) {
                     scene.ca().spoil("certificate", AcmeServer::Spoil::truncated_body, 1000);
                     scene.want();
                   }});
  cases.push_back({"no directory any more", [](Scene& scene) {
                     scene.refuse("directory", 404, "");
                     scene.want();
                     scene.world().restart();
                   }});
}

// ---- Orders that do not end, and answers that are none of ours

void add_orders(Cases& cases) {
  cases.push_back({"processing for ever",
                   [](Scene& scene) {
                     const auto never_done = [](json& order) {
                       if (order.value("status", "") == "valid") order["status"] = "processing";
                       order.erase("certificate");
                     };
                     scene.rewrite("order", never_done);
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfAWait});
  cases.push_back({"pending for ever after the answer", [](Scene& scene) { scene.want(); }, nullptr,
                   seconds(10), kPaceOfAWait, slow_server(1'000'000)});
  cases.push_back({"pending for ever, Retry-After: 0",
                   [](Scene& scene) {
                     for (const char* endpoint : {"order", "authorization", "challenge"}) {
                       scene.ca().set_retry_after(endpoint, "0");
                     }
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfAWait, slow_server(1'000'000)});
  cases.push_back({"an order that expires in ten minutes",
                   [](Scene& scene) {
                     const std::string soon = base::to_rfc3339(scene.clock().now() + minutes(10));
                     for (const char* endpoint : {"newOrder", "order"}) {
                       scene.rewrite(endpoint, [soon](json& order) { order["expires"] = soon; });
                     }
                     scene.want();
                   },
                   nullptr, seconds(10), kPaceOfAWait, slow_server(1'000'000)});
  cases.push_back({"the order is invalid and nobody says why", [](Scene& scene) {
                     scene.rewrite("order", [](json& order) { order["status"] = "invalid"; });
                     scene.want();
                   }});
  cases.push_back({"validation fails: nothing listens on port 80", [](Scene& scene) {
                     scene.ca().fail_validation("www.shop.example", "connection",
                                                "Connection refused");
                     scene.want();
                   }});
  cases.push_back({"validation fails: a redirect in front", [](Scene& scene) {
                     scene.ca().fail_validation(
                         "www.shop.example", "unauthorized",
                         "Invalid response from https://www.shop.example/login: 404");
                     scene.want();
                   }});
  cases.push_back({"an authorization for another's host", [](Scene& scene) {
                     scene.rewrite("authorization", [](json& authorization) {
                       authorization["identifier"]["value"] = "pay.victim.example";
                     });
                     scene.want();
                   }});
  cases.push_back({"an order for another's host", [](Scene& scene) {
                     scene.rewrite("newOrder", [](json& order) {
                       order["identifiers"][0]["value"] = "pay.victim.example";
                     });
                     scene.want();
                   }});
  cases.push_back({"an order that leads to another server", [](Scene& scene) {
                     scene.rewrite("newOrder", [](json& order) {
                       order["finalize"] = "https://elsewhere.test/finalize";
                     });
                     scene.want();
                   }});
  cases.push_back({"no http-01 among the challenges", [](Scene& scene) {
                     scene.rewrite("authorization", [](json& authorization) {
                       for (json& challenge : authorization["challenges"]) {
                         challenge["type"] = "dns-01";
                       }
                     });
                     scene.want();
                   }});
  cases.push_back({"another's certificate for the order", [](Scene& scene) {
                     scene.issue("other");
                     const std::string chain = scene.chain("other-tls");
                     scene.answer_with("certificate", [chain](base::HttpResponse response) {
                       response.body = chain;
                       return response;
                     });
                     scene.want();
                   }});
  for (const char* endpoint : {"newOrder", "order", "directory"}) {
    cases.push_back({std::string(endpoint) + " redirects", [endpoint](Scene& scene) {
                       scene.answer_with(endpoint, [](base::HttpResponse response) {
                         response.status = 302;
                         response.headers.emplace("location", "https://elsewhere.test/");
                         return response;
                       });
                       scene.want();
                       scene.world().restart();
                     }});
  }
}

// ---- Renewal information (RFC 9773)

void renewal_window(Cases& cases, const std::string& what, hours start, hours end) {
  cases.push_back({"ARI: a window " + what, [=](Scene& scene) {
                     scene.ca().set_renewal_window(scene.clock().now() + start,
                                                   scene.clock().now() + end);
                     scene.issue();
                   }});
}

void add_renewal_information(Cases& cases) {
  renewal_window(cases, "in the past", hours(-48), hours(-24));
  renewal_window(cases, "that is now", hours(-1), hours(1));
  renewal_window(cases, "of no length in the past", hours(-1), hours(-1));
  renewal_window(cases, "that ends before it begins", hours(24), hours(-24));
  // As text: a clock of nanoseconds in 64 bits ends in 2262.
  cases.push_back({"ARI: a window in a thousand years", [](Scene& scene) {
                     scene.rewrite("renewalInfo", [](json& info) {
                       info["suggestedWindow"] = {{"start", "3026-11-28T00:00:00Z"},
                                                  {"end", "3026-11-29T00:00:00Z"}};
                     });
                     scene.issue();
                   }});
  cases.push_back({"ARI: a window that moves, Retry-After: 0",
                   [](Scene& scene) {
                     scene.ca().set_retry_after("renewalInfo", "0");
                     scene.issue();
                   },
                   [](Scene& scene, int i) {
                     scene.ca().set_renewal_window(scene.clock().now() + hours(i),
                                                   scene.clock().now() + hours(i + 1));
                   },
                   minutes(1),
                   {4, 200, 80}});
  cases.push_back({"ARI: times that cannot be read", [](Scene& scene) {
                     scene.rewrite("renewalInfo", [](json& info) {
                       info["suggestedWindow"] = {{"start", "yesterday"}, {"end", 7}};
                     });
                     scene.issue();
                   }});
  cases.push_back({"ARI: 404", [](Scene& scene) {
                     scene.refuse("renewalInfo", 404, "malformed");
                     scene.issue();
                   }});
  cases.push_back({"ARI: 503, Retry-After: 0", [](Scene& scene) {
                     scene.refuse("renewalInfo", 503, "", "0");
                     scene.issue();
                   }});
  cases.push_back({"ARI hangs", [](Scene& scene) {
                     scene.hang("renewalInfo");
                     scene.issue();
                   }});
}

// ---- Accounts

void add_accounts(Cases& cases) {
  cases.push_back({"the server forgets the account again and again",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     scene.ca().forget_accounts();
                     if (i % 6 == 0) scene.renew("www", i);
                   },
                   seconds(10), kPaceOfSilence});
  cases.push_back({"the account is deactivated", [](Scene& scene) {
                     for (const char* endpoint : {"newOrder", "account", "newAccount"}) {
                       scene.refuse(endpoint, 403, "unauthorized", "", "account is deactivated");
                     }
                     scene.want();
                   }});
  cases.push_back(
      {"the account's key Secret is deleted each minute", [](Scene& scene) { scene.want(); },
       [](Scene& scene, int) {
         scene.world().cluster.remove(kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
       },
       minutes(1)});
  cases.push_back({"the account's key cannot be read", [](Scene& scene) {
                     json secret = scene.world().cluster.get(
                         kube::Secret::type(), {"gatehouse-system", "ca-account-key"});
                     secret["data"]["tls.key"] = base::base64_encode("no key");
                     scene.world().cluster.put(kube::Secret::type(), secret);
                     scene.world().restart();
                     scene.want();
                   }});
}

// ---- Others at the Secret

void add_secret_fights(Cases& cases) {
  const auto two = [](Scene& scene) {
    scene.issue();
    scene.issue("theirs");
  };
  const auto put_theirs = [](Scene& scene, int) {
    if (scene.chain() != scene.chain("theirs-tls")) {
      scene.overwrite_secret(scene.chain("theirs-tls"), scene.key("theirs-tls"));
    }
  };
  cases.push_back({"another controller puts its certificate back each second",
                   two,
                   put_theirs,
                   seconds(1),
                   {4, 200, 60}});
  cases.push_back({"the Secret is deleted whenever it appears",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int) { scene.delete_secret(); },
                   seconds(5),
                   {4, 200, 60}});
  cases.push_back({"the Secret is deleted in mid-order",
                   [](Scene& scene) { scene.want(); },
                   [](Scene& scene, int) { scene.delete_secret(); },
                   seconds(2),
                   {4, 200, 60},
                   slow_server(3)});
  cases.push_back(
      {"somebody swaps the key each ten seconds",
       two,
       [](Scene& scene, int) { scene.overwrite_secret(scene.chain(), scene.key("theirs-tls")); },
       seconds(10),
       {4, 200, 60}});
  cases.push_back({"somebody takes our annotations away each ten seconds",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int) {
                     scene.change_secret(
                         [](json& secret) { secret["metadata"].erase("annotations"); });
                   },
                   seconds(10),
                   {4, 200, 40}});
  cases.push_back({"a Secret of another type is in the way", [](Scene& scene) {
                     scene.world().cluster.put(
                         kube::Secret::type(),
                         {{"metadata", {{"name", "www-tls"}, {"namespace", "shop"}}},
                          {"type", "Opaque"},
                          {"data", {{"mine", "Ym9v"}}}});
                     scene.want();
                   }});
  cases.push_back({"the API refuses the Secret", [](Scene& scene) {
                     scene.world().cluster.refusal_of_applies = "denied by a webhook";
                     scene.want();
                   }});
  cases.push_back({"two Certificates want one Secret", [](Scene& scene) {
                     scene.issue();
                     json younger = World::certificate_json({"api.shop.example"}, "younger");
                     younger["spec"]["secretName"] = "www-tls";
                     younger["metadata"]["creationTimestamp"] = "2026-01-01T00:00:09Z";
                     scene.want(younger);
                   }});
}

// ---- Clocks, and lives that do not fit the settings

void add_clocks(Cases& cases) {
  AcmeServer::Options ahead;
  ahead.clock_ahead = hours(2);
  cases.push_back({"the server's clock is two hours ahead", [](Scene& scene) { scene.issue(); },
                   nullptr, seconds(10), kPace, ahead});
  AcmeServer::Options behind;
  behind.clock_ahead = -hours(2);
  behind.certificate_lifetime = hours(1);
  cases.push_back({"certificates have expired when they are issued",
                   [](Scene& scene) { scene.want(); }, nullptr, seconds(10), kPace, behind});
  AcmeServer::Options backdated;
  backdated.backdated = hours(1);
  backdated.certificate_lifetime = hours(2);
  cases.push_back({"certificates of two hours, backdated by one",
                   [](Scene& scene) { scene.issue(); }, nullptr, seconds(10), kPace, backdated});
  AcmeServer::Options minutes_only;
  minutes_only.certificate_lifetime = minutes(6);
  cases.push_back({"certificates of six minutes",
                   [](Scene& scene) { scene.issue(); },
                   nullptr,
                   seconds(10),
                   {10, 200, 60},
                   minutes_only});
  cases.push_back({"our clock jumps a day ahead and back, each five minutes",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     const auto day = i % 2 == 0 ? hours(24) : hours(-24);
                     scene.clock().set_wall(scene.clock().now() + day);
                   },
                   minutes(5)});
  cases.push_back({"renewBefore beyond the life", [](Scene& scene) {
                     json object = World::certificate_json({"www.shop.example"});
                     object["spec"]["renewBefore"] = "9000h";
                     scene.want(object);
                   }});
  cases.push_back({"renewBefore a second below the life", [](Scene& scene) {
                     json object = World::certificate_json({"www.shop.example"});
                     object["spec"]["renewBefore"] = "2159h59m59s";
                     scene.want(object);
                   }});
}

// ---- People

void add_people(Cases& cases) {
  cases.push_back({"renew-requested each minute", [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) { scene.renew("www", i); }, minutes(1)});
  cases.push_back({"other names each minute",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     scene.want("www", {"www" + std::to_string(i % 7) + ".shop.example"});
                   },
                   minutes(1),
                   {5, 200, 140}});
  cases.push_back({"the Certificate is deleted and made again each minute",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int) {
                     scene.world().cluster.remove(api::Certificate::type(), {"shop", "www"});
                     scene.world().run_for(seconds(1));
                     scene.want();
                   },
                   minutes(1),
                   {4, 200, 140}});
  cases.push_back({"a wildcard", [](Scene& scene) { scene.want("www", {"*.shop.example"}); }});
  cases.push_back({"a label of 64 characters",
                   [](Scene& scene) { scene.want("www", {std::string(64, 'a') + ".example"}); }});
  cases.push_back({"an issuer that does not exist", [](Scene& scene) {
                     json object = World::certificate_json({"www.shop.example"});
                     object["spec"]["issuerRef"]["name"] = "nobody";
                     scene.want(object);
                   }});
}

// ---- Several issuers

json of_issuer(const std::string& name, const std::string& issuer) {
  json object = World::certificate_json({name + ".shop.example"}, name);
  object["spec"]["issuerRef"]["name"] = issuer;
  return object;
}

void add_issuers(Cases& cases) {
  // Twelve attempts at the server that hangs, each with the write before its order and the one of
  // its failure (decision 0106); four of the other Certificate, and two of its issuer.
  cases.push_back({"one issuer's server hangs, another's is well",
                   [](Scene& scene) {
                     operator_test::World& world = scene.world();
                     world.apply_issuer(world.issuer_at(world.other_ca, "other"));
                     scene.hang("newOrder");
                     scene.want(World::certificate_json({"stuck.shop.example"}, "stuck"));
                     scene.want(of_issuer("well", "other"));
                   },
                   nullptr,
                   seconds(10),
                   {15, 60, 30}});
  cases.push_back({"an issuer is led from one server to another, and back each ten minutes",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     operator_test::World& world = scene.world();
                     const auto& server = i % 2 == 0 ? world.other_ca : world.ca;
                     world.apply_issuer(world.issuer_at(server, "ca"));
                   },
                   minutes(10),
                   {4, 80, 60}});
  cases.push_back(
      {"a Certificate goes from one issuer to another each minute",
       [](Scene& scene) {
         operator_test::World& world = scene.world();
         world.apply_issuer(world.issuer_at(world.other_ca, "other"));
         scene.issue();
       },
       [](Scene& scene, int i) { scene.want(of_issuer("www", i % 2 == 0 ? "other" : "ca")); },
       minutes(1),
       {4, 120, 140}});
}

// ---- Our own side

void add_our_side(Cases& cases) {
  cases.push_back({"proxies come and go each ten seconds",
                   [](Scene& scene) { scene.issue(); },
                   [](Scene& scene, int i) {
                     scene.world().data_plane.ready = static_cast<std::size_t>(1 + i % 5);
                     scene.world().proxies_changed();
                   },
                   seconds(10),
                   {1, 30, 8}});
  cases.push_back({"no proxy at all", [](Scene& scene) {
                     scene.world().data_plane.ready = 0;
                     scene.want();
                   }});
  cases.push_back({"a proxy that answers nothing right", [](Scene& scene) {
                     scene.world().data_plane.deaf = 1;
                     scene.want();
                   }});
  cases.push_back({"a proxy that cannot be reached", [](Scene& scene) {
                     scene.world().data_plane.silent = 1;
                     scene.want();
                   }});
  cases.push_back({"the operator is restarted each ten seconds",
                   [](Scene& scene) { scene.want(); },
                   [](Scene& scene, int) { scene.world().restart(); },
                   seconds(10),
                   {4, 5000, 40},
                   slow_server(1000)});
  cases.push_back({"a view that lags behind",
                   [](Scene& scene) {
                     scene.world().store_lag = 8;
                     scene.issue();
                   },
                   [](Scene& scene, int i) { scene.renew("www", i); }, minutes(5)});
}

// ---- All of it

void strike(Scene& scene, int i) {
  static const std::vector<std::string> kEndpoints = {"newOrder",  "order",      "authorization",
                                                      "challenge", "finalize",   "certificate",
                                                      "newNonce",  "renewalInfo"};
  const std::string endpoint = kEndpoints[static_cast<std::size_t>(scene.random(8))];
  AcmeServer::Refusal busy;
  busy.status = 429;
  busy.type = "rateLimited";
  busy.retry_after = std::to_string(scene.random(3));
  switch (scene.random(14)) {
    case 0:
      return scene.delete_secret();
    case 1:
      return scene.overwrite_secret(scene.chain("api-tls"), scene.key("api-tls"));
    case 2:
      return scene.ca().refuse(endpoint, busy);
    case 3:
      return scene.ca().lose_answers(endpoint, 2);
    case 4:
      return scene.ca().lose_requests(endpoint, 2);
    case 5:
      return scene.ca().hang(endpoint, [&scene] { scene.clock().advance(seconds(20)); });
    case 6:
      return scene.ca().spoil(endpoint, AcmeServer::Spoil::malformed_json);
    case 7:
      return scene.renew("www", i);
    case 8:
      return scene.ca().forget_accounts();
    case 9:
      return scene.world().restart();
    case 10:
      scene.world().data_plane.silent = static_cast<std::size_t>(scene.random(2));
      scene.world().data_plane.ready = static_cast<std::size_t>(scene.random(4));
      return scene.world().proxies_changed();
    case 11:
      return scene.clock().set_wall(scene.clock().now() + minutes(scene.random(9) - 4));
    case 12:
      return scene.ca().refuse_nonces(3);
    default:
      return scene.ca().forget_faults();
  }
}

void add_all_at_once(Cases& cases) {
  cases.push_back({"all faults at once, three Certificates",
                   [](Scene& scene) {
                     scene.ca().set_renewal_window(scene.clock().now() - hours(48),
                                                   scene.clock().now() - hours(24));
                     for (const char* name : {"www", "api", "mail"}) scene.issue(name);
                   },
                   strike,
                   seconds(10),
                   {30, 3000, 600}});
}

}  // namespace

std::vector<Case> all_cases() {
  Cases cases;
  cases.push_back(
      {"good weather", [](Scene& scene) { scene.issue(); }, nullptr, seconds(10), {1, 20, 4}});
  add_refusals(cases);
  add_silence(cases);
  add_orders(cases);
  add_renewal_information(cases);
  add_accounts(cases);
  add_secret_fights(cases);
  add_clocks(cases);
  add_people(cases);
  add_issuers(cases);
  add_our_side(cases);
  add_odd_cases(cases);
  add_all_at_once(cases);
  return cases;
}

}  // namespace weather
