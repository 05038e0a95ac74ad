#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/resources/ingress.h"

namespace ingress {

// A path of an Ingress as the proxy compares it with a normalised request path: escapes of
// unreserved characters decoded, other escapes in upper case, bytes that a request can only carry
// escaped ("ü", a space) escaped. Nothing when no normalised request path could ever equal it: it
// does not start with "/", has a dot segment, a broken escape or a control character, or is longer
// than 4096 bytes.
std::optional<std::string> route_path(std::string_view path);

// A path of type ImplementationSpecific as a prefix: controllers of clouds (ALB, GCE) have "/*" at
// its end for everything below, and nothing else can be meant by it. Other paths stay as they are:
// a "*" in them is a "*" (KEP-1453).
std::string without_star(std::string path, kube::PathType type);

// Whether a path has what only a regular expression has a use for, or "\\", "$" and their like.
bool has_operators(std::string_view path);

// Whether a path can hardly be meant as the text that it is: a "*", or what regular expressions and
// templates of paths ("/users/{id}") are made of. Requests with "()", "+" and "$" in their path are
// seen; with "[", "{", "|", "^" and "\\" they come escaped, if at all.
bool looks_like_expression(std::string_view path);

// The expression that a path of an Ingress with regular expressions is, as the proxy compares it
// with a normalised request path: characters that a request can only carry escaped are written so.
// Nothing where it says the same as a plain path does: Exact and Prefix without an operator keep
// their meaning, and "/" is everything.
std::optional<std::string> route_expression(std::string_view path, kube::PathType type);

// The regular expression that a path of a refused Ingress may be to the controller that it was
// written for: whatever has an operator, and every path of a host where ingress-nginx has regular
// expressions (it has them for all of a host or for none). Used to keep paths closed, never to open
// one. Kong marks them with "/~".
std::optional<std::string> expression_of(std::string_view path, bool host_has_expressions);

}  // namespace ingress
