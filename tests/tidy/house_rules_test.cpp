// The rules of the house, as ordinary tests over the source tree. When one fails, either the change
// is in the wrong room, or the rule is wrong: then change it here, with a decision in
// docs/decisions.

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

struct SourceFile {
  std::string path;  // relative to the top of the tree, "kube/client.cpp"
  std::string text;
  std::vector<std::string> includes;  // as written, without quotes or brackets

  bool is_in(const std::string& room) const { return path.rfind(room + "/", 0) == 0; }
  bool is_header() const { return path.ends_with(".h"); }
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> includes_of(const std::string& text) {
  static const std::regex include_line(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, include_line)) found.push_back(match[1]);
  }
  return found;
}

std::vector<SourceFile> read_tree() {
  const fs::path top = GATEHOUSE_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const std::string room : {"base", "acme", "kube", "proxy", "operator", "tests", "e2e"}) {
    if (!fs::exists(top / room)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top / room)) {
      const std::string extension = entry.path().extension().string();
      if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".h")) continue;
      SourceFile file{
          fs::relative(entry.path(), top).generic_string(), read_file(entry.path()), {}};
      file.includes = includes_of(file.text);
      files.push_back(std::move(file));
    }
  }
  return files;
}

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> files = read_tree();
  return files;
}

// "path includes what" for every include that `is_wrong` says must not be.
std::vector<std::string> breaches(
    const std::function<bool(const SourceFile&, const std::string&)>& is_wrong) {
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    for (const auto& include : file.includes) {
      if (is_wrong(file, include)) found.push_back(file.path + " includes " + include);
    }
  }
  return found;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.rfind(prefix, 0) == 0; });
}

// The files of the product (not of its tests) that include something that starts so.
std::set<std::string> product_files_including(const std::vector<std::string>& prefixes) {
  std::set<std::string> found;
  for (const auto& file : tree()) {
    if (file.is_in("tests") || file.is_in("e2e")) continue;
    for (const auto& include : file.includes) {
      if (starts_with_any(include, prefixes)) found.insert(file.path);
    }
  }
  return found;
}

TEST(HouseRules, TheTreeIsThere) {
  ASSERT_GT(tree().size(), 50u);
}

TEST(HouseRules, BaseKnowsNoneOfOurDomains) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return file.is_in("base") &&
                       starts_with_any(include, {"acme/", "kube/", "proxy/", "operator/"});
              }),
              IsEmpty());
}

TEST(HouseRules, AcmeAndKubeDoNotKnowEachOther) {
  EXPECT_THAT(
      breaches([](const SourceFile& file, const std::string& include) {
        return (file.is_in("acme") && starts_with_any(include, {"kube/", "proxy/", "operator/"})) ||
               (file.is_in("kube") && starts_with_any(include, {"acme/", "proxy/", "operator/"}));
      }),
      IsEmpty());
}

TEST(HouseRules, TheProxyKnowsNoKubernetesAndNoAcme) {
  EXPECT_THAT(
      breaches([](const SourceFile& file, const std::string& include) {
        return file.is_in("proxy") && starts_with_any(include, {"kube/", "acme/", "operator/"});
      }),
      IsEmpty());
}

TEST(HouseRules, TheOperatorSeesOnlyTheContractOfTheProxy) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return file.is_in("operator") && starts_with_any(include, {"proxy/"}) &&
                       !starts_with_any(include, {"proxy/config/"});
              }),
              IsEmpty());
}

// Each is a library. Who stands above may know who stands below, and nobody the other way round:
// Ingresses know nothing of orders, nor certificates of Ingresses; program puts them together.
TEST(HouseRules, TheRoomsOfTheOperatorKnowEachOtherOneWay) {
  const std::map<std::string, std::set<std::string>> may_know = {
      {"api", {}},
      {"issuer", {"api"}},
      {"certificate", {"api", "issuer"}},
      {"routing", {"api"}},
      {"ingress", {"api", "routing"}},
      {"control", {}},
      {"check", {"api", "routing", "ingress"}},
      {"program", {"api", "issuer", "certificate", "routing", "ingress", "control"}},
  };
  const auto room_of = [](const std::string& path) {
    const std::size_t begin = std::string("operator/").size();
    return path.substr(begin, path.find('/', begin) - begin);
  };
  std::set<std::string> unknown;
  EXPECT_THAT(breaches([&](const SourceFile& file, const std::string& include) {
                if (!file.is_in("operator") || !starts_with_any(include, {"operator/"})) {
                  return false;
                }
                if (file.path == "operator/main.cpp") return false;
                const std::string room = room_of(file.path);
                const std::string known = room_of(include);
                if (may_know.count(room) == 0) unknown.insert(room);
                return room != known && may_know.count(room) != 0 &&
                       may_know.at(room).count(known) == 0;
              }),
              IsEmpty());
  EXPECT_THAT(unknown, IsEmpty()) << "say in the table whom these rooms may know";
}

