#include "tests/weather/table.h"

#include <regex>

namespace weather {

namespace {

constexpr const char* kBegin = "<!-- table: make weather WRITE=1 -->\n";
constexpr const char* kEnd = "<!-- end of table -->\n";
constexpr std::size_t kDescribedMax = 420;

std::string cell(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

// The page is to stay the same where nothing else has changed.
std::string without_serials(std::string text) {
  static const std::regex serial("serial [0-9a-f]{2}(:[0-9a-f]{2})+");
  return std::regex_replace(text, serial, "serial ...");
}

std::string shortened(const std::string& text) {
  return text.size() <= kDescribedMax ? text : text.substr(0, kDescribedMax) + " ...";
}

}  // namespace

std::string table_of(const std::vector<Outcome>& outcomes) {
  std::string text =
      "| case | orders | requests | writes | what describe says after an hour |\n"
      "|---|---:|---:|---:|---|\n";
  for (const Outcome& outcome : outcomes) {
    text += "| " + cell(outcome.name) + " | " + std::to_string(outcome.cost.orders) + " | " +
            std::to_string(outcome.cost.requests) + " | " + std::to_string(outcome.cost.writes) +
            " | " + cell(shortened(without_serials(outcome.described))) + " |\n";
  }
  return text;
}

std::string page_with(const std::string& page, const std::string& table) {
  const auto begin = page.find(kBegin);
  const auto end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return page;
  const auto table_at = begin + std::string(kBegin).size();
  return page.substr(0, table_at) + "\n" + table + "\n" + page.substr(end);
}

std::vector<std::string> missing_in(const std::string& page, const std::vector<Outcome>& outcomes) {
  std::vector<std::string> missing;
  for (const Outcome& outcome : outcomes) {
    if (page.find("| " + cell(outcome.name) + " |") == std::string::npos) {
      missing.push_back(outcome.name);
    }
  }
  return missing;
}

}  // namespace weather
