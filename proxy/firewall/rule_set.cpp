#include "proxy/firewall/rule_set.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <utility>

#include <dlfcn.h>
#include <modsecurity/modsecurity.h>
#include <modsecurity/rule_message.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include "proxy/config/limits.h"
#include "proxy/firewall/match_budget.h"

namespace proxy::firewall {
namespace {

// What the headers are of. Objects of the library are looked into below, so no other one will do.
constexpr const char* kLibrary = "libmodsecurity.so.3";

void say_nothing(void* /*of_transaction*/, const void* /*line*/) {}

// The functions of the library. It is never unloaded, and its ModSecurity never destroyed: that
// ends libxml2 and libcurl for everybody in the process.
class Library {
 public:
  // The error is the same for as long as the program runs.
  static base::Result<const Library*> get() {
    static const auto* const loaded = new base::Result<const Library*>(load());
    return *loaded;
  }

  modsecurity::ModSecurity* engine = nullptr;
  decltype(&modsecurity::msc_create_rules_set) create_rules_set = nullptr;
  decltype(&modsecurity::msc_rules_add) rules_add = nullptr;
  decltype(&modsecurity::msc_rules_add_file) rules_add_file = nullptr;
  decltype(&modsecurity::msc_rules_cleanup) rules_cleanup = nullptr;
  decltype(&modsecurity::msc_new_transaction_with_id) new_transaction = nullptr;
  decltype(&modsecurity::msc_transaction_cleanup) transaction_cleanup = nullptr;
  decltype(&modsecurity::msc_process_connection) process_connection = nullptr;
  decltype(&modsecurity::msc_process_uri) process_uri = nullptr;
  decltype(&modsecurity::msc_add_n_request_header) add_request_header = nullptr;
  decltype(&modsecurity::msc_process_request_headers) process_request_headers = nullptr;
  decltype(&modsecurity::msc_append_request_body) append_request_body = nullptr;
  decltype(&modsecurity::msc_process_request_body) process_request_body = nullptr;
  decltype(&modsecurity::msc_add_n_response_header) add_response_header = nullptr;
  decltype(&modsecurity::msc_process_response_headers) process_response_headers = nullptr;
  decltype(&modsecurity::msc_append_response_body) append_response_body = nullptr;
  decltype(&modsecurity::msc_process_response_body) process_response_body = nullptr;