// Whoever asks for hosts and routes, an Ingress or another kind, is read into one form before.
TEST(HouseRules, RoutingIsTypedOnNoFrontEnd) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return (file.is_in("operator/routing") || file.is_in("tests/operator/routing")) &&
                       starts_with_any(include, {"kube/resources/ingress", "operator/ingress/",
                                                 "tests/operator/ingress/"});
              }),
              IsEmpty());
}

// Who reads objects says what they ask for (routing/intent.h) and what they have to do with
// (routing/compile_rounds.h), and routing what becomes of it.
TEST(HouseRules, FrontEndsFillIntentsAndNoTables) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return file.is_in("operator/ingress") &&
                       starts_with_any(
                           include,
                           {"operator/routing/asked_certificates",
                            "operator/routing/backend_troubles", "operator/routing/claimant_uses",
                            "operator/routing/compiled_groups", "operator/routing/config_of_groups",
                            "operator/routing/foreign_claims", "operator/routing/guard_table",
                            "operator/routing/host_table", "operator/routing/served_hosts",
                            "operator/routing/shape_table", "operator/routing/sni_table"});
              }),
              IsEmpty());
}

// In one order for all kinds of claimants (routing/add_by_age.h).
TEST(HouseRules, WhoGoesFirstAndWhoHasRoomIsDecidedInRouting) {
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    if (!file.is_in("operator") || file.is_in("operator/routing")) continue;
    for (const char* const decides : {"close_beside(", "find_room(", "Admission admission"}) {
      if (file.text.find(decides) != std::string::npos) found.push_back(file.path);
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

// What it says to claimants names the kind of each. Comments may have an example.
TEST(HouseRules, RoutingHasNoWordForAFrontEnd) {
  const std::regex comment(R"(//[^\n]*)");
  const std::regex front_end(R"(\b(Ingress(es)?|ingress|HTTPRoutes?)\b(?!-))");
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    if (!file.is_in("operator/routing")) continue;
    if (std::regex_search(std::regex_replace(file.text, comment, ""), front_end)) {
      found.push_back(file.path);
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

// Without an account at a CA there is nothing to do with orders; without the contract, with
// proxies.
TEST(HouseRules, OrdersAndProxiesAreKnownWhereTheyAreTheSubject) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                const bool is_about_orders =
                    starts_with_any(file.path, {"operator/issuer/", "operator/certificate/"});
                return file.is_in("operator") && !is_about_orders &&
                       starts_with_any(include, {"acme/"});
              }),
              IsEmpty());
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return starts_with_any(file.path, {"operator/issuer/", "operator/certificate/"}) &&
                       starts_with_any(include, {"proxy/"});
              }),
              IsEmpty());
}

// A store with watches of its own would be started, stopped and waited for by whoever thinks of it
// (kube/cache.h).
TEST(HouseRules, TheOperatorHasItsStoresFromACache) {
  const std::regex watch(R"(\b(Holding|Named)?Reflector<)");
  const std::regex store(R"(\b(Named)?Store<[\w:]+>\s+\w+\s*[;{=])");
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    if (!file.is_in("operator")) continue;
    if (std::regex_search(file.text, watch) || std::regex_search(file.text, store)) {
      found.push_back(file.path);
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

TEST(HouseRules, TheContractOfTheProxyDependsOnBaseAlone) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return file.is_in("proxy/config") && starts_with_any(include, {"proxy/"}) &&
                       !starts_with_any(include, {"proxy/config/"});
              }),
              IsEmpty());
}

