#include "proxy/router/route_table.h"

#include <algorithm>
#include <utility>

#include "proxy/config/broken_backend.h"
#include "proxy/config/closing.h"
#include "proxy/config/limits.h"
#include "proxy/http/host_name.h"
#include "proxy/reason/words.h"
#include "proxy/router/path.h"
#include "proxy/router/readings.h"

namespace proxy::router {
namespace {

constexpr std::string_view kChallengePrefix = "/.well-known/acme-challenge/";

std::shared_ptr<const policy::Split> make_split(const config::Split& split,
                                                const References& references) {
  const auto cluster = references.clusters.find(split.cluster);
  if (cluster == references.clusters.end()) return nullptr;  // validate() has seen to it
  return std::make_shared<const policy::Split>(split, cluster->second.place);
}

// validate() has seen to it that all it names is there; if it were not, nobody may pass.
Passage make_passage(const config::Passthrough& passthrough, const References& references) {
  Passage passage;
  const auto cluster = references.clusters.find(passthrough.cluster);
  if (cluster == references.clusters.end()) return passage;
  if (!passthrough.guards.empty()) {
    const auto guards = references.guards.find(passthrough.guards);
    if (guards == references.guards.end()) return passage;
    passage.guards = guards->second.get();
  }
  passage.cluster = cluster->second.place;
  return passage;
}

std::shared_ptr<const policy::ErrorPages> make_error_pages(const config::ErrorPages& pages,
                                                           const References& references) {
  const auto cluster = references.clusters.find(pages.cluster);
  if (cluster == references.clusters.end()) return nullptr;  // validate() has seen to it
  return std::make_shared<const policy::ErrorPages>(pages, cluster->second.place);
}

std::shared_ptr<const policy::Mirror> make_mirror(const config::Mirror& mirror,
                                                  const References& references) {
  const auto cluster = references.clusters.find(mirror.cluster);
  if (cluster == references.clusters.end()) return nullptr;  // validate() has seen to it
  return std::make_shared<const policy::Mirror>(mirror, cluster->second.place);
}

std::shared_ptr<const policy::Guards> make_guards(const config::Guards& guards,
                                                  const References& references) {
  const bool asks_a_cluster = guards.external_auth && !guards.external_auth->cluster.empty();
  if (!asks_a_cluster) return std::make_shared<const policy::Guards>(guards);
  const auto cluster = references.clusters.find(guards.external_auth->cluster);
  if (cluster != references.clusters.end()) {
    return std::make_shared<const policy::Guards>(guards, cluster->second.place);
  }
  // validate() has seen to it that this does not happen; if it did, nobody may pass.
  config::Guards closed = guards;
  config::close(closed);
  return std::make_shared<const policy::Guards>(closed);
}

Target make_target(const config::Action& action, const base::Alike<config::Policies>& shared,
                   const References& references) {
  const config::Policies& policies = *shared;
  Target target;
  target.policies = shared;
  if (!policies.guards.empty()) {
    const auto guards = references.guards.find(policies.guards);
    if (guards == references.guards.end()) {
      // validate() has seen to it that this does not happen; if it did, nobody may pass.
      target.status = 503;
      target.change_rest().reason = reason::unknown_guard;
      return target;
    }
    target.guards = guards->second.get();
  }
  if (!policies.shape.empty()) {
    const auto shape = references.shapes.find(policies.shape);
    if (shape != references.shapes.end()) target.shape = shape->second;
  }
  if (const auto* const forward = std::get_if<config::Forward>(&action)) {
    const auto found = references.clusters.find(forward->cluster);
    if (found != references.clusters.end()) {
      target.cluster = found->second.place;
      if (!policies.splits.empty()) {
        target.change_rest().split = make_split(policies.splits.front(), references);
      }
      if (policies.error_pages) {
        target.change_rest().error_pages = make_error_pages(*policies.error_pages, references);
      }
      if (policies.mirror) target.change_rest().mirror = make_mirror(*policies.mirror, references);
      return target;
    }
    // validate() has seen to it that this does not happen; if it did, nothing else may answer.
    target.status = 503;
    target.change_rest().reason = reason::no_cluster;
    return target;
  }
  const auto& answer = std::get<config::FixedAnswer>(action);
  target.status = answer.status;
  Target::Rest& rest = target.change_rest();
  rest.reason = answer.reason;
  if (answer.redirect) {
    rest.redirect = std::make_shared<const config::Redirection>(*answer.redirect);
  }
  if (answer.page) rest.page = std::make_shared<const config::FixedPage>(*answer.page);
  return target;
}

bool keeps_everybody_out(const Target& target) {
  return target.cluster == Target::kNoCluster &&
         !config::is_of_a_broken_backend(target.rest().reason);
}

// Keeps somebody out: then it must hold in every reading of a path.
bool guards(const Target& target) {
  return target.guards != nullptr || keeps_everybody_out(target);
}

// False: there are more than a request may have.
bool add(const policy::Guards* guards, OtherGuards& others) {
  for (const policy::Guards*& other : others) {
    if (other == nullptr) other = guards;
    if (other == guards) return true;
  }
  return false;
}

// A rule is written by people: "/café" is what a client sends as "/caf%C3%A9".
std::string rule_path(const std::string& path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kEscaped = " \"#<>?";
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || kEscaped.find(c) != std::string_view::npos) {
      escaped += '%';
      escaped += kDigits[byte >> 4];
      escaped += kDigits[byte & 15];
    } else {
      escaped += c;
    }
  }
  std::string storage;
  const auto normal = normalize_path(escaped, storage);
  return std::string(normal.value_or(escaped));
}