 private:
  static base::Result<const Library*> load() {
    const auto failed = [](std::string why) {
      return base::failure(base::ErrorKind::unavailable,
                           std::string("loading ") + kLibrary + ": " + std::move(why));
    };
    void* const handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return failed(::dlerror());
    std::string missing;
    const auto find = [&]<class Function>(Function& function, const char* name) {
      void* const symbol = ::dlsym(handle, name);
      if (symbol == nullptr) missing = name;
      function = reinterpret_cast<Function>(symbol);
    };
    decltype(&modsecurity::msc_init) init = nullptr;
    decltype(&modsecurity::msc_who_am_i) who_am_i = nullptr;
    decltype(&modsecurity::msc_set_log_cb) set_log_callback = nullptr;
    auto library = std::make_unique<Library>();
    find(init, "msc_init");
    find(who_am_i, "msc_who_am_i");
    find(set_log_callback, "msc_set_log_cb");
    find(library->create_rules_set, "msc_create_rules_set");
    find(library->rules_add, "msc_rules_add");
    find(library->rules_add_file, "msc_rules_add_file");
    find(library->rules_cleanup, "msc_rules_cleanup");
    find(library->new_transaction, "msc_new_transaction_with_id");
    find(library->transaction_cleanup, "msc_transaction_cleanup");
    find(library->process_connection, "msc_process_connection");
    find(library->process_uri, "msc_process_uri");
    find(library->add_request_header, "msc_add_n_request_header");
    find(library->process_request_headers, "msc_process_request_headers");
    find(library->append_request_body, "msc_append_request_body");
    find(library->process_request_body, "msc_process_request_body");
    find(library->add_response_header, "msc_add_n_response_header");
    find(library->process_response_headers, "msc_process_response_headers");
    find(library->append_response_body, "msc_append_response_body");
    find(library->process_response_body, "msc_process_response_body");
    if (!missing.empty()) return failed("it has no " + missing);
    library->engine = init();
    const std::string version = who_am_i(library->engine);
    if (version.find("v" MODSECURITY_VERSION " ") == std::string::npos) {
      return failed("it is " + version + " where " MODSECURITY_VERSION " is needed");
    }
    // Without one it writes to standard error.
    set_log_callback(library->engine, say_nothing);
    return library.release();
  }
};

// What stands before all rules, about requests and responses alike. A message that is only to be
// detected says so in the id of its transaction.
constexpr const char* kEngineRules = R"(
SecRuleEngine On
SecUploadKeepFiles Off
SecTmpSaveUploadedFiles Off
SecXmlExternalEntity Off
SecAuditEngine Off
SecArgumentSeparator &
SecCookieFormat 0
SecDefaultAction "phase:1,log,pass"
SecRule UNIQUE_ID "@beginsWith detect" "id:900002,phase:1,t:none,pass,nolog,ctl:ruleEngine=DetectionOnly"
)";

// What stands before the rules about requests: how bodies are read, and which of them cannot be.
// The rules that refuse bodies have the numbers of the library's own recommended configuration, by
// which people know them, and what they refuse is that configuration's, too: more than 128 KiB of
// text, without the files of forms, which are read over and never written down. That, the number of
// arguments and the depth of JSON bound the work.
constexpr const char* kRequestRules = R"(
SecRequestBodyAccess On
SecRequestBodyLimit 16777216
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction Reject
SecRequestBodyJsonDepthLimit 512
SecArgumentsLimit 1000
SecResponseBodyAccess Off
SecDefaultAction "phase:2,log,pass"
SecRule UNIQUE_ID "@rx ^(?:block|detect):([1-4]):([0-9]{1,6})$" \
  "id:900001,phase:1,t:none,pass,nolog,capture,setvar:'tx.paranoia_level=%{TX.1}',setvar:'tx.inbound_anomaly_score_threshold=%{TX.2}'"
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/[a-z0-9.-]+\+|/)|text/)xml" \
  "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+\+)?json" \
  "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:403,msg:'Failed to parse request body'"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,t:none,log,deny,status:403,msg:'Multipart request body failed strict validation'"
SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" "id:200004,phase:2,t:none,log,deny,status:403,msg:'Multipart parser detected a possible unmatched boundary'"
SecRule &ARGS "@ge 1000" "id:200007,phase:2,t:none,log,deny,status:403,msg:'Too many arguments'"
)";

// The same before the rules about responses: which types are inspected, and how much, is decided
// before the library is asked. The limit is never met.
constexpr const char* kResponseRules = R"(
SecRequestBodyAccess Off
SecResponseBodyAccess On
SecResponseBodyLimit 16777216
SecResponseBodyLimitAction ProcessPartial
SecDefaultAction "phase:3,log,pass"
SecDefaultAction "phase:4,log,pass"
SecRule UNIQUE_ID "@rx ^(?:block|detect):([1-4]):([0-9]{1,6})$" \
  "id:900001,phase:1,t:none,pass,nolog,capture,setvar:'tx.paranoia_level=%{TX.1}',setvar:'tx.outbound_anomaly_score_threshold=%{TX.2}'"
)";

// What the core rule set wants to be told before it is read. Beside what it allows itself: the
// methods of REST, and the content types of gRPC and of patches in JSON.
constexpr const char* kCoreSetup = R"(
SecAction "id:900990,phase:1,nolog,pass,t:none,setvar:tx.crs_setup_version=334,setvar:'tx.real_ip=%{REMOTE_ADDR}'"
SecAction "id:900200,phase:1,nolog,pass,t:none,setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'"
SecAction "id:900220,phase:1,nolog,pass,t:none,setvar:'tx.allowed_request_content_type=|application/x-www-form-urlencoded| |multipart/form-data| |multipart/related| |text/xml| |application/xml| |application/soap+xml| |application/json| |application/cloudevents+json| |application/cloudevents-batch+json| |application/json-patch+json| |application/merge-patch+json| |application/vnd.api+json| |application/grpc| |application/grpc+proto|'"
)";