TEST(HouseRules, TheMessageKnowsNoCodecAndCodecsKnowTheMessageAlone) {
  const std::map<std::string, std::vector<std::string>> known = {
      {"proxy/http", {"proxy/http/", "proxy/reason/"}},
      {"proxy/http1", {"proxy/http/", "proxy/http1/", "proxy/reason/"}},
      {"proxy/http2", {"proxy/http/", "proxy/http2/", "proxy/reason/"}}};
  EXPECT_THAT(breaches([&](const SourceFile& file, const std::string& include) {
                return starts_with_any(include, {"proxy/"}) &&
                       std::any_of(known.begin(), known.end(), [&](const auto& room) {
                         return file.is_in(room.first) && !starts_with_any(include, room.second);
                       });
              }),
              IsEmpty());
}

TEST(HouseRules, SocketsAndTlsDoNotKnowEachOtherAndAChannelKnowsNothingAboveThem) {
  const std::map<std::string, std::vector<std::string>> known = {
      {"proxy/net", {"proxy/net/", "proxy/reason/"}},
      {"proxy/tls", {"proxy/tls/", "proxy/config/", "proxy/http/host_name.h", "proxy/reason/"}},
      {"proxy/channel",
       {"proxy/channel/", "proxy/net/", "proxy/tls/", "proxy/admin/", "proxy/reason/"}}};
  EXPECT_THAT(breaches([&](const SourceFile& file, const std::string& include) {
                return starts_with_any(include, {"proxy/"}) &&
                       std::any_of(known.begin(), known.end(), [&](const auto& room) {
                         return file.is_in(room.first) && !starts_with_any(include, room.second);
                       });
              }),
              IsEmpty());
}

TEST(HouseRules, TheProductDoesNotIncludeItsTests) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return !file.is_in("tests") && !file.is_in("e2e") &&
                       starts_with_any(include, {"tests/", "gtest/", "gmock/", "httplib.h"});
              }),
              IsEmpty());
}

TEST(HouseRules, CodecsRouterAndContractMakeNoSystemCallsForIo) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return starts_with_any(file.path, {"proxy/http/", "proxy/http1/", "proxy/http2/",
                                                   "proxy/router/", "proxy/config/"}) &&
                       starts_with_any(include, {"sys/socket.h", "sys/epoll.h", "netinet/",
                                                 "unistd.h", "poll.h"});
              }),
              IsEmpty());
}

TEST(HouseRules, SocketsAreUsedInFewPlaces) {
  // The proxy's engine, its admin endpoint, and the edges of base.
  const std::vector<std::string> places = {"base/", "proxy/net/", "proxy/admin/admin_server.cpp"};
  EXPECT_THAT(breaches([&](const SourceFile& file, const std::string& include) {
                return !file.is_in("tests") && !file.is_in("e2e") &&
                       !starts_with_any(file.path, places) &&
                       starts_with_any(include, {"sys/socket.h", "sys/epoll.h", "sys/eventfd.h",
                                                 "netinet/", "netdb.h"});
              }),
              IsEmpty());
}

// It remembers what is left to be read there: who reads beside it makes that wrong (decision 0130).
TEST(HouseRules, WhatComesOnAConnectionIsReceivedByItsChannel) {
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    if (!file.is_in("proxy") || file.is_in("proxy/channel")) continue;
    if (file.text.find("net::receive(") != std::string::npos) found.push_back(file.path);
  }
  EXPECT_THAT(found, IsEmpty());
}

TEST(HouseRules, ListenersAreOpenedInTwoPlaces) {
  // They know what "every address" is where one of the families is missing.
  static const std::regex bind_call(R"([^\w>]::bind\()");
  std::set<std::string> found;
  for (const auto& file : tree()) {
    if (file.is_in("tests") || file.is_in("e2e")) continue;
    if (std::regex_search(file.text, bind_call)) found.insert(file.path);
  }
  EXPECT_THAT(found, testing::ElementsAre("base/listening_socket.cpp", "proxy/net/socket.cpp"));
}

TEST(HouseRules, OnlyProgramsSpeakOnStandardStreams) {
  // A library's words are log lines and errors; flags that cannot be read are told before the log
  // is there.
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return include == "iostream" && !file.is_in("tests") && !file.is_in("e2e") &&
                       !file.path.ends_with("/main.cpp") && !file.is_in("operator/program");
              }),
              IsEmpty());
}

