#include "tests/fakes/acme_server/answers.h"

#include <nlohmann/json.hpp>

namespace fakes {

using nlohmann::json;

base::HttpResponse json_answer(int status, const json& body) {
  return {status, {{"content-type", "application/json"}}, body.dump()};
}

base::HttpResponse problem_answer(
    int status, const std::string& type, const std::string& detail, const std::string& instance,
    const std::vector<std::pair<std::string, std::string>>& subproblems) {
  const std::string urn = "urn:ietf:params:acme:error:";
  json body = {{"type", urn + type}, {"detail", detail}, {"status", status}};
  if (!instance.empty()) body["instance"] = instance;
  for (const auto& [host, sub_type] : subproblems) {
    body["subproblems"].push_back({{"type", urn + sub_type},
                                   {"detail", "no good"},
                                   {"identifier", {{"type", "dns"}, {"value", host}}}});
  }
  return {status, {{"content-type", "application/problem+json"}}, body.dump()};
}

base::HttpResponse html_answer(int status, const std::string& text) {
  return {status, {{"content-type", "text/html"}}, "<html><body>" + text + "</body></html>"};
}

}  // namespace fakes
