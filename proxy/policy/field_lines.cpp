#include "proxy/policy/field_lines.h"

#include <algorithm>
#include <utility>

namespace proxy::policy {

FieldLines::FieldLines(std::vector<config::FieldLine> lines, Compared compared)
    : lines_(std::move(lines)), compared_(compared) {}

bool FieldLines::has(const http::Field& field) const {
  return std::any_of(lines_.begin(), lines_.end(), [&](const config::FieldLine& line) {
    return compared_ == Compared::by_name ? http::equals_ignoring_case(line.name, field.name)
                                          : http::is_same_to_cgi(line.name, field.name);
  });
}

void FieldLines::replace_in(std::vector<http::Field>& fields) const {
  if (lines_.empty()) return;
  std::erase_if(fields, [this](const http::Field& field) { return has(field); });
  for (const config::FieldLine& line : lines_) {
    if (!line.value.empty()) fields.push_back({.name = line.name, .value = line.value});
  }
}

}  // namespace proxy::policy