TEST(HouseRules, LibcurlIsKnownInOnePlace) {
  EXPECT_THAT(product_files_including({"curl/"}), SizeIs(1));
}

TEST(HouseRules, CpprestsdkIsKnownInOnePlace) {
  EXPECT_THAT(product_files_including({"cpprest/", "pplx/"}), SizeIs(1));
}

TEST(HouseRules, YamlIsReadInTwoPlaces) {
  EXPECT_THAT(product_files_including({"yaml-cpp/"}),
              testing::UnorderedElementsAre("kube/kubeconfig.cpp", "kube/yaml_objects.cpp"));
}

// And nobody loads a library but that room (decision 0087).
TEST(HouseRules, LibmodsecurityIsKnownInOnePlace) {
  const auto only = testing::ElementsAre("proxy/firewall/rule_set.cpp");
  EXPECT_THAT(product_files_including({"modsecurity/"}), only);
  EXPECT_THAT(
      product_files_including({"dlfcn.h"}),
      testing::ElementsAre("proxy/firewall/match_budget.cpp", "proxy/firewall/rule_set.cpp"));
}

TEST(HouseRules, RegularExpressionsOfUsersAreCompiledInOnePlaceAndByRe2) {
  EXPECT_THAT(product_files_including({"re2/"}), testing::SizeIs(testing::Le(1)));
  EXPECT_THAT(product_files_including({"regex", "pcre"}), IsEmpty());
}

TEST(HouseRules, NoHeaderPaysForTheWholeJsonLibrary) {
  EXPECT_THAT(breaches([](const SourceFile& file, const std::string& include) {
                return file.is_header() && include == "nlohmann/json.hpp";
              }),
              IsEmpty());
}

TEST(HouseRules, EveryHeaderIsGuardedByPragmaOnce) {
  std::vector<std::string> unguarded;
  for (const auto& file : tree()) {
    if (file.is_header() && file.text.find("#pragma once") == std::string::npos) {
      unguarded.push_back(file.path);
    }
  }
  EXPECT_THAT(unguarded, IsEmpty());
}

bool is_of_a_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// As a whole word, and with a parenthesis behind it.
bool calls(const std::string& text, const std::string& name) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto behind = text.find_first_not_of(" \t\n", at + name.size());
    if ((at == 0 || !is_of_a_name(text[at - 1])) && behind != std::string::npos &&
        text[behind] == '(') {
      return true;
    }
  }
  return false;
}

TEST(HouseRules, ACallIsAWholeWordWithAParenthesisBehindIt) {
  EXPECT_TRUE(calls("x = system (text)", "system"));
  EXPECT_TRUE(calls("std::system(text)", "system"));
  EXPECT_FALSE(calls("filesystem(text)", "system"));
  EXPECT_FALSE(calls("the system, (as it is)", "system"));
  EXPECT_FALSE(calls("system", "system"));
}

TEST(HouseRules, ForbiddenCallsAreAbsent) {
  // What is forbidden, and what to use instead.
  const std::map<std::string, std::string> forbidden = {
      {"sprintf", "fmt::format"},
      {"strcpy", "std::string"},
      {"system", "no shell is ever started"},
      {"popen", "no shell is ever started"},
      {"localtime", "base/time_text.h"},
      {"sleep_for", "a requeue, a timer or a stop-aware wait"},
      {"usleep", "a requeue, a timer or a stop-aware wait"},
      // clang 14, by which clang-tidy and the fuzzers are built, refuses the views of libstdc++ 12
      // (decision 0039).
      {"ranges::equal_range", "std::ranges::lower_bound and a loop"},
      {"ranges::subrange", "two iterators"},
  };
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    if (file.is_in("tests") || file.is_in("e2e")) continue;
    for (const auto& [name, instead] : forbidden) {
      if (calls(file.text, name)) {
        found.push_back(file.path + " calls " + name + "; use " + instead);
      }
    }
    if (file.text.find("views::") != std::string::npos) {
      found.push_back(file.path + " has a view, which clang 14 refuses; use a loop");
    }
  }
  EXPECT_THAT(found, IsEmpty());
}