std::size_t count_elements(std::string_view path) {
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

// The first `count` elements of a path: "/a/b/c" with 2 is "/a/b".
std::string_view first_elements(std::string_view path, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    end = path.find('/', end + 1);
    if (end == std::string_view::npos) return path;
  }
  return path.substr(0, end);
}

template <class Entry>
const Entry* entry_at(const std::vector<Entry>& entries, std::string_view path) {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), path,
      [](const Entry& entry, std::string_view wanted) { return entry.path < wanted; });
  return at != entries.end() && at->path == path ? &*at : nullptr;
}

// The entry of the longest prefix by elements.
template <class Entry>
const Entry* longest_prefix(const std::vector<Entry>& entries, std::string_view path,
                            std::size_t elements_max) {
  if (entries.empty()) return nullptr;
  // From the longest prefix that a rule can have up to the root, an element at a time.
  std::string_view prefix = first_elements(path, elements_max);
  while (true) {
    if (const Entry* const found = entry_at(entries, prefix)) return found;
    if (prefix.empty()) return nullptr;
    const std::size_t slash = prefix.rfind('/');
    prefix = prefix.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
}

// "/.well-known/acme-challenge" too, which is the same prefix.
bool is_for_challenges(std::string_view rule_path) {
  return rule_path.starts_with(kChallengePrefix) ||
         rule_path == kChallengePrefix.substr(0, kChallengePrefix.size() - 1);
}

// Ranks of what has no path, see Host::gather_guards().
constexpr int kDefaultRank = -1;
constexpr int kOutsideRank = -2;

}  // namespace

const Target::Rest& Target::blank() {
  static const Rest rest;
  return rest;
}

const Host::Rest& Host::blank() {
  static const Rest rest;
  return rest;
}

Host::Host(const config::VirtualHost& host, const References& references)
    : https_redirect_(host.https_redirect),
      refuses_plain_http_(host.refuses_plain_http),
      tls_policy_(config::tls_policy_of(host)) {
  for (const config::Route& route : host.routes) {
    has_challenge_rules_ = has_challenge_rules_ || is_for_challenges(route.path);
    Rule rule{rule_path(route.path), make_target(route.action, route.policies, references)};
    rule.written_bytes = static_cast<std::uint32_t>(route.path.size());
    if (route.match == config::PathMatch::exact) {
      exact_.push_back(std::move(rule));
      continue;
    }
    if (!rule.path.empty() && rule.path.back() == '/') rule.path.pop_back();
    prefix_elements_max_ =
        std::max(prefix_elements_max_, static_cast<std::uint32_t>(count_elements(rule.path)));
    prefix_.push_back(std::move(rule));
  }
  for (std::vector<Rule>* const rules : {&exact_, &prefix_}) {
    std::stable_sort(rules->begin(), rules->end(),
                     [](const Rule& a, const Rule& b) { return a.path < b.path; });
    const auto same_path = [](const Rule& a, const Rule& b) { return a.path == b.path; };
    rules->erase(std::unique(rules->begin(), rules->end(), same_path), rules->end());
    rules->shrink_to_fit();
  }
  if (const auto& otherwise = host.default_route) {
    default_ = std::make_unique<Rule>(
        Rule{"", make_target(otherwise->action, otherwise->policies, references)});
  }
  compile_expressions(host.expressions, references);
  compile_closed(host.closed);
  gather_guards();
  if (!host.passthrough) return;
  Passage& passage = change_rest().passage.emplace(make_passage(*host.passthrough, references));
  // Nothing of the host is open.
  if (rest().all_closed) passage.cluster = Target::kNoCluster;
}

