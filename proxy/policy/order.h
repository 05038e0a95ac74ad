#pragma once

#include <array>
#include <string_view>

// What may happen to a request, in the order in which it happens. Each stage is a file of this
// room, or of the room that is named, and a pure decision over the request, its client and its
// typed settings; session::Exchange asks them in this order. A guard that cannot decide closes. A
// request whose route has nothing of a stage does not come by there.
namespace proxy::policy {

enum class Stage {
  challenge,
  https_redirect,
  client_certificate,
  access_list,
  limits,
  authentication,
  firewall,
  cors,
  redirect,
  rewrite,
  headers,
  split,
  forward,
};

struct StageInOrder {
  Stage stage;
  std::string_view name;
  std::string_view why_here;
};

inline constexpr std::array<StageInOrder, 13> kOrder = {{
    {Stage::challenge, "challenge",
     "An ACME server comes over plain http, from anywhere, without credentials (RFC 8555 §8.3)."},
    {Stage::https_redirect, "https redirect",
     "Nothing that proves who somebody is may be asked for over plain http."},
    {Stage::client_certificate, "client certificate",
     "It was shown before the request began, and says more of a client than its address does."},
    {Stage::access_list, "access list",
     "The cheapest answer, and who is kept out has no claim to a place in the limits."},
    {Stage::limits, "limits",
     "Before what costs time: a password that is hashed, a question to another service."},
    {Stage::authentication, "authentication",
     "Before what costs the most: of who may not come in nothing is inspected."},
    {Stage::firewall, "firewall",
     "The last guard, of the request as it was sent: whatever follows may speak of what is behind "
     "it."},
    {Stage::cors, "cors",
     "A preflight is answered for the place as it is asked for, and asked for no password."},
    {Stage::redirect, "redirect",
     "In place of a backend, with the path as it was sent: it must not be rewritten first."},
    {Stage::rewrite, "rewrite", "From here on the path is the backend's."},
    {Stage::headers, "headers", "They may speak of the path before and after the rewrite."},
    {Stage::split, "split",
     "Which of several backends, by what the client sent: after all that could still refuse it."},
    {Stage::forward, "forward", "What is left to do."},
}};

constexpr bool is_before(Stage a, Stage b) {
  return static_cast<int>(a) < static_cast<int>(b);
}

constexpr bool lists_each_stage_at_its_place() {
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    if (static_cast<std::size_t>(kOrder[i].stage) != i) return false;
  }
  return true;
}
static_assert(lists_each_stage_at_its_place());

}  // namespace proxy::policy
