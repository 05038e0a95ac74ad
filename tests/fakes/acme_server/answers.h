#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/http.h"

namespace fakes {

base::HttpResponse json_answer(int status, const nlohmann::json& body);
// type is short: "rateLimited". subproblems: host and short type.
base::HttpResponse problem_answer(
    int status, const std::string& type, const std::string& detail,
    const std::string& instance = "",
    const std::vector<std::pair<std::string, std::string>>& subproblems = {});
base::HttpResponse html_answer(int status, const std::string& text);

}  // namespace fakes