void Host::compile_expressions(const std::vector<config::ExpressionRoute>& routes,
                               const References& references) {
  for (const config::ExpressionRoute& route : routes) {
    has_challenge_rules_ = has_challenge_rules_ || is_for_challenges(route.expression);
    auto expression = config::Expression::compile(route.expression, config::Expression::Use::route);
    if (!expression) {
      // validate() does not compile. What it matches would fall to other routes, so nothing may.
      change_rest().all_closed =
          std::make_unique<Target>(make_target(config::closed_by_unknown_guard(), {}, {}));
      continue;
    }
    change_rest().instructions += expression->instructions();
    Rule rule{route.expression, make_target(route.action, route.policies, references)};
    rule.target.change_rest().expression =
        std::make_shared<const config::Expression>(std::move(*expression));
    rule.written_bytes = static_cast<std::uint32_t>(route.expression.size());
    // Below a plain path of the same length, as in find_rule().
    rule.rank = 2 * static_cast<int>(rule.written_bytes) - 1;
    change_rest().expressions.push_back({std::move(rule)});
  }
  if (rest_ == nullptr) return;
  std::stable_sort(rest_->expressions.begin(), rest_->expressions.end(),
                   [](const ExpressionRule& a, const ExpressionRule& b) {
                     const std::size_t bytes = a.rule.written_bytes;
                     return bytes != b.rule.written_bytes ? bytes > b.rule.written_bytes
                                                          : a.rule.path > b.rule.path;
                   });
}

void Host::compile_closed(const std::vector<config::ClosedExpression>& closed) {
  for (const config::ClosedExpression& one : closed) {
    Target target = make_target(one.answer, {}, {});
    auto expression = config::Expression::compile(one.expression);
    if (expression) {
      change_rest().instructions += expression->instructions();
      change_rest().closed.push_back(
          {std::move(*expression), one.expression.size(), std::move(target)});
    } else {
      change_rest().all_closed = std::make_unique<Target>(std::move(target));
    }
  }
}

// Ranks: a rule with a longer path is more specific, and Exact more than Prefix of the same path.
// The generous paths of two rules that fit one reading are prefixes of each other, so bytes tell.
void Host::gather_guards() {
  const auto is_guard = [](const Rule& rule) { return guards(rule.target); };
  if (rest_ != nullptr) {
    for (ExpressionRule& one : rest_->expressions) one.is_guard = is_guard(one.rule);
  }
  const std::vector<ExpressionRule>& expressions = rest().expressions;
  has_guarding_expressions_ = std::any_of(expressions.begin(), expressions.end(),
                                          [](const ExpressionRule& one) { return one.is_guard; });
  has_guards_ = has_guarding_expressions_ || !rest().closed.empty() || rest().all_closed ||
                std::any_of(exact_.begin(), exact_.end(), is_guard) ||
                std::any_of(prefix_.begin(), prefix_.end(), is_guard) ||
                (default_ && is_guard(*default_));
  if (!has_guards_) return;
  Rest& rest = change_rest();
  const auto prepare = [&](std::vector<Rule>& rules, std::vector<Guard>& guards, bool is_exact) {
    for (Rule& rule : rules) {
      std::string& generous = rule.generous.emplace(generous_rule(rule.path));
      if (!is_exact && generous.back() == '/') generous.pop_back();
      rule.rank = 2 * static_cast<int>(generous.size()) + (is_exact ? 1 : 0);
      if (!is_guard(rule)) continue;
      guards.push_back({generous, &rule});
      // Where that is shorter it is the path of others, too: "/c" for "/c++".
      std::string of_form = generous_rule_of_form(rule.path);
      if (of_form != generous && of_form.size() == generous.size()) {
        guards.push_back({std::move(of_form), &rule});
      }
      guards_are_plain_ = guards_are_plain_ && generous == rule.path;
      rest.guard_elements_max = std::max(rest.guard_elements_max, count_elements(generous));
    }
    std::stable_sort(guards.begin(), guards.end(),
                     [](const Guard& a, const Guard& b) { return a.path < b.path; });
  };
  prepare(exact_, rest.exact_guards, true);
  prepare(prefix_, rest.prefix_guards, false);
  if (default_) default_->rank = kDefaultRank;
}