// A peer that sends as fast as it is read keeps a worker to itself else (decision 0023), and many
// such peers keep it from all others (0142).
TEST(HouseRules, LoopsThatReadWhatAPeerSendsSpendATurnBudgetAndStandBackWhenItIsLate) {
  const std::regex reading_loop(R"(while \([^{]*is_readable\(\)[^{]*\{)");
  constexpr std::size_t kBeginningOfTheLoop = 600;
  std::vector<std::string> endless;
  int loops = 0;
  for (const auto& file : tree()) {
    if (!file.is_in("proxy")) continue;
    for (std::sregex_iterator it(file.text.begin(), file.text.end(), reading_loop), end; it != end;
         ++it, ++loops) {
      const auto begin = static_cast<std::size_t>(it->position() + it->length());
      const std::string beginning = file.text.substr(begin, kBeginningOfTheLoop);
      for (const char* const asked : {"budget.is_spent()", "is_late()"}) {
        if (beginning.find(asked) == std::string::npos) {
          endless.push_back(file.path + " has " + it->str() + " without " + asked);
        }
      }
    }
  }
  EXPECT_THAT(endless, IsEmpty());
  EXPECT_GT(loops, 2);
}

// A connection to an endpoint takes a descriptor of a budget (decision 0024).
TEST(HouseRules, WhoConnectsToAnEndpointAsksForADescriptorBefore) {
  const std::regex connects(
      R"((upstream::(Connection::connect|Endpoint::begin_probe)|streams\.connect)\()");
  constexpr std::size_t kBefore = 600;
  std::vector<std::string> found;
  int places = 0;
  for (const auto& file : tree()) {
    if (!file.is_in("proxy/session")) continue;
    for (std::sregex_iterator it(file.text.begin(), file.text.end(), connects), end; it != end;
         ++it, ++places) {
      const auto at = static_cast<std::size_t>(it->position());
      const std::size_t begin = at - std::min(at, kBefore);
      const std::string before = file.text.substr(begin, at - begin);
      const bool asks = before.find("may_connect(") != std::string::npos ||
                        before.find("may_probe(") != std::string::npos;
      if (!asks) found.push_back(file.path + " has " + it->str());
    }
  }
  EXPECT_THAT(found, IsEmpty());
  EXPECT_GT(places, 1);
}

// Who waits for a worker stands in a net::Queue: with many connections, a search to leave is what
// an attacker would use.
TEST(HouseRules, NobodyIsSearchedForInAWorkersQueues) {
  const std::regex search(R"(\bstd::(find|find_if|erase|erase_if|remove|remove_if|replace)\s*\()");
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    if (!file.is_in("proxy/session") && !file.is_in("proxy/net")) continue;
    if (std::regex_search(file.text, search)) found.push_back(file.path);
  }
  EXPECT_THAT(found, IsEmpty());
}

// Everybody else on it is given what it uses, and says so in its header (decision 0129).
TEST(HouseRules, AWorkerIsKnownToItselfAndToTheEngineAlone) {
  const std::regex comment(R"(//[^\n]*)");
  const std::regex worker(R"(\bWorker\b)");
  std::set<std::string> found;
  for (const auto& file : tree()) {
    if (!file.is_in("proxy") || file.text.find("Worker") == std::string::npos) continue;
    const std::string code = std::regex_replace(file.text, comment, "");
    if (std::regex_search(code, worker)) found.insert(file.path);
  }
  EXPECT_THAT(found, testing::ElementsAre("proxy/session/engine.cpp", "proxy/session/engine.h",
                                          "proxy/session/worker.cpp", "proxy/session/worker.h"));
}

TEST(HouseRules, UnitTestsDoNotSleep) {
  std::vector<std::string> sleepers;
  for (const auto& file : tree()) {
    const bool is_unit_test = file.is_in("tests") && file.path.ends_with("_test.cpp") &&
                              !file.path.ends_with("_component_test.cpp") &&
                              !file.is_in("tests/integration") && !file.is_in("tests/tidy");
    if (is_unit_test && file.text.find("sleep_for") != std::string::npos) {
      sleepers.push_back(file.path);
    }
  }
  EXPECT_THAT(sleepers, IsEmpty());
}

// `make tsan` looks at component tests alone, because of this.
TEST(HouseRules, UnitTestsHaveNoThreads) {
  const std::regex thread(R"(\bstd::(jthread|thread|async)\b)");
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    const bool is_unit_test = file.is_in("tests") && file.path.ends_with("_test.cpp") &&
                              !file.path.ends_with("_component_test.cpp") &&
                              !file.is_in("tests/integration") && !file.is_in("tests/tidy");
    if (is_unit_test && std::regex_search(file.text, thread)) found.push_back(file.path);
  }
  EXPECT_THAT(found, IsEmpty());
}

