#include "operator/routing/intent_compiler.h"

#include <optional>
#include <variant>

#include "operator/routing/canary_guards.h"
#include "operator/routing/joined.h"
#include "proxy/config/broken_backend.h"
#include "proxy/config/expression.h"
#include "proxy/config/limits.h"

namespace routing {
namespace {

using proxy::config::Action;
using proxy::config::Expression;
using proxy::config::FixedAnswer;
using proxy::config::Forward;

// Of what a claimant would have served that guards something which is not honoured.
const FixedAnswer kRefused{503, "annotation_refused"};

std::string of_host(const std::string& host) {
  return " of " + (host.empty() ? "every host" : host);
}

}  // namespace

void IntentCompiler::complain(const Claimant& claimant, std::string reason, std::string message,
                              Severity severity) {
  complaints_.push_back({claimant, severity, std::move(reason), std::move(message)});
}

void IntentCompiler::add(const Intent& intent) {
  const Adding adding{intent, begin_with(intent.rank.claimant)};
  for (const HostIntent& host : intent.hosts) add_host(adding, host);
  note_client_certificates(adding);
  for (const CertificateIntent& one : intent.certificates) add_certificate(intent.rank, one);
}

// What comes of it is noted there until the next one is begun with.
Outcome& IntentCompiler::begin_with(const Claimant& claimant) {
  Outcome& outcome = outcomes_[claimant.kind_and_key()];
  hosts_named_.clear();
  hosts_named_.insert(outcome.hosts.begin(), outcome.hosts.end());
  hosts_named_.insert(outcome.hosts_denied.begin(), outcome.hosts_denied.end());
  return outcome;
}

void IntentCompiler::close_beside(const Claimant& absent, const std::vector<std::string>& hosts,
                                  bool guards) {
  for (const std::string& host : hosts) {
    if (!hosts_.contains(host) || !arbitration_.owners().admits(host, absent.namespace_())) {
      continue;
    }
    if (guards) hosts_.close_host(host, absent);
    const Claimant* const by = arbitration_.passthrough().decided_by(host);
    if (arbitration_.passthrough().has(host) && by && *by == absent) {
      hosts_.pass_tls(host, std::nullopt);
    }
  }
}

// ---- Hosts

// Notes whether it has a say about the host.
bool IntentCompiler::asks_for(const Rank& by, const std::string& host, Outcome& outcome) {
  const bool is_admitted = arbitration_.asks_for(by, host);
  auto& names = is_admitted ? outcome.hosts : outcome.hosts_denied;
  if (hosts_named_.insert(host).second) names.push_back(host);
  return is_admitted;
}

void IntentCompiler::add_host(const Adding& adding, const HostIntent& host) {
  const std::string& name = host.host;
  if (!open_host(adding, name)) return;
  if (host.is_rule && !settle_tls(adding, host)) return;
  if (host.root) {
    hosts_.claim_route(
        name, {proxy::config::PathMatch::exact, "/", {}, host.root->policies},
        [&] { return host.root->answer; }, adding.claimant(), complaints_);
  }
  for (const PathIntent& path : host.paths) add_path(adding, name, path);
  if (host.rest) add_rest(adding, name, *host.rest);
}

// Makes it known to the table. False: its namespace has no say about it.
bool IntentCompiler::open_host(const Adding& adding, const std::string& host) {
  const Intent& intent = adding.intent;
  if (!asks_for(intent.rank, host, adding.outcome)) return false;
  hosts_.claim_host(host, adding.claimant(), intent.plain_http, complaints_);
  if (intent.fallback) fallbacks_.try_emplace(host, *intent.fallback);
  if (intent.tls_policy) hosts_.claim_tls_policy(host, adding.claimant(), *intent.tls_policy);
  return true;
}

// Where TLS for a host ends is one decision for all of it. False: an older claimant has made
// another one than this one asks for, and its rule has no effect: what was to be read by its
// backend alone is not read here.
bool IntentCompiler::settle_tls(const Adding& adding, const HostIntent& host) {
  const std::string& name = host.host;
  const Claimant& claimant = adding.claimant();
  const bool is_asked_for = adding.intent.passes_tls;
  if (is_asked_for && name.empty()) {
    complain(claimant, "PassthroughWithoutHost",
             "The rule without a host is left out: TLS passes by the host that a client names, "
             "so ssl-passthrough needs one.");
    return false;
  }
  const bool passes = arbitration_.passthrough().has(name);
  if (!passes && !is_asked_for) return true;
  const Claimant& by = *arbitration_.passthrough().decided_by(name);
  if (by == claimant) {
    pass_tls(adding, host);
    return true;
  }
  const std::string other = "the older " + by.text();
  if (!passes) {
    complain(claimant, "PassthroughConflict",
             "TLS for " + name + " ends at the edge, as " + other +
                 " without ssl-passthrough has it, so the rule of this " + claimant.kind() +
                 " for the host is left out.");
    complain(by, "PassthroughConflict",
             "TLS for " + name + " ends at the edge: the rule of " + claimant.text() +
                 ", which asks for ssl-passthrough there, is left out.",
             Severity::note);
    return false;
  }
  complain(claimant, "PassthroughConflict",
           "TLS for " + name + " passes to the backend of " + other +
               " (ssl-passthrough), so what this " + claimant.kind() +
               " has for the host holds for plain HTTP alone.");
  complain(by, "PassthroughConflict",
           "TLS for " + name + " passes to the backend of this " + by.kind() +
               " (ssl-passthrough), and nothing of what " + claimant.text() + " has for the host.",
           Severity::note);
  return true;
}

// As ingress-nginx has it: all of the host goes to the backend of "/". Where there is no such path,
// to the first one's.
void IntentCompiler::pass_tls(const Adding& adding, const HostIntent& host) {
  const Intent& intent = adding.intent;
  const std::string& name = host.host;
  if (!passed_.insert(name).second) return;  // by another rule of this claimant
  const PathIntent* chosen = nullptr;
  for (const PathIntent& path : host.paths) {
    if (chosen == nullptr || (path.text == "/" && chosen->text != "/")) chosen = &path;
  }
  const BackendIntent* backend = nullptr;
  if (chosen != nullptr) {
    backend = &chosen->backend;
  } else if (host.rest) {
    backend = &host.rest->backend;
  }
  if (intent.is_refused || backend == nullptr) {
    hosts_.pass_tls(name, std::nullopt);
    return;
  }
  if (chosen != nullptr) report_paths(adding, host, *chosen);
  BackendProtocol protocol;
  protocol.tls = false;
  protocol.proxy_protocol = intent.protocol.proxy_protocol;
  EndpointChoice choice = intent.choice;
  choice.is_sticky = false;
  const ResolvedBackend resolved =
      resolve(intent.rank, *backend, intent.timeouts, protocol, choice);
  troubles_.add(adding.claimant(), resolved, intent.has_pages, "TLS of " + name);
  const auto* const forward = std::get_if<Forward>(&resolved.action);
  if (forward == nullptr) {
    hosts_.pass_tls(name, std::nullopt);
  } else {
    hosts_.pass_tls(name, proxy::config::Passthrough{forward->cluster, intent.guards});
  }
}

void IntentCompiler::report_paths(const Adding& adding, const HostIntent& host,
                                  const PathIntent& chosen) {
  std::vector<std::string> others;
  for (const PathIntent& path : host.paths) {
    if (&path != &chosen) others.push_back(path.text);
  }
  if (chosen.text == "/" && others.empty()) return;
  complain(adding.claimant(), "PassthroughIgnoresPaths",
           "With ssl-passthrough all TLS for " + host.host + " goes to the backend of the path " +
               chosen.text + ", whatever path is asked for" +
               (others.empty()
                    ? "."
                    : "; the other paths (" + joined(others) + ") hold for plain HTTP alone."));
}

void IntentCompiler::add_rest(const Adding& adding, const std::string& host,
                              const RestIntent& rest) {
  hosts_.claim_default(
      host, rest.policies,
      [&]() -> Action {
        if (rest.answer) return *rest.answer;
        return action_for(adding, rest.backend, "the default backend");
      },
      adding.claimant(), complaints_);
}

// ---- Paths

void IntentCompiler::add_path(const Adding& adding, const std::string& host,
                              const PathIntent& path) {
  const auto tell = [&] {
    if (path.remark) complain(adding.claimant(), path.remark->reason, path.remark->message);
  };
  if (!path.expression) tell();
  const bool is_claimed = path.plain && claim_path(adding, host, path);
  if (!path.expression) return;
  if (adding.intent.is_refused) {
    if (!path.plain) counted(adding.outcome, kRefused);
    // Of two claimants with one plain path the older one has it, as an expression, too.
    if (is_claimed || path.expression->is_meant) close_expression(adding, host, path);
    return;
  }
  if (path.plain && !is_claimed) return;
  tell();
  add_expression(adding, host, path);
}

bool IntentCompiler::claim_path(const Adding& adding, const std::string& host,
                                const PathIntent& path) {
  const PlainPath& plain = *path.plain;
  // A request for it would come to a wider path.
  const bool guards = adding.intent.is_refused || !adding.intent.guards.empty();
  if (guards && !hosts_.has_room_for_route(host)) hosts_.close_host(host, adding.claimant());
  return hosts_.claim_route(
      host, {plain.match, plain.path, {}, plain.policies},
      [&] { return action_for(adding, path.backend, plain.path); }, adding.claimant(), complaints_);
}

// A path that is an expression, and is served. Where it cannot be compared the host is closed: a
// request that is meant for it would come to another path's backend.
void IntentCompiler::add_expression(const Adding& adding, const std::string& host,
                                    const PathIntent& path) {
  const std::string& expression = path.expression->expression;
  if (expression.size() > proxy::config::kPathBytesMax) {
    close_host(adding, host, path.text, "is too long to be compared with requests");
    return;
  }
  const auto compiled = Expression::compile(expression, Expression::Use::route);
  if (!compiled) {
    close_host(adding, host, path.text,
               "is a regular expression that cannot be compared with requests (" +
                   compiled.error().message + ")");
    return;
  }
  if (!hosts_.has_room_for_expression(host)) {
    close_host(adding, host, path.text,
               "is one regular expression more than the " +
                   std::to_string(proxy::config::kExpressionRoutesMax) + " that a host may have");
    return;
  }
  hosts_.claim_expression(
      host, {expression, {}, path.expression->policies},
      [&] { return action_for(adding, path.backend, path.text); }, adding.claimant(), complaints_);
}

void IntentCompiler::close_host(const Adding& adding, const std::string& host,
                                const std::string& text, const std::string& why) {
  hosts_.close_host(host, adding.claimant());
  counted(adding.outcome, kRefused);
  complain(adding.claimant(), "HostClosed",
           "The path \"" + text + "\"" + of_host(host) + " " + why +
               ". So that no request for it comes to another path's backend, the whole host "
               "answers 503 until the path is written in another way.");
}

// What a refused regular expression would have guarded stays closed, whoever else has routes there.
void IntentCompiler::close_expression(const Adding& adding, const std::string& host,
                                      const PathIntent& path) {
  const std::string& text = path.expression->expression;
  const auto close_host = [&](const std::string& why) {
    hosts_.close_host(host, adding.claimant());
    complain(adding.claimant(), "HostClosed",
             "The path \"" + text + "\"" + of_host(host) + " is guarded and " + why +
                 ". So that nothing of it stands open, the whole host answers 503 until the path "
                 "is written in another way, or the guard is gone.");
  };
  if (text.size() > proxy::config::kPathBytesMax) {
    close_host("too long to be compared with requests");
    return;
  }
  const auto compiled = Expression::compile(text);
  if (!compiled) {
    close_host("a regular expression that cannot be compared with requests (" +
               compiled.error().message + ")");
  } else if (!hosts_.close_expression(host, {text, kRefused})) {
    close_host("one regular expression more than the " + std::to_string(proxy::config::kClosedMax) +
               " that a host may have");
  }
}

// ---- Backends

ResolvedBackend IntentCompiler::resolve(const Rank& by, const BackendIntent& backend,
                                        const Timeouts& timeouts, const BackendProtocol& protocol,
                                        const EndpointChoice& choice) {
  if (backend.nowhere) return *backend.nowhere;
  return backends_.resolve(by.claimant.namespace_(), backend.service, timeouts, protocol, choice);
}

Action IntentCompiler::action_for(const Adding& adding, const BackendIntent& backend,
                                  const std::string& where) {
  const Intent& intent = adding.intent;
  // Resolved only when it may be reached: who is refused has one trouble to tell, not two.
  if (intent.is_refused) return counted(adding.outcome, kRefused);
  if (intent.answer) {
    ++adding.outcome.paths_served;  // the backend is often a placeholder, and is not asked about
    return *intent.answer;
  }
  ResolvedBackend resolved =
      resolve(intent.rank, backend, intent.timeouts, intent.protocol, intent.choice);
  troubles_.add(adding.claimant(), resolved, intent.has_pages, where);
  Action action = counted(adding.outcome, std::move(resolved.action));
  // Behind the guards of the route, as if there were no endpoint yet.
  const bool stands_in =
      intent.has_pages && !backend.nowhere && std::holds_alternative<FixedAnswer>(action) &&
      proxy::config::is_of_a_broken_backend(std::get<FixedAnswer>(action).reason);
  if (!stands_in) return action;
  return backends_.nowhere({adding.claimant().namespace_(), backend.service.name});
}

Action IntentCompiler::counted(Outcome& outcome, Action action) {
  if (std::holds_alternative<Forward>(action)) {
    ++outcome.paths_served;
  } else {
    ++outcome.paths_closed;
  }
  return action;
}

// ---- What clients show, and are shown

void IntentCompiler::note_client_certificates(const Adding& adding) {
  if (adding.intent.is_refused) return;  // nobody comes in there, whatever others ask
  for (const std::string& host : adding.outcome.hosts) {
    asked_.add(host, adding.claimant(), adding.intent.client_certificates);
  }
}

void IntentCompiler::add_certificate(const Rank& rank, const CertificateIntent& certificate) {
  for (const std::string& name : certificate.names) {
    arbitration_.offer(rank, certificate.secret, name, certificate.is_ordered, sni_, complaints_);
  }
}

// ---- Splits

void IntentCompiler::join(const SplitIntent& split) {
  Outcome& outcome = begin_with(split.rank.claimant);
  for (const SplitIntent::Place& place : split.places) join(split, place, outcome);
}

// Adds a backend to a place of its own namespace, and to no other: whose requests would that be?
// What guards the place goes on guarding it.
void IntentCompiler::join(const SplitIntent& split, const SplitIntent::Place& place,
                          Outcome& outcome) {
  const std::string& host = place.host;
  const Claimant& claimant = split.rank.claimant;
  if (!asks_for(split.rank, host, outcome)) return;
  std::optional<std::string> why;
  const auto standing = hosts_.find_standing(host, place.sought);
  if (arbitration_.passthrough().has(host)) {
    why = "TLS for the host passes unread, so nobody can tell its requests apart";
  } else if (!standing) {
    why = "no other " + claimant.kind() + " serves it with this path and pathType";
  } else if (standing->owner.namespace_() != claimant.namespace_()) {
    why = "the " + standing->owner.text() + " of another namespace has it";
  } else if (*standing->canary) {
    why = **standing->canary == claimant
              ? "it stands in this " + claimant.kind() + " twice, and the first one counts"
              : "the older canary " + (*standing->canary)->key().text() + " has joined it";
  } else if (!std::holds_alternative<Forward>(*standing->action)) {
    why = "the " + standing->owner.text() + " answers there without a backend";
  } else if (!is_guarded_as(split, standing->owner.key(),
                            guards_.find((*standing->policies)->guards))) {
    why = "it is guarded in another way than the " + standing->owner.text() +
          ", whose guards hold there; write the same in both, or nothing in this one";
  } else {
    why = join_standing(split, place.backend, *standing);
  }
  if (!why) {
    ++outcome.paths_served;
    return;
  }
  ++outcome.paths_closed;
  complain(claimant, "CanaryNotJoined",
           "This canary gets no request for " + place.what + of_host(host) + ": " + *why + ".");
}

// It has the guards of what it joins, and says as many of them as it likes. Its limits are that
// one's, too.
bool IntentCompiler::is_guarded_as(const SplitIntent& split, const kube::ObjectKey& owner,
                                   const proxy::config::Guards& standing) {
  const auto limited_as_owner = [&](proxy::config::Guards said) {
    if (said.limits) said.limits->id = owner.text();
    return said;
  };
  if (split.guards && are_kept(limited_as_owner(*split.guards), standing)) return true;
  if (!split.guards_alone) return false;
  proxy::config::Guards said = limited_as_owner(*split.guards_alone);
  // Who answers to its name is found for what stands there; of another name it is said anyway.
  if (split.asks_whom_the_place_asks && said.external_auth && standing.external_auth) {
    said.external_auth->cluster = standing.external_auth->cluster;
  }
  return are_kept(said, standing);
}

std::optional<std::string> IntentCompiler::join_standing(const SplitIntent& split,
                                                         const BackendIntent& backend,
                                                         const HostTable::Standing& standing) {
  EndpointChoice choice = split.choice;
  choice.is_sticky = (*standing.policies)->sticky.has_value();
  const ResolvedBackend resolved =
      resolve(split.rank, backend, split.timeouts, split.protocol, choice);
  const auto* const forward = std::get_if<Forward>(&resolved.action);
  if (forward == nullptr) return resolved.trouble;
  *standing.canary = split.rank.claimant;
  proxy::config::Split joined_split = split.split;
  joined_split.cluster = forward->cluster;
  standing.policies->change().splits = {std::move(joined_split)};
  standing.policies->settle();
  return std::nullopt;
}

// ---- The end

CompiledIntents IntentCompiler::finish() {
  for (const SplitIntent& split : splits_) join(split);
  CompiledIntents compiled;
  std::vector<std::string> names = hosts_.names();
  std::erase_if(names,
                [this](const std::string& name) { return arbitration_.passthrough().has(name); });
  SniTable::Decided tls = sni_.decide(arbitration_.owners(), names, complaints_);
  record(tls.outcomes);
  arbitration_.report(complaints_);
  close_hosts();
  add_fallbacks();
  troubles_.report(complaints_);
  asked_.report(complaints_);
  hosts_.report_tls_policies(complaints_);
  hosts_.report_plain_http(tls.sni, tls.own_only, complaints_);
  compiled.config.clusters = backends_.take_clusters();
  compiled.config.hosts = hosts_.finish(tls.sni, tls.own_only);
  compiled.config.guards = guards_.take();
  compiled.config.shapes = shapes_.take();
  compiled.config.certificates = std::move(tls.certificates);
  for (const auto& [name, id] : tls.sni) compiled.config.sni.insert_or_assign(name, id);
  compiled.complaints = std::move(complaints_);
  compiled.outcomes = std::move(outcomes_);
  compiled.owners = arbitration_.owners();
  return compiled;
}

void IntentCompiler::close_hosts() {
  for (const HostTable::ClosedHost& closed : hosts_.close_hosts(kRefused)) {
    for (const auto& [owner, places] : closed.over) {
      Outcome& outcome = outcomes_.at(owner.kind_and_key());
      outcome.paths_served -= places;
      outcome.paths_closed += places;
      complain(owner, "HostClosed",
               "Requests for " + (closed.host.empty() ? "every other host" : closed.host) +
                   " are answered with 503: the " + closed.by.text() +
                   " guards something there that cannot be told apart from the rest. Its Events "
                   "say what.");
    }
  }
}

// Of hosts where no claimant says who answers what no path matches.
void IntentCompiler::add_fallbacks() {
  for (const auto& [host, fallback] : fallbacks_) {
    if (arbitration_.passthrough().has(host)) continue;
    const ResolvedBackend resolved =
        backends_.resolve(fallback.namespace_, fallback.backend, fallback.timeouts);
    if (!std::holds_alternative<Forward>(resolved.action)) continue;
    hosts_.set_default(host, {resolved.action,
                              proxy::config::Policies{.body_bytes_max = fallback.body_bytes_max}});
  }
}

void IntentCompiler::record(const std::vector<SniTable::Outcome>& outcomes) {
  for (const SniTable::Outcome& one : outcomes) {
    Outcome& outcome = outcomes_.at(one.by.kind_and_key());
    (one.served ? outcome.tls_names : outcome.tls_missing).push_back(one.name);
  }
}

}  // namespace routing