const Host::Rule* Host::find_rule(std::string_view path) const {
  if (const Rule* const rule = entry_at(exact_, path)) return rule;
  const Rule* const plain = longest_prefix(prefix_, path, prefix_elements_max_);
  if (rest_ != nullptr) {
    for (const ExpressionRule& one : rest_->expressions) {
      if (plain != nullptr && one.rule.written_bytes <= plain->written_bytes) break;
      if (one.rule.target.rest().expression->matches(path)) return &one.rule;
    }
  }
  if (plain != nullptr) return plain;
  return default_.get();
}

bool Host::takes_too_long(std::size_t bytes) const {
  return rest_ != nullptr && rest_->instructions * bytes > config::kComparisonStepsMax;
}

const Target* Host::find(std::string_view path) const {
  const Rule* const rule = find_rule(path);
  return rule != nullptr ? &rule->target : nullptr;
}

bool Host::has_challenge_rule(std::string_view normalized) const {
  if (!has_challenge_rules_ || !normalized.starts_with(kChallengePrefix)) return false;
  if (takes_too_long(normalized.size())) return false;
  const Rule* const rule = find_rule(normalized);
  return rule != nullptr && is_for_challenges(rule->path);
}

namespace {

bool lies_in(std::string_view generous, std::string_view reading) {
  const std::size_t bytes = generous.size();
  return reading.starts_with(generous) &&
         (reading.size() == bytes || bytes == 0 || generous.back() == '/' || reading[bytes] == '/');
}

}  // namespace

// A reading that keeps dot segments may lie outside of what the rule is about.
bool Host::is_under(const Rule& rule, std::string_view reading) {
  if (lies_in(rule.generous ? std::string_view(*rule.generous) : std::string_view(), reading)) {
    return true;
  }
  if (rule.path.find('+') == std::string::npos) return false;
  return lies_in(generous_rule_of_form(rule.path), reading);
}

const Host::Rule* Host::guard_over(const Rule& rule, std::string_view reading) const {
  const int rank = is_under(rule, reading) ? rule.rank : kOutsideRank;
  if (const Guard* const guard = entry_at(rest().exact_guards, reading)) {
    // As in the strict reading, where an Exact path comes before every expression.
    if (guard->rule->rank > rank || rule.target.rest().expression != nullptr) return guard->rule;
  }
  const Guard* const guard =
      longest_prefix(rest().prefix_guards, reading, rest().guard_elements_max);
  if (guard != nullptr && guard->rule->rank > rank) return guard->rule;
  const bool default_guards = default_ && guards(default_->target);
  return default_guards && kDefaultRank > rank ? default_.get() : nullptr;
}

const Target* Host::closed_by(std::string_view text, std::size_t written_bytes) const {
  for (const Closed& closed : rest().closed) {
    if (closed.written_bytes >= written_bytes && closed.expression.matches(text)) {
      return &closed.target;
    }
  }
  if (!has_guarding_expressions_) return nullptr;
  for (const ExpressionRule& one : rest().expressions) {
    if (one.rule.written_bytes < written_bytes) break;
    const Target& target = one.rule.target;
    if (keeps_everybody_out(target) && target.rest().expression->matches(text)) return &target;
  }
  return nullptr;
}

bool Host::add_guards_of_expression(std::string_view text, const Rule& chosen,
                                    std::size_t written_bytes, OtherGuards& others) const {
  if (!has_guarding_expressions_) return true;
  for (const ExpressionRule& one : rest().expressions) {
    if (one.rule.written_bytes < written_bytes) break;
    const policy::Guards* const guards = one.rule.target.guards;
    if (guards == nullptr || !one.rule.target.rest().expression->matches(text)) continue;
    return guards == chosen.target.guards || add(guards, others);
  }
  return true;
}

