#include "proxy/config/expression.h"

#include <utility>

#include <re2/re2.h>

#include "proxy/config/limits.h"

namespace proxy::config {

base::Result<Expression> Expression::compile(const std::string& text) {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // by bytes, as nginx without UTF
  options.set_case_sensitive(false);
  options.set_dot_nl(true);
  options.set_never_capture(true);
  options.set_log_errors(false);
  options.set_max_mem(kExpressionMemoryMax);
  auto compiled = std::make_unique<const re2::RE2>("^" + text, options);
  if (!compiled->ok()) {
    return base::failure(base::ErrorKind::invalid, compiled->error());
  }
  return Expression(std::move(compiled));
}

Expression::Expression(std::unique_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

bool Expression::matches(std::string_view path) const {
  return re2::RE2::PartialMatch({path.data(), path.size()}, *compiled_);
}

}  // namespace proxy::config