// The rules about requests, but for those that remember clients, ask name servers or except
// requests of the machine itself.
constexpr std::array<const char*, 16> kCoreFiles = {
    "REQUEST-901-INITIALIZATION.conf",
    "REQUEST-911-METHOD-ENFORCEMENT.conf",
    "REQUEST-913-SCANNER-DETECTION.conf",
    "REQUEST-920-PROTOCOL-ENFORCEMENT.conf",
    "REQUEST-921-PROTOCOL-ATTACK.conf",
    "REQUEST-922-MULTIPART-ATTACK.conf",
    "REQUEST-930-APPLICATION-ATTACK-LFI.conf",
    "REQUEST-931-APPLICATION-ATTACK-RFI.conf",
    "REQUEST-932-APPLICATION-ATTACK-RCE.conf",
    "REQUEST-933-APPLICATION-ATTACK-PHP.conf",
    "REQUEST-934-APPLICATION-ATTACK-NODEJS.conf",
    "REQUEST-941-APPLICATION-ATTACK-XSS.conf",
    "REQUEST-942-APPLICATION-ATTACK-SQLI.conf",
    "REQUEST-943-APPLICATION-ATTACK-SESSION-FIXATION.conf",
    "REQUEST-944-APPLICATION-ATTACK-JAVA.conf",
    "REQUEST-949-BLOCKING-EVALUATION.conf",
};
// The rules about responses, which sum up by variables that the first file sets: all but the last
// one, which writes to a log what requests and responses came to together.
constexpr std::array<const char*, 7> kCoreResponseFiles = {
    "REQUEST-901-INITIALIZATION.conf",       "RESPONSE-950-DATA-LEAKAGES.conf",
    "RESPONSE-951-DATA-LEAKAGES-SQL.conf",   "RESPONSE-952-DATA-LEAKAGES-JAVA.conf",
    "RESPONSE-953-DATA-LEAKAGES-PHP.conf",   "RESPONSE-954-DATA-LEAKAGES-IIS.conf",
    "RESPONSE-959-BLOCKING-EVALUATION.conf",
};
// They would make an entry for each client in the library's own tables, which have no bound, and
// read what other threads write there.
constexpr const char* kWithoutMemory = "SecRuleRemoveById 901318 901321 949100\n";

// The score has come to the threshold: of a request, of a response.
constexpr std::array<std::uint32_t, 2> kScoreRules = {949110, 959100};
// A comparison was ended before it came to a result, as ModSecurity's recommended configuration
// calls it.
constexpr std::uint32_t kUnfinishedRule = 200005;
// Which refuse a body that cannot be read.
constexpr std::array<std::uint32_t, 3> kBodyRules = {200002, 200003, 200004};

bool sums_up(std::uint32_t rule) {
  return std::find(kScoreRules.begin(), kScoreRules.end(), rule) != kScoreRules.end();
}

bool refuses_by_itself(std::uint32_t rule) {
  constexpr std::uint32_t kManyArguments = 200007;
  return sums_up(rule) || rule == kManyArguments ||
         std::find(kBodyRules.begin(), kBodyRules.end(), rule) != kBodyRules.end();
}

// The library's parser has its state in globals.
std::mutex& parsing() {
  static std::mutex mutex;
  return mutex;
}

class Rules {
 public:
  explicit Rules(const Library& library) : library_(library), rules_(library.create_rules_set()) {}
  ~Rules() { library_.rules_cleanup(rules_); }
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  base::Status add(const char* text) {
    const char* error = nullptr;
    const int result = library_.rules_add(rules_, text, &error);
    return status_of(result, error, "the settings");
  }
  base::Status add_file(const std::string& path) {
    const char* error = nullptr;
    const int result = library_.rules_add_file(rules_, path.c_str(), &error);
    return status_of(result, error, path);
  }
  modsecurity::RulesSet* get() const { return rules_; }

 private:
  // Takes the error, which the library has allocated.
  static base::Status status_of(int result, const char* error, const std::string& what) {
    std::string why = error == nullptr ? "it says no more" : error;
    while (why.ends_with('\n')) why.pop_back();
    std::free(const_cast<char*>(error));
    if (result >= 0) return {};
    return base::failure(base::ErrorKind::invalid, "reading " + what + ": " + why);
  }

