#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Texts of a configuration in which some of nginx's variables stand for what a request has:
// "https://$host/start?rd=$escaped_request_uri". Pure; for the operator, which reads them from
// people, and the proxy.
namespace proxy::config {

enum class Variable : std::uint8_t {
  none,
  scheme,               // "https" | "http"
  host,                 // as the client asked for it, without a port
  http_host,            // with it
  request_uri,          // path and query as they came
  escaped_request_uri,  // the same as one value of a query
  uri,                  // the path in its strict reading
  args,                 // the query without its "?"
  is_args,              // "?" where there is a query
  request_method,
  remote_addr,
  server_port,  // that the client came to
  remote_user,  // of Authorization: Basic (RFC 7617)
  field,        // of all of this name, with "_" for "-"
  cookie,       // likewise, as the name is written
};

// What a client shows in the fields of its request.
bool is_of_fields(Variable variable);

struct TemplatePart {
  std::string text;  // as it stands; of a field or a cookie: its name
  Variable variable = Variable::none;
  bool operator==(const TemplatePart&) const = default;
};
using TextTemplate = std::vector<TemplatePart>;

// "$name" or "${name}", each name as long as it goes, some with nginx's or ingress-nginx's other
// names; "$http_NAME" is a field, "$cookie_NAME" a cookie. Nothing: there is a variable that is
// none of these, or a "$" alone.
std::optional<TextTemplate> read_template(std::string_view text);

// Where a text with variables stands: what a client shows in its fields stands in no address, where
// others would read it.
enum class TextPlace { address, field };

// The first variable of a text that is none of these, or must not stand there; empty: there is
// none.
std::string_view unknown_variable(std::string_view text, TextPlace place = TextPlace::address);

}  // namespace proxy::config