TEST(HouseRules, CoroutinesAreAbsentBecauseThisCompilerDestroysTemporariesTwice) {
  std::vector<std::string> users;
  for (const auto& file : tree()) {
    if (file.is_in("tests/tidy")) continue;
    if (std::regex_search(file.text, std::regex(R"(\bco_(await|return|yield)\b)"))) {
      users.push_back(file.path);
    }
  }
  EXPECT_THAT(users, IsEmpty());
}

TEST(HouseRules, WhatIsLeftToDoStandsInNoComment) {
  // In two pieces, or this file would be found.
  const std::vector<std::string> notes = {std::string("TO") + "DO", std::string("FIX") + "ME"};
  std::vector<std::string> found;
  for (const auto& file : tree()) {
    const auto has = [&](const std::string& note) {
      return file.text.find(note) != std::string::npos;
    };
    if (std::any_of(notes.begin(), notes.end(), has)) found.push_back(file.path);
  }
  EXPECT_THAT(found, IsEmpty());
}

// docs/troubleshooting.md is a list of the words that the programs say; what they no longer say is
// mended there.
TEST(HouseRules, EachReasonOfTheTroubleshootingPageIsSaidSomewhere) {
  std::string product;
  for (const auto& file : tree()) {
    if (!file.is_in("tests") && !file.is_in("e2e")) product += file.text;
  }
  std::istringstream page(read_file(fs::path(GATEHOUSE_SOURCE_DIR) / "docs/troubleshooting.md"));
  const std::regex code("`([^`]+)`");
  std::vector<std::string> unsaid;
  int reasons = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const std::string cell = line.substr(0, line.find('|', 1));
    for (std::sregex_iterator it(cell.begin(), cell.end(), code), end; it != end; ++it, ++reasons) {
      const std::string reason = (*it)[1];
      if (product.find('"' + reason + '"') == std::string::npos) unsaid.push_back(reason);
    }
  }
  EXPECT_THAT(unsaid, IsEmpty());
  EXPECT_GT(reasons, 100);
}

// proxy/reason/words.h is the list; who searches for a word finds what it means and what to do.
TEST(HouseRules, EachReasonOfTheProxyIsSpeltAsItsNameAndStandsOnTheTroubleshootingPage) {
  const fs::path top = GATEHOUSE_SOURCE_DIR;
  const std::string page = read_file(top / "docs/troubleshooting.md");
  const std::string list = read_file(top / "proxy/reason/words.h");
  const std::regex constant(R"re(constexpr Word (\w+) =\s+"(\w+)";)re");
  std::set<std::string> words;
  for (std::sregex_iterator it(list.begin(), list.end(), constant), end; it != end; ++it) {
    const std::string word = (*it)[2];
    EXPECT_EQ((*it)[1], word);
    EXPECT_TRUE(words.insert(word).second) << word << " stands twice in the list";
    const bool is_explained = page.find('`' + word + '`') != std::string::npos ||
                              page.find("`upstream_" + word + '`') != std::string::npos;
    EXPECT_TRUE(is_explained) << word;
  }
  EXPECT_GT(words.size(), 100u);
}

TEST(HouseRules, TheProxyNamesItsReasonsByTheConstantsOfTheirList) {
  const std::string list = read_file(fs::path(GATEHOUSE_SOURCE_DIR) / "proxy/reason/words.h");
  const std::regex constant(R"re(constexpr Word (\w+_\w+) =)re");
  const std::regex comment(R"(//[^\n]*)");
  std::vector<std::string> spelt;
  for (const auto& file : tree()) {
    // The contract depends on base alone.
    if (!file.is_in("proxy") || file.is_in("proxy/reason") || file.is_in("proxy/config")) continue;
    const std::string code = std::regex_replace(file.text, comment, "");
    for (std::sregex_iterator it(list.begin(), list.end(), constant), end; it != end; ++it) {
      if (code.find('"' + std::string((*it)[1]) + '"') == std::string::npos) continue;
      spelt.push_back(file.path + " spells " + std::string((*it)[1]));
    }
  }
  EXPECT_THAT(spelt, IsEmpty());
}