Host::Choice Host::choose(std::string_view path_as_received, std::string_view normalized) const {
  const Choice ambiguous{nullptr, true};
  // For the route, and for what stands over it.
  std::size_t compared_bytes = 2 * normalized.size();
  if (takes_too_long(compared_bytes)) return ambiguous;
  const Rule* const rule = find_rule(normalized);
  if (rule == nullptr) return {};
  const bool is_closed = rule->target.cluster == Target::kNoCluster;
  if (!has_guards_ || is_closed) return {&rule->target};
  if (rest().all_closed) return {rest().all_closed.get()};
  if (const Target* const closed = closed_by(normalized, rule->written_bytes)) return {closed};
  Choice choice{&rule->target};
  if (!add_guards_of_expression(normalized, *rule, rule->written_bytes, choice.others)) {
    return ambiguous;
  }
  if (guards_are_plain_ && has_one_reading(path_as_received)) return choice;

  const auto readings = generous_readings(path_as_received);
  if (!readings) return ambiguous;
  compared_bytes += normalized.size();  // decoded once
  for (const std::string& reading : *readings) compared_bytes += reading.size();
  if (takes_too_long(compared_bytes)) return ambiguous;
  for (const std::string& reading : *readings) {
    if (const Rule* const guard = guard_over(*rule, reading)) {
      if (keeps_everybody_out(guard->target)) return {&guard->target};
      if (!add(guard->target.guards, choice.others)) return ambiguous;
    }
    const std::size_t written_bytes = is_under(*rule, reading) ? rule->written_bytes : 0;
    if (const Target* const closed = closed_by(reading, written_bytes)) return {closed};
    if (!add_guards_of_expression(reading, *rule, written_bytes, choice.others)) return ambiguous;
  }
  if (!rest().closed.empty() || has_guarding_expressions_) {
    const std::string decoded = decoded_once(normalized);
    if (const Target* const closed = closed_by(decoded, rule->written_bytes)) return {closed};
    if (!add_guards_of_expression(decoded, *rule, rule->written_bytes, choice.others)) {
      return ambiguous;
    }
  }
  return choice;
}

namespace {

// Hosts point to what they were made with.
template <class T>
bool is_redefined(const config::ProxyConfig::Section<T>& from,
                  const config::ProxyConfig::Section<T>& to) {
  bool is = false;
  config::ProxyConfig::Section<T>::visit_differences(
      from, to, [&](const std::string&, const auto* before, const auto* after) {
        is = is || (before != nullptr && after != nullptr && !(**before == **after));
      });
  return is;
}

}  // namespace

RouteTable::RouteTable(const config::ProxyConfig& config, const RouteTable* previous) {
  // Ids of guards and shapes are made of their content, unless a person wrote them.
  if (previous != nullptr && !is_redefined(previous->config_.guards, config.guards) &&
      !is_redefined(previous->config_.shapes, config.shapes)) {
    *this = *previous;
  }
  follow_clusters(config);
  follow_guards_and_shapes(config);
  follow_hosts(config);
  follow_challenges(config);
  config_ = config;
}

void RouteTable::follow_clusters(const config::ProxyConfig& next) {
  std::vector<std::pair<std::string, std::shared_ptr<const config::Cluster>>> newcomers;
  config::ProxyConfig::Section<config::Cluster>::visit_differences(
      config_.clusters, next.clusters,
      [&](const std::string& id, const auto* before, const auto* after) {
        if (before == nullptr) {
          newcomers.emplace_back(id, *after);
          return;
        }
        const std::uint32_t place = references_.clusters.at(id).place;
        if (after != nullptr) {
          references_.clusters.insert_or_assign(id, {place, *after});
        } else {
          free_places_.push_back(place);
          references_.clusters.erase(id);
        }
      });
  for (const auto& [id, cluster] : newcomers) {
    std::uint32_t place = places_;
    if (free_places_.empty()) {
      ++places_;
    } else {
      place = free_places_.back();
      free_places_.pop_back();
    }
    references_.clusters.insert_or_assign(id, {place, cluster});
  }
}

void RouteTable::follow_guards_and_shapes(const config::ProxyConfig& next) {
  config::ProxyConfig::Section<config::Guards>::visit_differences(
      config_.guards, next.guards, [&](const std::string& id, const auto*, const auto* after) {
        if (after == nullptr) {
          references_.guards.erase(id);
        } else {
          references_.guards.try_emplace(id, make_guards(**after, references_));
        }
      });
  config::ProxyConfig::Section<config::Shape>::visit_differences(
      config_.shapes, next.shapes, [&](const std::string& id, const auto*, const auto* after) {
        if (after == nullptr) {
          references_.shapes.erase(id);
        } else {
          references_.shapes.try_emplace(id, std::make_shared<const policy::Shape>(**after));
        }
      });
}

