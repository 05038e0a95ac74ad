#include "operator/ingress/path_intents.h"

#include <utility>

#include "operator/ingress/annotations/rewrite.h"
#include "operator/ingress/backends.h"
#include "operator/ingress/route_path.h"
#include "proxy/config/expression.h"
#include "proxy/config/limits.h"

namespace ingress {

using routing::PathIntent;

namespace {

// "/*" that is not at the end, or of another type, and a regular expression of an Ingress that
// asks for none, can only be meant otherwise than it is taken.
std::optional<routing::Remark> remark_of_literal(const Scope& scope, const std::string& path) {
  if (scope.policy.is_refused() || !looks_like_expression(path)) return std::nullopt;
  const bool is_star_alone = path.find_first_of("()[]{}|^?\\") == std::string::npos &&
                             path.find(".*") == std::string::npos && path.find('*') != path.npos;
  return routing::Remark{
      "PathTakenLiterally",
      is_star_alone
          ? "The path \"" + path +
                "\" matches only requests with a \"*\" in their path: it stands for "
                "nothing else here. For everything below a path write the path alone, with "
                "pathType Prefix."
          : "The path \"" + path +
                "\" matches only requests with this very text in their path: it is no "
                "regular expression here. Where it is meant as one say so with the "
                "annotation nginx.ingress.kubernetes.io/use-regex: \"true\"; for everything "
                "below a path write the path alone, with pathType Prefix."};
}

// Of a path that may be meant otherwise than it is taken, or can be meant as nothing.
std::optional<routing::Remark> remark_of(const Scope& scope, const PathIntent& path,
                                         kube::PathType type) {
  if (path.expression) {
    if (scope.policy.is_refused()) return std::nullopt;
    return routing::Remark{
        "PathTakenBothWays",
        "The path \"" + path.text +
            "\" is taken both as the text that it is and as the regular expression that it may "
            "be meant as, since the Ingress guards it. Where an expression is meant say so with "
            "the annotation nginx.ingress.kubernetes.io/use-regex: \"true\"; for everything "
            "below a path write the path alone, with pathType Prefix."};
  }
  if (path.plain) return remark_of_literal(scope, without_star(path.text, type));
  return routing::Remark{
      "PathInvalid",
      "The path \"" + path.text +
          "\" can match no request (it must start with \"/\" and have no \"..\", broken "
          "escape or control character), so it is left out."};
}

}  // namespace

PathIntent PathIntents::path_of(const Scope& scope, const std::string& host,
                                const kube::IngressPath& written) const {
  const bool is_refused = scope.policy.is_refused();
  PathIntent path{.text = written.path.empty() ? "/" : written.path};
  const std::string& text = path.text;
  path.backend = backend_intent_of(written.backend);
  auto expression = asked_expression(scope, host, text, written.path_type);
  const bool is_asked_for = expression.has_value();
  if (!is_asked_for) {
    expression = guarded_expression(scope, host, text, written.path_type);
    if (auto plain = route_path(without_star(text, written.path_type))) {
      auto policies = policies_.of_path(scope, *plain, written.backend);
      path.plain.emplace(
          routing::PlainPath{match_of(written.path_type), std::move(*plain), std::move(policies)});
    }
  }
  if (expression) {
    routing::PathExpression made{std::move(*expression)};
    made.is_meant = expression_of(text, false).has_value();
    if (!is_refused) made.policies = policies_.of_expression(scope, text, written.backend);
    path.expression = std::move(made);
  }
  if (!is_asked_for) path.remark = remark_of(scope, path, written.path_type);
  return path;
}

// The expression that a path is, where its Ingress asks for such, or another one of the host does
// and the class has it so. Nobody has asked for one there that cannot be compared: "/c++" is
// none.
std::optional<std::string> PathIntents::asked_expression(const Scope& scope,
                                                         const std::string& host,
                                                         const std::string& text,
                                                         kube::PathType type) const {
  const annotations::Rewrite& rewrite = scope.policy.rewrite;
  if (scope.policy.is_refused()) return std::nullopt;
  if (rewrite.uses_expressions) return route_expression(text, type);
  const bool has_others = scope.of_class.has_expressions_of_hosts() && !rewrite.wants_none &&
                          hosts_.has_expressions(host);
  // What is guarded both ways is not left to one of them by another Ingress.
  if (!has_others || guarded_expression(scope, host, text, type)) return std::nullopt;
  using proxy::config::Expression;
  auto expression = route_expression(text, type);
  if (!expression || expression->size() > proxy::config::kPathBytesMax) return std::nullopt;
  if (!Expression::compile(*expression, Expression::Use::route)) return std::nullopt;
  return expression;
}

// The expression that a guarded path may be meant as, though its Ingress asks for none: with
// operators it is one to ingress-nginx as soon as another Ingress of the host asks. A request
// that it was to guard must not come to a wider path. One without operators is what its type says
// (KEP-1453): "/admin" as a Prefix is not for "/administrator", also where ingress-nginx has it
// so.
std::optional<std::string> PathIntents::guarded_expression(const Scope& scope,
                                                           const std::string& host,
                                                           const std::string& text,
                                                           kube::PathType type) const {
  const bool host_has_expressions = hosts_.has_expressions(host);
  if (scope.policy.is_refused()) return expression_of(text, host_has_expressions);
  if (scope.guards.empty() || without_star(text, type) != text) return std::nullopt;
  if (looks_like_expression(text)) return route_expression(text, type);
  const bool has_group = text.find('(') != std::string::npos;
  if (!has_operators(text) || !(host_has_expressions || has_group)) return std::nullopt;
  // "/c++" is none.
  using proxy::config::Expression;
  auto expression = route_expression(text, type);
  if (expression && !Expression::compile(*expression, Expression::Use::route)) return {};
  return expression;
}

}  // namespace ingress