// The code map of ARCHITECTURE.md: "| `room/`, `room/` | what it is | `file.h` |".
TEST(HouseRules, TheCodeMapHasEveryRoomAndNamesFilesThatAreThere) {
  const fs::path top = GATEHOUSE_SOURCE_DIR;
  std::istringstream page(read_file(top / "ARCHITECTURE.md"));
  const std::regex code("`([^`]+)`");
  std::set<std::string> mapped;
  std::vector<std::string> absent;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const std::string first = line.substr(0, line.find('|', 1));
    const std::string last = line.substr(line.rfind('|', line.size() - 2));
    std::vector<std::string> rooms;
    for (std::sregex_iterator it(first.begin(), first.end(), code), end; it != end; ++it) {
      rooms.push_back((*it)[1]);
    }
    mapped.insert(rooms.begin(), rooms.end());
    for (std::sregex_iterator it(last.begin(), last.end(), code), end; it != end; ++it) {
      const std::string file = (*it)[1];
      const bool is_there = std::any_of(rooms.begin(), rooms.end(), [&](const std::string& room) {
        return fs::exists(top / room / file);
      });
      if (!is_there) absent.push_back(file);
    }
  }
  EXPECT_THAT(absent, IsEmpty());
  for (const std::string room : {"base", "acme", "kube"}) EXPECT_THAT(mapped, Contains(room + "/"));
  for (const std::string side : {"proxy", "operator"}) {
    for (const auto& entry : fs::directory_iterator(top / side)) {
      if (!entry.is_directory()) continue;
      EXPECT_THAT(mapped, Contains(side + "/" + entry.path().filename().string() + "/"));
    }
  }
}

TEST(HouseRules, BothIssuerSchemasAreTheSame) {
  const fs::path crds = fs::path(GATEHOUSE_SOURCE_DIR) / "crds";
  const auto schema = [&](const std::string& name) {
    const std::string text = read_file(crds / name);
    const auto start = text.find("schema:");
    return start == std::string::npos ? std::string() : text.substr(start);
  };
  EXPECT_FALSE(schema("issuers.yaml").empty());
  EXPECT_EQ(schema("issuers.yaml"), schema("clusterissuers.yaml"));
}

// Whatever people, controllers or servers put into our objects has a bound in the place where it is
// stored.
TEST(HouseRules, EveryTextListAndMapOfTheSchemasHasABound) {
  const auto indentation = [](const std::string& line) { return line.find_first_not_of(' '); };
  for (const auto& entry : fs::directory_iterator(fs::path(GATEHOUSE_SOURCE_DIR) / "crds")) {
    if (entry.path().extension() != ".yaml") continue;
    std::vector<std::string> lines;
    std::istringstream page(read_file(entry.path()));
    for (std::string line; std::getline(page, line);) lines.push_back(line);
    const auto schema = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.find("openAPIV3Schema:") != std::string::npos;
    });
    for (auto line = schema; line != lines.end(); ++line) {
      const std::size_t depth = indentation(*line);
      if (depth == std::string::npos || line->find("type: ") != depth) continue;
      // The keys beside it, and what they say.
      std::string beside;
      const auto is_within = [&](const std::string& other) {
        return indentation(other) != std::string::npos && indentation(other) >= depth;
      };
      auto first = line;
      while (first != schema && is_within(*std::prev(first))) --first;
      for (auto one = first; one != lines.end() && is_within(*one); ++one) {
        if (indentation(*one) == depth) beside += one->substr(depth) + "\n";
      }
      const auto has = [&](const char* text) { return beside.find(text) != std::string::npos; };
      const std::string owner = first == schema ? "" : *std::prev(first);
      const bool is_of_kubernetes = owner.find("apiVersion:") != std::string::npos ||
                                    owner.find("kind:") != std::string::npos;
      const bool is_bounded = (!has("type: string") || has("maxLength:") || has("enum:") ||
                               has("format: date-time") || is_of_kubernetes) &&
                              (!has("type: array") || has("maxItems:")) &&
                              (!has("additionalProperties:") || has("maxProperties:"));
      EXPECT_TRUE(is_bounded) << entry.path().filename() << ":"
                              << std::distance(lines.begin(), line) + 1 << ": " << owner;
    }
  }
}

}  // namespace
