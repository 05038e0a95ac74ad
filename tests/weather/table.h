#pragma once

#include <string>
#include <vector>

#include "tests/weather/case.h"

namespace weather {

// As Markdown: one row a case.
std::string table_of(const std::vector<Outcome>& outcomes);

// The page with this table between its two marks; the page as it is when it has none.
std::string page_with(const std::string& page, const std::string& table);

// The cases that the page does not list.
std::vector<std::string> missing_in(const std::string& page, const std::vector<Outcome>& outcomes);

}  // namespace weather