  const Library& library_;
  modsecurity::RulesSet* const rules_;
};

// One message's way through the rules.
class Run {
 public:
  // `threshold`: the score that makes an attack, or a leak.
  Run(const Library& library, const Rules& rules, const config::Firewall& settings,
      std::uint64_t threshold)
      : library_(library) {
    const bool blocks = settings.mode == config::FirewallMode::block;
    std::string id = (blocks ? "block:" : "detect:") + std::to_string(settings.paranoia_level) +
                     ":" + std::to_string(threshold);
    transaction_ = library_.new_transaction(library_.engine, rules.get(), id.data(), nullptr);
    for (const config::RuleRange& range : settings.excluded_rules) {
      transaction_->m_ruleRemoveByIdRange.emplace_back(static_cast<int>(range.first),
                                                       static_cast<int>(range.last));
    }
  }
  ~Run() { library_.transaction_cleanup(transaction_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void look_at(const Subject& subject) {
    if (subject.body_is_cut) {
      for (const std::uint32_t rule : kBodyRules) {
        transaction_->m_ruleRemoveById.push_back(static_cast<int>(rule));
      }
    }
    library_.process_connection(transaction_, std::string(subject.client_address).c_str(), 0, "",
                                0);
    const std::string target = inspected_target(subject.head.path, subject.head.query);
    library_.process_uri(transaction_, target.c_str(),
                         std::string(subject.head.method_text).c_str(),
                         std::string(subject.version).c_str());
    for (const http::Field& field : subject.head.fields) add(field.name, field.value);
    library_.process_request_headers(transaction_);
    const std::string_view body = compared(subject);
    if (!body.empty()) {
      library_.append_request_body(transaction_, bytes_of(body), body.size());
    }
    library_.process_request_body(transaction_);
  }

  // Of the request nothing is said: no rule about responses looks at it, and those of its first
  // phase take the settings.
  void look_at(const ResponseSubject& subject) {
    constexpr const char* kVersion = "1.1";
    library_.process_connection(transaction_, "0.0.0.0", 0, "", 0);
    library_.process_uri(transaction_, "/", "GET", kVersion);
    library_.process_request_headers(transaction_);
    for (const http::Field& field : subject.fields) {
      library_.add_response_header(transaction_, bytes_of(field.name), field.name.size(),
                                   bytes_of(field.value), field.value.size());
    }
    library_.process_response_headers(transaction_, subject.status, kVersion);
    if (!subject.body.empty()) {
      library_.append_response_body(transaction_, bytes_of(subject.body), subject.body.size());
    }
    library_.process_response_body(transaction_);
  }

  // That it was ended is one more rule, which may be excluded as others are.
  Findings findings(bool was_ended) const {
    Findings findings;
    const bool counts =
        was_ended && std::none_of(transaction_->m_ruleRemoveByIdRange.begin(),
                                  transaction_->m_ruleRemoveByIdRange.end(), [](const auto& range) {
                                    return range.first <= static_cast<int>(kUnfinishedRule) &&
                                           range.second >= static_cast<int>(kUnfinishedRule);
                                  });
    if (counts) findings.rules.push_back(kUnfinishedRule);
    findings.is_attack = counts || transaction_->m_it.disruptive != 0;
    for (const modsecurity::RuleMessage& message : transaction_->m_rulesMessages) {
      const auto rule = static_cast<std::uint32_t>(message.m_ruleId);
      // Where nothing is to be refused, it says what would be.
      findings.is_attack = findings.is_attack || refuses_by_itself(rule);
      const bool is_known =
          std::find(findings.rules.begin(), findings.rules.end(), rule) != findings.rules.end();
      if (sums_up(rule) || is_known || findings.rules.size() == Findings::kRulesMax) continue;
      findings.rules.push_back(rule);
    }
    return findings;
  }

 private:
  static const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }
  void add(std::string_view name, std::string_view value) {
    library_.add_request_header(transaction_, bytes_of(name), name.size(), bytes_of(value),
                                value.size());
  }

  // As the library looks for them: what it takes apart must be there to its end.
  static bool has_in_any_case(std::string_view type, std::string_view part) {
    const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    return std::search(type.begin(), type.end(), part.begin(), part.end(), is_same) != type.end();
  }

  // A body that is not taken apart is compared as it is, and no more of it than of text.
  static std::string_view compared(const Subject& subject) {
    constexpr std::size_t kComparedMax = 128u << 10;
    for (const http::Field& field : subject.head.fields) {
      if (!http::equals_ignoring_case(field.name, "content-type")) continue;
      for (const std::string_view part : {"form", "json", "xml", "multipart"}) {
        if (has_in_any_case(field.value, part)) return subject.body;
      }
    }
    return subject.body.substr(0, kComparedMax);
  }

  const Library& library_;
  modsecurity::Transaction* transaction_ = nullptr;
};

// Each inspection compares something.
tl::unexpected<base::Error> unbounded() {
  return base::failure(base::ErrorKind::unavailable,
                       "inspecting a message: comparisons are not bounded, since this program does "
                       "not export PCRE2's names");
}

template <class Message>
base::Result<Findings> findings_of(Run& run, const Message& message) {
  const MatchBudget budget;
  run.look_at(message);
  if (budget.comparisons() == 0) return unbounded();
  return run.findings(budget.was_exceeded());
}

}  // namespace

