#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/config/model.h"
#include "proxy/http/field.h"
#include "proxy/http/request_head.h"

namespace proxy::firewall {

// A request as its client sent it.
struct Subject {
  const http::RequestHead& head;
  std::string_view version;  // "1.1", "2.0"
  std::string_view client_address;
  std::string_view body{};
  // The body goes on: whether it is well-formed cannot be said of its beginning.
  bool body_is_cut = false;
};

// A response as its endpoint sent it; of its body what there is, or as much as is to be inspected.
struct ResponseSubject {
  int status = 200;
  const std::vector<http::Field>& fields;
  std::string_view body{};
};

struct Findings {
  // Of one message, the first ones: enough to see why, and little in a line of the access log.
  static constexpr std::size_t kRulesMax = 16;

  bool is_attack = false;              // by the settings it was inspected with
  std::vector<std::uint32_t> rules{};  // that matched, by id; they need not make it an attack
};

// The OWASP core rule set, and the engine that compares requests with it: libmodsecurity, of which
// nothing else here knows. The library is loaded with the first rule set, since it brings forty
// others with it, which a proxy without a firewall is not to pay for. It writes no file, fetches
// nothing and resolves no name: the rules that would are not loaded.
//
// One rule set serves all settings: level, threshold, mode and exclusions are told with each
// message. Immutable once loaded: any number of threads may inspect. A request may take some
// milliseconds, a large or a hostile one some seconds, after which it is taken for an attack
// (MatchBudget), and so may a response: whoever asks bounds the threads, and whoever waits bounds
// the wait.
class RuleSet {
 public:
  static constexpr const char* kDirectory = "/usr/share/modsecurity-crs/rules";

  // The rules about requests, or those about responses, which are few.
  enum class About : std::uint8_t { requests, responses };

  // Takes a tenth of a second of CPU. The error names the file that could not be used.
  static base::Result<std::shared_ptr<const RuleSet>> load(const std::string& directory,
                                                           About about = About::requests);
  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  // By rules about requests.
  base::Result<Findings> inspect(const Subject& subject, const config::Firewall& settings) const;
  // By rules about responses, of settings that have responses. A leak is what is_attack says.
  base::Result<Findings> inspect(const ResponseSubject& subject,
                                 const config::Firewall& settings) const;

 private:
  struct Compiled;
  explicit RuleSet(std::unique_ptr<Compiled> compiled);

  std::unique_ptr<Compiled> compiled_;
};

// What is inspected as the target. The library decodes a target before it looks for its query, so
// that what follows an encoded "?" in a path would be no part of the path and of nothing else
// either (CVE-2024-1019): it is encoded once more.
std::string inspected_target(std::string_view path, std::string_view query);

}  // namespace proxy::firewall
