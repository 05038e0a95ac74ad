#include "proxy/policy/shape.h"

#include <algorithm>
#include <array>

#include "proxy/policy/replacements.h"

namespace proxy::policy {
namespace {

// What a route says of its content is not said of an answer that has none of it.
bool describes_content(std::string_view name) {
  constexpr std::array<std::string_view, 12> kNames = {
      "Accept-Ranges",    "Allow",         "Cache-Control",    "Content-Disposition",
      "Content-Encoding", "Content-Type",  "Content-Language", "ETag",
      "Expires",          "Last-Modified", "Location",         "Set-Cookie"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view known) {
    return http::equals_ignoring_case(name, known);
  });
}

std::vector<config::FieldLine> secure_fields(const config::Shape& config) {
  if (config.transport_security.empty()) return {};
  return {{"Strict-Transport-Security", config.transport_security}};
}

}  // namespace

Shape::Shape(const config::Shape& config)
    : config_(config),
      request_fields_(config.request_fields, FieldLines::Compared::as_cgi_does),
      response_fields_(config.response_fields, FieldLines::Compared::by_name),
      secure_fields_(secure_fields(config), FieldLines::Compared::by_name) {
  if (config.cors) cors_.emplace(*config.cors);
  if (config.access_line) line_form_ = config::LineForm(*config.access_line);
}

void Shape::replace_in_answer(const Asker& asker, Fields& fields) const {
  response_fields_.replace_in(fields);
  if (asker.is_https) secure_fields_.replace_in(fields);
}

void Shape::apply_to_response(const Asker& asker, Fields& fields,
                              std::forward_list<std::string>& texts) const {
  replace_in_fields(config_, fields, texts);
  replace_in_answer(asker, fields);
  if (cors_) cors_->replace_in(fields, asker.origin);
}

void Shape::add_to_answer(const Asker& asker, Fields& fields) const {
  replace_in_answer(asker, fields);
  std::erase_if(fields, [](const http::Field& field) { return describes_content(field.name); });
  if (cors_) cors_->replace_in(fields, asker.origin);
}

}  // namespace proxy::policy