struct RuleSet::Compiled {
  explicit Compiled(const Library& used) : library(used), engine(used), core(used) {}
  const Library& library;
  Rules engine;  // without the core rule set; about requests alone
  Rules core;
};

RuleSet::RuleSet(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
RuleSet::~RuleSet() = default;

base::Result<std::shared_ptr<const RuleSet>> RuleSet::load(const std::string& directory,
                                                           About about) {
  const std::lock_guard lock(parsing());
  if (auto status = MatchBudget::prepare(); !status) return base::failure(status.error());
  const auto library = Library::get();
  if (!library) return base::failure(library.error());
  auto compiled = std::make_unique<Compiled>(**library);
  const bool is_of_requests = about == About::requests;
  const char* const own_rules = is_of_requests ? kRequestRules : kResponseRules;
  base::Status status;
  const auto add_own = [&](Rules& rules) {
    if (status) status = rules.add(kEngineRules);
    if (status) status = rules.add(own_rules);
  };
  if (is_of_requests) add_own(compiled->engine);
  add_own(compiled->core);
  if (status) status = compiled->core.add(kCoreSetup);
  const auto add_files = [&](const auto& files) {
    for (const char* const file : files) {
      if (status) status = compiled->core.add_file(directory + "/" + file);
    }
  };
  if (is_of_requests) {
    add_files(kCoreFiles);
  } else {
    add_files(kCoreResponseFiles);
  }
  if (status) status = compiled->core.add(kWithoutMemory);
  if (!status) return base::failure(base::while_doing("loading the core rule set", status.error()));
  return std::shared_ptr<const RuleSet>(new RuleSet(std::move(compiled)));
}

base::Result<Findings> RuleSet::inspect(const Subject& subject,
                                        const config::Firewall& settings) const {
  try {
    Run run(compiled_->library, settings.core_rules ? compiled_->core : compiled_->engine, settings,
            settings.anomaly_threshold);
    return findings_of(run, subject);
  } catch (const std::exception& error) {
    return base::failure(base::ErrorKind::unavailable,
                         std::string("inspecting a request: ") + error.what());
  }
}

base::Result<Findings> RuleSet::inspect(const ResponseSubject& subject,
                                        const config::Firewall& settings) const {
  assert(settings.responses);
  try {
    Run run(compiled_->library, compiled_->core, settings, settings.responses->anomaly_threshold);
    return findings_of(run, subject);
  } catch (const std::exception& error) {
    return base::failure(base::ErrorKind::unavailable,
                         std::string("inspecting a response: ") + error.what());
  }
}

std::string inspected_target(std::string_view path, std::string_view query) {
  std::string target;
  target.reserve(path.size() + query.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    target += path[i];
    const std::string_view code = path.substr(i, 3);
    if (code == "%3f" || code == "%3F") target += "25";
  }
  return target.append(query);
}

}  // namespace proxy::firewall
