#include "proxy/config/expression.h"

#include <algorithm>
#include <utility>

#include <re2/re2.h>

#include "proxy/config/limits.h"

namespace proxy::config {

base::Result<Expression> Expression::compile(const std::string& text, Use use) {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // by bytes, as nginx without UTF
  options.set_case_sensitive(use == Use::value);
  options.set_dot_nl(true);
  options.set_never_capture(use != Use::route);
  options.set_log_errors(false);
  options.set_max_mem(kExpressionMemoryMax);
  auto compiled = std::make_unique<const re2::RE2>(use == Use::value ? text : "^" + text, options);
  if (!compiled->ok()) {
    return base::failure(base::ErrorKind::invalid, compiled->error());
  }
  if (compiled->ProgramSize() > kExpressionInstructionsMax) {
    return base::failure(base::ErrorKind::invalid, "too large to be compared with each request");
  }
  return Expression(std::move(compiled));
}

Expression::Expression(std::unique_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

std::size_t Expression::instructions() const {
  return static_cast<std::size_t>(compiled_->ProgramSize());
}

bool Expression::matches(std::string_view path) const {
  return re2::RE2::PartialMatch({path.data(), path.size()}, *compiled_);
}

bool Expression::matches(std::string_view path, Groups& groups) const {
  std::array<re2::StringPiece, kGroups + 1> found;  // the first one is the whole match
  const int wanted = 1 + std::min<int>(kGroups, compiled_->NumberOfCapturingGroups());
  const re2::StringPiece text(path.data(), path.size());
  if (!compiled_->Match(text, 0, path.size(), re2::RE2::UNANCHORED, found.data(), wanted)) {
    return false;
  }
  for (std::size_t i = 0; i < kGroups; ++i) groups[i] = {found[i + 1].data(), found[i + 1].size()};
  return true;
}

}  // namespace proxy::config