void RouteTable::follow_hosts(const config::ProxyConfig& next) {
  const auto passages_of = [](const std::string& name, const auto* host) {
    return !name.empty() && host != nullptr && (*host)->passthrough ? std::size_t{1} : 0;
  };
  config::ProxyConfig::Section<config::VirtualHost>::visit_differences(
      config_.hosts, next.hosts,
      [&](const std::string& name, const auto* before, const auto* after) {
        passages_ += passages_of(name, after);
        passages_ -= passages_of(name, before);
        modern_hosts_ += after != nullptr && (*after)->tls13_only ? 1 : 0;
        modern_hosts_ -= before != nullptr && (*before)->tls13_only ? 1 : 0;
        const bool is_wildcard = name.size() > 2 && name[0] == '*' && name[1] == '.';
        auto& table = is_wildcard ? wildcards_ : hosts_;
        const std::string_view key = std::string_view(name).substr(is_wildcard ? 2 : 0);
        if (after == nullptr) {
          table.erase(key);
        } else {
          table.set(key, **after, references_);
        }
      });
}

void RouteTable::follow_challenges(const config::ProxyConfig& next) {
  config::ProxyConfig::Section<config::ChallengeAnswer>::visit_differences(
      config_.challenges, next.challenges,
      [&](const std::string& token, const auto*, const auto* after) {
        if (after == nullptr) {
          challenges_.erase(token);
        } else {
          challenges_.set(token, *after);
        }
      });
}

const Host* RouteTable::find_host(std::string_view host) const {
  const http::HostName key = http::HostName::of_authority(host);
  const std::string_view name = key.view();
  if (!name.empty()) {
    if (const Host* const exact = hosts_.find(name)) return exact;
    const std::string_view domain =
        wildcards_.empty() ? std::string_view() : http::wildcard_domain(name);
    if (!domain.empty()) {
      if (const Host* const wildcard = wildcards_.find(domain)) return wildcard;
    }
  }
  return hosts_.find(std::string_view());
}

const Passage* RouteTable::find_passage(std::string_view server_name) const {
  if (passages_ == 0 || server_name.empty()) return nullptr;
  const Host* const host = find_host(server_name);
  if (host == nullptr || host->passage() == nullptr) return nullptr;
  return host == hosts_.find(std::string_view()) ? nullptr : host->passage();
}

const std::string* RouteTable::find_challenge(std::string_view host, std::string_view path) const {
  if (challenges_.empty() || !path.starts_with(kChallengePrefix)) return nullptr;
  const auto* const found = challenges_.find(path.substr(kChallengePrefix.size()));
  return found == nullptr ? nullptr : (*found)->find(http::HostName::of_authority(host).view());
}

Decision decide(const RouteTable& table, const RequestLine& request, std::string& storage) {
  Decision decision;
  const auto answer = [&](int status, std::string_view reason) {
    decision.status = status;
    decision.reason = reason;
    return decision;
  };

  decision.challenge = table.find_challenge(request.host, request.path);
  if (decision.challenge != nullptr) {
    decision.kind = Decision::Kind::challenge;
    decision.status = 200;
    return decision;
  }
  const Host* const host = table.find_host(request.host);
  if (host == nullptr) return answer(404, reason::no_host);
  // "OPTIONS *" is about the server: whoever has the host's root.
  const std::string_view received = request.path == "*" ? std::string_view("/") : request.path;
  const auto path = normalize_path(received, storage);
  const bool may_stay_plain = path && host->has_challenge_rule(*path);
  if (host->refuses_plain_http() && !request.secure && !may_stay_plain) {
    return answer(403, reason::plain_http_refused);
  }
  if (host->https_redirect() && !request.secure && !may_stay_plain) {
    // HTTP/1.0 without Host: there is no address to send the client to.
    if (request.host.empty()) return answer(400, reason::missing_host);
    decision.kind = Decision::Kind::redirect;
    decision.status = 308;
    return decision;
  }
  if (!path) return answer(400, reason::bad_path);
  const Host::Choice choice = host->choose(received, *path);
  if (choice.ambiguous) return answer(400, reason::ambiguous_path);
  decision.target = choice.target;
  if (decision.target == nullptr) return answer(404, reason::no_path);
  if (decision.target->cluster == Target::kNoCluster) {
    return answer(decision.target->status, decision.target->rest().reason);
  }
  decision.others = choice.others;
  decision.kind = Decision::Kind::forward;
  return decision;
}

std::string https_location(std::string_view host, std::string_view path, std::string_view query,
                           std::uint16_t https_port) {
  std::string location = "https://";
  location += http::without_port(host);
  if (https_port != 443) location.append(":").append(std::to_string(https_port));
  location += path == "*" ? std::string_view("/") : path;
  location += query;
  return location;
}

}  // namespace proxy::router
