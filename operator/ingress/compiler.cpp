#include "operator/ingress/compiler.h"

#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/issuer.h"
#include "operator/ingress/annotations/mirror.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/backends.h"
#include "operator/ingress/canary_guards.h"
#include "operator/ingress/claims.h"
#include "operator/ingress/guards.h"
#include "operator/ingress/ingress_load.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/ingress/route_path.h"
#include "operator/ingress/trusted_proxies.h"
#include "operator/routing/arbitration.h"
#include "operator/routing/asked_certificates.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/backend_troubles.h"
#include "operator/routing/challenge_answers.h"
#include "operator/routing/guard_table.h"
#include "operator/routing/host_name.h"
#include "operator/routing/host_table.h"
#include "operator/routing/joined.h"
#include "operator/routing/shape_table.h"
#include "operator/routing/sni_table.h"
#include "proxy/config/broken_backend.h"
#include "proxy/config/cookie_text.h"
#include "proxy/config/expression.h"
#include "proxy/config/limits.h"

namespace ingress {
namespace {

using annotations::Issue;
using annotations::RoutePolicy;
using proxy::config::Action;
using proxy::config::FixedAnswer;
using proxy::config::Forward;
using proxy::config::PathMatch;
using routing::Admission;
using routing::amount_text;
using routing::Arbitration;
using routing::AskedCertificates;
using routing::BackendResolver;
using routing::BackendTroubles;
using routing::bounded;
using routing::challenge_answers;
using routing::Claimant;
using routing::ClientAuthorities;
using routing::Complaint;
using routing::Complaints;
using routing::config_host;
using routing::covering_wildcard;
using routing::GuardTable;
using routing::HostClaims;
using routing::HostTable;
using routing::joined;
using routing::Load;
using routing::NoRoom;
using routing::PasswordFile;
using routing::PlainHttp;
using routing::Rank;
using routing::ResolvedBackend;
using routing::Severity;
using routing::ShapeTable;
using routing::SniTable;

// Of what an Ingress with an unsupported guard would have served.
const FixedAnswer kRefused{503, "annotation_refused"};

// One compilation: what the Ingresses add to, in order of age.
class Compilation {
 public:
  explicit Compilation(const ClusterView& view)
      : view_(view), ownership_(ownership_of(view)), backends_(view), sni_(view) {}

  Compiled run() {
    std::vector<OwnedIngress> owned = owned_by_age(view_, ownership_);
    std::vector<Reading> readings;
    readings.reserve(owned.size());
    for (OwnedIngress& one : owned) {
      one.ingress = ownership_.with_defaults(std::move(one.ingress));
      readings.push_back(read(std::move(one)));
    }
    arbitration_.emplace(claims_of(readings), view_.shares_hosts);
    for (const Reading& reading : readings) note_hosts(reading);
    find_room(readings);
    for (Reading& reading : readings) {
      if (reading.no_room) {
        leave_out(reading);
      } else {
        add(std::move(reading));
      }
    }
    // When all there is to join is there, whatever their age.
    for (const Canary& canary : canaries_) join(canary);
    for (const Reading& reading : readings) {
      if (reading.no_room) close_beside(reading);
    }
    return finish();
  }

 private:
  // What an Ingress says by itself, before anything is made of it.
  struct Reading {
    std::shared_ptr<const kube::Ingress> ingress;
    Rank rank;
    std::string class_name{};
    RoutePolicy policy{};
    annotations::OtherHosts others{};
    std::optional<annotations::ExternalAuth> auth{};
    Load load{};
    std::optional<NoRoom> no_room{};
  };

  static std::vector<HostClaims> claims_of(const std::vector<Reading>& readings) {
    std::vector<HostClaims> all;
    all.reserve(readings.size());
    for (const Reading& reading : readings) {
      auto claims = host_claims_of({reading.ingress, reading.rank}, reading.others);
      if (claims) all.push_back(std::move(*claims));
    }
    return all;
  }

  // Those that its namespace has a say about.
  void note_hosts(const Reading& reading) {
    const kube::ObjectMeta& metadata = reading.ingress->metadata;
    const bool makes_expressions = annotations::makes_expressions(metadata.annotations);
    for (const kube::IngressRule& rule : reading.ingress->rules) {
      auto host = config_host(rule.host);
      if (!host || !arbitration_->owners().admits(*host, metadata.namespace_)) continue;
      if (makes_expressions) hosts_with_expressions_.insert(*host);
      served_hosts_.insert(std::move(*host));
    }
    for (const std::string& alias : reading.others.aliases) {
      if (arbitration_->owners().admits(alias, metadata.namespace_)) served_hosts_.insert(alias);
    }
  }

  Reading read(OwnedIngress owned) const {
    Reading reading = read_what_it_says(std::move(owned));
    reading.load = load_of(reading);
    return reading;
  }

  Reading read_what_it_says(OwnedIngress owned) const {
    Reading reading{std::move(owned.ingress), std::move(owned.rank)};
    const std::shared_ptr<const kube::Ingress>& ingress = reading.ingress;
    reading.class_name = ownership_.class_of(*ingress).value_or("");
    RoutePolicy& policy = reading.policy;
    policy = annotations::read_route_policy(
        ingress->metadata.annotations, ownership_.parameters_of(reading.class_name).defaults());
    reading.others = annotations::read_other_hosts(*ingress, policy.issues);
    policy.basic_auth = annotations::read_basic_auth(*ingress, policy.issues);
    if (policy.basic_auth) find_users(policy);
    policy.client_certificates = annotations::read_client_certificates(*ingress, policy.issues);
    if (policy.client_certificates) find_authorities(policy);
    // Also where something else is refused: a class may tolerate that.
    reading.auth = annotations::read_external_auth(*ingress, policy.issues);
    if (const auto custom = annotations::read_custom_headers(*ingress, policy.issues)) {
      find_custom_headers(*custom, policy);
    }
    if (policy.limits) policy.limits->id = ingress->metadata.key().text();
    return reading;
  }

  Load load_of(const Reading& reading) const {
    const kube::Ingress& ingress = *reading.ingress;
    RoutePolicy policy = reading.policy;  // with what its class says
    if (reading.auth) {
      policy.external_auth = reading.auth->settings;
      if (reading.auth->fields) {
        find_said_fields(*reading.auth->fields, policy, *policy.external_auth);
      }
    }
    const ClassParameters& of_class = ownership_.parameters_of(reading.class_name);
    of_class.apply(reading.class_name, ingress.metadata.annotations, policy);
    // By another Ingress of one of its hosts.
    if (of_class.has_expressions_of_hosts()) policy.rewrite.uses_expressions = true;
    const proxy::config::Guards guards = guards_of(policy);
    const bool guards_nothing = guards == proxy::config::Guards{};
    const bool has_shape = !(policy.shape == proxy::config::Shape{});
    // Names and ids as long as they can be.
    const std::string digest(64, '0');
    const std::string guards_id = guards_nothing ? "" : digest;
    const std::string shape_id = has_shape ? digest : "";
    std::optional<proxy::config::ErrorPages> pages;
    if (!policy.error_pages.statuses.empty() || !policy.error_pages.service.empty()) {
      pages.emplace();
      pages->cluster = digest;
      pages->statuses = policy.error_pages.statuses;
      pages->without_endpoints = true;
      pages->namespace_ = ingress.metadata.namespace_;
      pages->ingress = ingress.metadata.name;
      pages->service = digest;
      pages->port = proxy::config::kPortMax;
    }
    std::optional<proxy::config::Mirror> mirrored;
    std::vector<kube::ObjectKey> asked_services;
    std::size_t asked_outside = 0;
    if (reading.auth && reading.auth->service) asked_services.push_back(reading.auth->service->key);
    if (reading.auth && annotations::may_ask_outside(*reading.auth)) ++asked_outside;
    const auto* const of_all = of_class.default_backend();
    // For what no path matches, and for pages with the times of the Ingress, if it has any by it.
    const bool makes_pages = pages && policy.error_pages.service.empty();
    if (of_all != nullptr) {
      asked_services.insert(asked_services.end(), makes_pages ? 2 : 1, of_all->service);
    }
    annotations::Issues unsaid;  // they are said where it is added
    if (const auto mirror = annotations::read_mirror(ingress, unsaid)) {
      mirrored = mirror->settings;
      mirrored->cluster = std::string(proxy::config::kIdBytesMax, 'a');
      if (mirror->service) asked_services.push_back(*mirror->service);
      if (mirror->outside) ++asked_outside;
    }
    Summary unused;
    proxy::config::Policies policies = policies_of(
        {ingress, reading.rank, policy, guards_id, shape_id, pages, mirrored, unused, of_class});
    policies.error_pages = pages;
    policies.rewrite_target = policy.rewrite.target;
    if (!policy.upstream_vhost.empty()) {
      policies.upstream_host = std::string(proxy::config::kAuthorityBytesMax, 'a');
    }
    const Asked asked{ingress,
                      policy,
                      reading.others,
                      policies,
                      guards_nothing ? proxy::config::Size{} : size_of(guards),
                      has_shape ? size_of(policy.shape) : proxy::config::Size{},
                      std::move(asked_services),
                      asked_outside,
                      of_all != nullptr,
                      size_of_authorities(ingress)};
    return ingress::load_of(
        asked, [this](const kube::ObjectKey& service) { return backends_.size_at_most(service); },
        view_.secrets);
  }

  proxy::config::Size size_of_authorities(const kube::Ingress& ingress) const {
    const kube::ObjectMeta& metadata = ingress.metadata;
    const auto name = annotations::backend_config_map_of(metadata.annotations, metadata.namespace_);
    if (!name) return {};
    const auto found = view_.field_maps.find({metadata.namespace_, *name});
    const bool is_there = found != view_.field_maps.end() && found->second != nullptr;
    return is_there ? proxy::config::size_of_text(*found->second->authorities_pem)
                    : proxy::config::Size{};
  }

  // Who is more than one Ingress may be is left out by itself; all others share what there is.
  void find_room(std::vector<Reading>& readings) {
    Admission admission(view_.bounds);
    for (Reading& reading : readings) {
      if (const auto kind = reading.load.beyond(view_.bounds.claimant)) {
        reading.no_room = NoRoom{NoRoom::Of::claimant, *kind};
        continue;
      }
      loads_.emplace_back(reading.rank, reading.load);
      admission.put(reading.rank, reading.load);
    }
    if (!view_.without_room) admission.decide();
    for (Reading& reading : readings) {
      if (reading.no_room) continue;
      const kube::ObjectKey& key = reading.rank.claimant.key();
      if (!view_.without_room) {
        reading.no_room = admission.find(reading.rank.claimant.kind_and_key());
      } else if (const auto found = view_.without_room->find(key);
                 found != view_.without_room->end()) {
        reading.no_room = found->second;
      }
    }
  }

  void leave_out(const Reading& reading) {
    const kube::Ingress& ingress = *reading.ingress;
    Summary& summary = summaries_.emplace_back();
    summary.ingress = reading.ingress;
    summary.has_room = false;
    for (const kube::IngressRule& rule : ingress.rules) summary.paths_closed += rule.paths.size();
    if (ingress.default_backend) ++summary.paths_closed;
    const NoRoom& no_room = *reading.no_room;
    const auto kind = no_room.kind;
    const Claimant& claimant = reading.rank.claimant;
    const std::string nothing = "Nothing of this Ingress is served: ";
    switch (no_room.of) {
      case NoRoom::Of::claimant:
        return complain(claimant, "IngressTooLarge",
                        nothing + "it asks for " + amount_text(kind, reading.load[kind]) +
                            ", and one Ingress may have " +
                            amount_text(kind, view_.bounds.claimant[kind]) +
                            ". Write several Ingresses.");
      case NoRoom::Of::namespace_:
        return complain(claimant, "NamespaceFull",
                        nothing + "with it the Ingresses of namespace " +
                            ingress.metadata.namespace_ +
                            ", of which older ones go first, would have more than the " +
                            amount_text(kind, view_.bounds.namespace_[kind]) +
                            " that one namespace may have. Delete some, or use another namespace.");
      case NoRoom::Of::all:
        return complain(claimant, "ConfigurationFull",
                        nothing + "all Ingresses together ask for more than the " +
                            amount_text(kind, view_.bounds.all[kind]) +
                            " that proxies take, and namespace " + ingress.metadata.namespace_ +
                            " has its equal share of them, in which older Ingresses go first.");
    }
  }

  // What it would have guarded is not open because another Ingress, of its own namespace mostly,
  // has the host; and nobody reads what was to be read by its backend alone.
  void close_beside(const Reading& reading) {
    const kube::Ingress& ingress = *reading.ingress;
    RoutePolicy policy = reading.policy;
    ownership_.parameters_of(reading.class_name)
        .apply(reading.class_name, ingress.metadata.annotations, policy);
    const bool guards =
        policy.is_refused() || reading.auth || !(guards_of(policy) == proxy::config::Guards{});
    const Claimant& claimant = reading.rank.claimant;
    const auto close = [&](const std::string& host) {
      if (!hosts_.contains(host) || !arbitration_->owners().admits(host, claimant.namespace_()))
        return;
      if (guards && !policy.canary) hosts_.close_host(host, claimant);
      const Claimant* const by = arbitration_->passthrough().decided_by(host);
      if (arbitration_->passthrough().has(host) && by && *by == claimant)
        hosts_.pass_tls(host, std::nullopt);
    };
    if (ingress.rules.empty()) close("");
    for (const kube::IngressRule& rule : ingress.rules) {
      if (const auto host = config_host(rule.host)) close(*host);
    }
    for (const std::string& alias : reading.others.aliases) close(alias);
  }

  void add(Reading reading) {
    const std::shared_ptr<const kube::Ingress> ingress = std::move(reading.ingress);
    const Rank rank = reading.rank;
    Summary& summary = summaries_.emplace_back();
    summary.ingress = ingress;
    RoutePolicy policy = std::move(reading.policy);
    const annotations::OtherHosts others = std::move(reading.others);
    if (reading.auth) find_auth_server(std::move(*reading.auth), policy, rank.claimant);
    if (policy.external_auth) tell_of_shared_answers(rank.claimant, *policy.external_auth);
    const auto mirror = mirror_of(*ingress, rank.claimant, policy);
    const ClassParameters& of_class = ownership_.parameters_of(reading.class_name);
    of_class.apply(reading.class_name, ingress->metadata.annotations, policy);
    summary.parameters = of_class.parameters;
    report_class(*ingress, rank.claimant);
    std::optional<RoutePolicy> beside_class;
    if (policy.canary) beside_class = policy_beside_class(*ingress, rank, reading.class_name);
    // What makes no sense alone may make some beside its class.
    report_issues(rank.claimant, policy.is_refused() && beside_class ? *beside_class : policy);
    if (policy.canary) {
      canaries_.push_back(
          {ingress, rank, std::move(policy), std::move(beside_class), summaries_.size() - 1});
      return;
    }
    const std::string guards = policy.is_refused() ? "" : guards_.add(guards_of(policy));
    const std::string shape = policy.is_refused() ? "" : shapes_.add(policy.shape);
    const auto pages = error_pages_of(*ingress, rank.claimant, policy, of_class);
    const Scope scope{*ingress, rank, policy, guards, shape, pages, mirror, summary, of_class};
    if (ingress->rules.empty() && ingress->default_backend) add_default(scope, "");
    for (const kube::IngressRule& rule : ingress->rules) add_rule(scope, rule);
    for (const std::string& alias : others.aliases) {
      kube::IngressRule aliased = ingress->rules.front();
      aliased.host = alias;
      add_rule(scope, aliased);
    }
    for (const auto& [from, to] : others.redirected) add_redirected_host(scope, from, to);
    note_client_certificates(scope);
    // What is wrong with the annotation is said where Certificates are planned.
    annotations::Issues unsaid;
    const bool orders =
        annotations::read_issuer(ingress->metadata.annotations, view_.default_issuer, unsaid)
            .has_value();
    for (const kube::IngressTls& tls : ingress->tls) add_tls(*ingress, rank, tls, orders);
  }

  struct Canary {
    std::shared_ptr<const kube::Ingress> ingress;
    Rank rank;
    RoutePolicy policy;
    std::optional<RoutePolicy> beside_class;  // see policy_beside_class()
    std::size_t summary;                      // its place
  };

  // What a canary says, with what its class says to Ingresses that are none: who copies what he
  // joins has said no more than that. Nothing: its class says nothing, or it could not be so.
  std::optional<RoutePolicy> policy_beside_class(const kube::Ingress& canary, const Rank& rank,
                                                 const std::string& class_name) const {
    const ClassParameters& of_class = ownership_.parameters_of(class_name);
    const auto ingress = of_class.with_defaults_of_joined(canary);
    if (ingress == nullptr) return std::nullopt;
    Reading reading = read_what_it_says({ingress, rank});
    RoutePolicy policy = std::move(reading.policy);
    if (reading.auth) {
      policy.external_auth = reading.auth->settings;
      if (reading.auth->fields) {
        find_said_fields(*reading.auth->fields, policy, *policy.external_auth);
      }
    }
    of_class.apply(class_name, ingress->metadata.annotations, policy);
    return policy.is_refused() ? std::nullopt : std::optional(std::move(policy));
  }

  void join(const Canary& canary) {
    const kube::Ingress& ingress = *canary.ingress;
    if (ingress.rules.empty() && ingress.default_backend) {
      join(canary, "", {.is_default = true}, *ingress.default_backend, "the default backend");
    }
    for (const kube::IngressRule& rule : ingress.rules) {
      const auto host = config_host(rule.host);
      if (!host) {
        complain_of_host(canary.rank.claimant, rule.host);
        continue;
      }
      for (const kube::IngressPath& path : rule.paths) {
        const std::string text = path.path.empty() ? "/" : path.path;
        HostTable::Sought sought;
        if (auto plain = route_path(without_star(text, path.path_type))) {
          sought.route.emplace();
          sought.route->match = match_of(path.path_type);
          sought.route->path = std::move(*plain);
        }
        sought.expression = route_expression(text, path.path_type);
        join(canary, *host, sought, path.backend, "the path " + text);
      }
    }
  }

  // Adds a canary's backend to a place of its own namespace, and to no other: whose requests would
  // that be? What guards the place goes on guarding it.
  void join(const Canary& canary, const std::string& host, const HostTable::Sought& sought,
            const kube::IngressBackend& backend, const std::string& what) {
    const kube::Ingress& ingress = *canary.ingress;
    Summary& summary = summaries_[canary.summary];
    const bool is_admitted = arbitration_->asks_for(canary.rank, host);
    auto& names = is_admitted ? summary.hosts : summary.hosts_denied;
    if (hosts_named_.emplace(ingress.metadata.key(), host).second) names.push_back(host);
    if (!is_admitted) return;
    const std::string where = what + " of " + (host.empty() ? "every host" : host);
    const auto leave_out = [&](const std::string& why) {
      ++summary.paths_closed;
      complain(canary.rank.claimant, "CanaryNotJoined",
               "This canary gets no request for " + where + ": " + why + ".");
    };
    const auto standing = hosts_.find_standing(host, sought);
    if (arbitration_->passthrough().has(host)) {
      leave_out("TLS for the host passes unread, so nobody can tell its requests apart");
    } else if (!standing) {
      leave_out("no other Ingress serves it with this path and pathType");
    } else if (standing->owner.namespace_() != ingress.metadata.namespace_) {
      leave_out("the " + standing->owner.text() + " of another namespace has it");
    } else if (*standing->canary) {
      leave_out(**standing->canary == canary.rank.claimant
                    ? "it stands in this Ingress twice, and the first one counts"
                    : "the older canary " + (*standing->canary)->key().text() + " has joined it");
    } else if (!std::holds_alternative<Forward>(*standing->action)) {
      leave_out("the " + standing->owner.text() + " answers there without a backend");
    } else if (!is_guarded_as(canary, standing->owner.key(),
                              guards_.find((*standing->policies)->guards))) {
      leave_out("it is guarded in another way than the " + standing->owner.text() +
                ", whose guards hold there; write the same in both, or nothing in this one");
    } else {
      join(canary, *standing, backend, leave_out);
    }
  }

  // A canary has the guards of what it joins, and says as many of them as it likes. Its limits are
  // that one's, too.
  static bool is_guarded_as(const Canary& canary, const kube::ObjectKey& owner,
                            const proxy::config::Guards& standing) {
    const auto said_by = [&](const RoutePolicy& policy) {
      proxy::config::Guards said = guards_of(policy);
      if (said.limits) said.limits->id = owner.text();
      return said;
    };
    if (!canary.policy.is_refused() && are_kept(said_by(canary.policy), standing)) return true;
    if (!canary.beside_class) return false;
    proxy::config::Guards said = said_by(*canary.beside_class);
    // Who answers to its name is found for what stands there; of another name it is said anyway.
    if (said.external_auth && standing.external_auth) {
      said.external_auth->cluster = canary.policy.external_auth
                                        ? canary.policy.external_auth->cluster
                                        : standing.external_auth->cluster;
    }
    return are_kept(said, standing);
  }

  template <class LeaveOut>
  void join(const Canary& canary, const HostTable::Standing& standing,
            const kube::IngressBackend& backend, const LeaveOut& leave_out) {
    const kube::ObjectKey key = canary.ingress->metadata.key();
    const ResolvedBackend resolved =
        resolve(backends_, key.namespace_, backend, canary.policy.timeouts, canary.policy.backend,
                choice_of(canary.policy, (*standing.policies)->sticky.has_value()));
    const auto* const forward = std::get_if<Forward>(&resolved.action);
    if (forward == nullptr) {
      leave_out(resolved.trouble);
      return;
    }
    *standing.canary = canary.rank.claimant;
    proxy::config::Split split = *canary.policy.canary;
    split.cluster = forward->cluster;
    standing.policies->change().splits = {std::move(split)};
    standing.policies->settle();
    ++summaries_[canary.summary].paths_served;
  }

  static PathMatch match_of(kube::PathType type) {
    return type == kube::PathType::exact ? PathMatch::exact : PathMatch::prefix;
  }

  void complain_of_host(const Claimant& claimant, const std::string& written) {
    complain(claimant, "HostInvalid",
             "The host \"" + written +
                 "\" is neither a DNS name nor a wildcard of one label (\"*.example.com\"), so "
                 "its rules are left out.");
  }

  // Who may come in with a password. Where that is in doubt there is an issue that closes the
  // Ingress.
  void find_users(RoutePolicy& policy) const {
    annotations::BasicAuth& basic = *policy.basic_auth;
    const std::string named = "names the Secret " + basic.secret.text();
    const auto refuse = [&](const std::string& why, std::string remedy, bool is_pending = false) {
      policy.issues.push_back(
          {Issue::Effect::guards, basic.annotation, named + why, std::move(remedy), is_pending});
    };
    const bool is_file = basic.source == annotations::BasicAuth::Source::file;
    const auto found = view_.auth_secrets.find(basic.secret);
    if (found == view_.auth_secrets.end() || found->second == nullptr) {
      refuse(", which does not exist",
             is_file ? "Create it with the lines of htpasswd under the key \"auth\"."
                     : "Create it with a hash of htpasswd under the name of each user.");
    } else if (found->second->is_unread) {
      refuse(", which has not been read yet", "", true);
    } else {
      const PasswordFile& file = is_file ? found->second->file : found->second->map;
      if (!file.problem.empty()) refuse(", which " + file.problem, "Mend the Secret.");
      basic.users = file.users;
    }
  }

  // Who stands for clients. Without any nobody could be told from anybody, so the Ingress is
  // closed.
  void find_authorities(RoutePolicy& policy) const {
    annotations::ClientCertificates& clients = *policy.client_certificates;
    const std::string named = "names the Secret " + clients.secret.text();
    const auto refuse = [&](const std::string& why, std::string remedy, bool is_pending = false) {
      policy.issues.push_back(
          {Issue::Effect::guards, clients.annotation, named + why, std::move(remedy), is_pending});
    };
    const auto found = view_.auth_secrets.find(clients.secret);
    if (found == view_.auth_secrets.end() || found->second == nullptr) {
      refuse(", which does not exist",
             "Create it with the certificates of the authorities under the key ca.crt.");
    } else if (found->second->is_unread) {
      refuse(", which has not been read yet", "", true);
    } else {
      const ClientAuthorities& authorities = found->second->authorities;
      if (!authorities.problem.empty())
        refuse(", which " + authorities.problem, "Mend the Secret.");
      clients.asked.trusted_pem = authorities.trusted_pem;
      clients.asked.revoked_pem = authorities.revoked_pem;
    }
  }

  void find_custom_headers(const annotations::NamedFields& custom, RoutePolicy& policy) const {
    const std::string named = "names the ConfigMap " + custom.map.text();
    const auto leave_out = [&](const std::string& why, std::string remedy,
                               bool is_pending = false) {
      policy.issues.push_back(
          {Issue::Effect::tunes, custom.annotation, named + why, std::move(remedy), is_pending});
    };
    const auto found = view_.field_maps.find(custom.map);
    if (found == view_.field_maps.end() || found->second == nullptr) {
      leave_out(", which does not exist, so its fields are left out",
                "Create it with the fields of responses as its keys.");
    } else if (found->second->is_unread) {
      leave_out(", which has not been read yet, so its fields are left out", "", true);
    } else if (!found->second->problem.empty()) {
      leave_out(", which " + found->second->problem + ", so its fields are left out", "");
    } else {
      annotations::add_custom_headers(custom, found->second->fields, policy.shape, policy.issues);
    }
  }

  bool is_served(const std::string& host) const {
    const std::string wildcard = covering_wildcard(host);
    return view_.served_elsewhere.count(host) != 0 || served_hosts_.count(host) != 0 ||
           (!wildcard.empty() && served_hosts_.count(wildcard) != 0);
  }

  // What a question says beside what each says. Where that is in doubt there is an issue that
  // closes the Ingress.
  void find_said_fields(const annotations::NamedFields& named, RoutePolicy& policy,
                        proxy::config::ExternalAuth& settings) const {
    const std::string text = "names the ConfigMap " + named.map.text();
    const auto refuse = [&](const std::string& why, std::string remedy, bool is_pending = false) {
      policy.issues.push_back(
          {Issue::Effect::guards, named.annotation, text + why, std::move(remedy), is_pending});
    };
    const auto found = view_.field_maps.find(named.map);
    if (found == view_.field_maps.end() || found->second == nullptr) {
      refuse(", which does not exist", "Create it with the fields of a question as its keys.");
    } else if (found->second->is_unread) {
      refuse(", which has not been read yet", "", true);
    } else if (!found->second->problem.empty()) {
      refuse(", which " + found->second->problem, "");
    } else {
      annotations::add_said_fields(named, found->second->fields, settings, policy.issues);
    }
  }

  // Who gets copies of requests; nobody where there is an issue.
  std::optional<proxy::config::Mirror> mirror_of(const kube::Ingress& ingress,
                                                 const Claimant& claimant, RoutePolicy& policy) {
    auto mirror = annotations::read_mirror(ingress, policy.issues);
    if (!mirror) return std::nullopt;
    const auto leave_out = [&](std::string why, std::string remedy) {
      policy.issues.push_back(
          {Issue::Effect::tunes, mirror->annotation, std::move(why), std::move(remedy)});
      return std::nullopt;
    };
    if (mirror->outside && is_served(mirror->outside->host)) {
      return leave_out("names a host that an Ingress of this edge serves, which gets no copies",
                       "Name its Service.");
    }
    ResolvedBackend resolved;
    if (mirror->service) {
      const routing::ServiceBackend backend{.name = mirror->service->name,
                                            .port_number = mirror->port};
      resolved = backends_.resolve(mirror->service->namespace_, backend, {},
                                   {.tls = mirror->speaks_tls,
                                    .name = mirror->server_name,
                                    .sends_name = mirror->speaks_tls});
    } else {
      resolved = backends_.resolve_outside(*mirror->outside);
    }
    const auto* const forward = std::get_if<Forward>(&resolved.action);
    if (forward == nullptr) {
      return leave_out("copies to nobody: " + resolved.trouble,
                       "Mend the address, or the Service.");
    }
    if (!resolved.reason.empty()) {
      complain(claimant, "MirrorNotReady",
               "Nothing is copied by " + mirror->annotation +
                   " until its target is ready: " + resolved.trouble + ".");
    }
    mirror->settings.cluster = forward->cluster;
    return mirror->settings;
  }

  // Who is asked about each request. Nobody is found: there is an issue that closes the Ingress.
  void find_auth_server(annotations::ExternalAuth auth, RoutePolicy& policy,
                        const Claimant& claimant) {
    const auto refuse = [&](std::string why, std::string remedy) {
      policy.issues.push_back(
          {Issue::Effect::guards, auth.annotation, std::move(why), std::move(remedy)});
    };
    if (auth.service && auth.service->key == kube::ObjectKey{"default", "kubernetes"}) {
      return refuse("would ask the API server", "Name a Service of your own.");
    }
    if (auth.fields) find_said_fields(*auth.fields, policy, auth.settings);
    const bool is_here = !auth.service && (auth.other_host.empty() || is_served(auth.other_host));
    if (is_here) {
      policy.external_auth = std::move(auth.settings);
      return;
    }
    const auto outside = annotations::may_ask_outside(auth);
    if (!auth.service && !outside) {
      refuse("asks " + auth.other_host +
                 ", which no Ingress of this edge serves; who is outside is asked over https alone",
             "Name it with https://, a Service of the cluster "
             "(http://NAME.NAMESPACE.svc.cluster.local:PORT/PATH), or give the host an Ingress.");
      return;
    }
    const ResolvedBackend resolved =
        auth.service ? resolve_auth_service(auth) : backends_.resolve_outside(*outside);
    const auto* const forward = std::get_if<Forward>(&resolved.action);
    if (forward == nullptr) {
      refuse("asks a Service that cannot be asked: " + resolved.trouble,
             "Mend the address, or the Service.");
      return;
    }
    if (!resolved.reason.empty()) {
      complain(claimant, "AuthServerNotReady",
               "Requests are answered with 500 until whom " + auth.annotation +
                   " asks is ready: " + resolved.trouble + ".");
    }
    auth.settings.cluster = forward->cluster;
    policy.external_auth = std::move(auth.settings);
  }

  // ingress-nginx keeps one answer for whatever has the same key, too.
  void tell_of_shared_answers(const Claimant& claimant,
                              const proxy::config::ExternalAuth& settings) {
    const std::string who = annotations::what_shares_answers(settings);
    if (who.empty()) return;
    note(claimant, "AuthAnswersShared",
         "What the service said that is asked by auth-url counts, for the time of "
         "auth-cache-duration, for " +
             who + ".");
  }

  ResolvedBackend resolve_auth_service(const annotations::ExternalAuth& auth) {
    const routing::ServiceBackend backend{.name = auth.service->key.name,
                                          .port_number = auth.service->port};
    return backends_.resolve(
        auth.service->key.namespace_, backend, {},
        {.tls = auth.speaks_tls, .name = auth.server_name, .sends_name = auth.speaks_tls});
  }

  struct Scope {
    const kube::Ingress& ingress;
    const Rank& rank;
    const RoutePolicy& policy;
    const std::string& guards;                              // their id
    const std::string& shape;                               // its id
    const std::optional<proxy::config::ErrorPages>& pages;  // but for the backend
    const std::optional<proxy::config::Mirror>& mirror;
    Summary& summary;
    const ClassParameters& of_class;
  };

  void note_client_certificates(const Scope& scope) {
    if (scope.policy.is_refused()) return;  // nobody comes in there, whatever others ask
    const auto& clients = scope.policy.client_certificates;
    for (const std::string& host : scope.summary.hosts) {
      asked_.add(host, scope.rank.claimant, clients ? std::optional(clients->asked) : std::nullopt);
    }
  }

  void complain(const Claimant& claimant, std::string reason, std::string message,
                Severity severity = Severity::warning) {
    complaints_.push_back({claimant, severity, std::move(reason), std::move(message)});
  }

  // Who makes pages for the Ingress: whom its annotation names, else its own default backend where
  // it has named the statuses, else that of its class; nobody where there is nothing to stand in
  // place of.
  std::optional<proxy::config::ErrorPages> error_pages_of(const kube::Ingress& ingress,
                                                          const Claimant& claimant,
                                                          const RoutePolicy& policy,
                                                          const ClassParameters& of_class) {
    const annotations::ErrorPages& said = policy.error_pages;
    const bool is_wanted = !said.statuses.empty() || !said.service.empty();
    const bool asks_backends = !policy.fixed_answer && !policy.redirections.of_all;
    if (policy.is_refused() || !is_wanted || !asks_backends) return std::nullopt;
    const std::string& annotation =
        said.service.empty() ? said.statuses_annotation : said.service_annotation;
    const auto leave_out = [&](const std::string& why, const std::string& remedy) {
      complain(claimant, "ErrorPagesMissing",
               "There are no pages for errors by " +
                   (annotation.empty() ? of_class.named : "annotation " + annotation) + ": " + why +
                   "." + remedy);
    };
    const auto* const of_all = of_class.default_backend();
    const bool are_own = !said.statuses_annotation.empty();
    std::string namespace_ = ingress.metadata.namespace_;
    kube::IngressBackend backend;
    if (!said.service.empty()) {
      const kube::ObjectKey key{ingress.metadata.namespace_, said.service};
      backend.service = kube::IngressServiceBackend{said.service, "", backends_.first_port_of(key)};
    } else if (are_own && ingress.default_backend) {
      backend = *ingress.default_backend;
    } else if (of_all != nullptr) {
      namespace_ = of_all->service.namespace_;
      backend = backend_of(*of_all);
    } else {
      leave_out("nobody is named who makes them",
                " Name a Service in default-backend, or a defaultBackend in the spec.");
      return std::nullopt;
    }
    const ResolvedBackend resolved = resolve(backends_, namespace_, backend, policy.timeouts);
    if (!resolved.reason.empty()) leave_out(resolved.trouble, "");
    const auto* const forward = std::get_if<Forward>(&resolved.action);
    if (forward == nullptr) return std::nullopt;
    proxy::config::ErrorPages pages;
    pages.cluster = forward->cluster;
    pages.statuses = said.statuses;
    pages.without_endpoints = !said.service.empty();
    pages.namespace_ = ingress.metadata.namespace_;
    pages.ingress = ingress.metadata.name;
    return pages;
  }

  static kube::IngressBackend backend_of(const api::EdgeParameters::Backend& named) {
    kube::IngressBackend backend;
    backend.service = kube::IngressServiceBackend{named.service.name, "", named.port};
    return backend;
  }

  // Of hosts where no Ingress says who answers what no path matches: whom the class of the first
  // names, if it names somebody. Nothing that an Ingress guards is behind it.
  void add_class_defaults() {
    for (const auto& [host, of_class] : class_defaults_) {
      if (arbitration_->passthrough().has(host)) continue;
      const api::EdgeParameters::Backend& named = *of_class->default_backend();
      const annotations::Defaults defaults = of_class->defaults();
      const ResolvedBackend resolved =
          resolve(backends_, named.service.namespace_, backend_of(named), defaults.timeouts);
      if (!std::holds_alternative<Forward>(resolved.action)) continue;
      hosts_.set_default(
          host,
          {resolved.action, proxy::config::Policies{.body_bytes_max = defaults.body_bytes_max}});
    }
  }

  // The same, with the backend whose errors they are for.
  std::optional<proxy::config::ErrorPages> error_pages_for(
      const Scope& scope, const kube::IngressBackend& backend) const {
    if (!scope.pages || !backend.service) return scope.pages;
    proxy::config::ErrorPages pages = *scope.pages;
    pages.service = backend.service->name;
    const int port =
        backends_.port_of(scope.ingress.metadata.namespace_, service_of(*backend.service));
    pages.port = static_cast<std::uint64_t>(port != 0 ? port : backend.service->port_number);
    return pages;
  }

  void report_class(const kube::Ingress& ingress, const Claimant& claimant) {
    const auto other = ownership_.claimed_by_other_class(ingress);
    if (!other) return;
    complain(claimant, "ClassMismatch",
             "spec.ingressClassName names a class of ours, but the annotation " +
                 std::string(kClassAnnotation) + " says \"" + *other +
                 "\"; its controller may write this Ingress's status too. Remove the annotation.");
  }

  void report_issues(const Claimant& claimant, const RoutePolicy& policy) {
    if (!policy.refused_by_class.empty()) {
      complain(claimant, "ClassParametersMissing", policy.refused_by_class);
    }
    for (const Issue& issue : policy.issues) {
      const bool guards = issue.effect == Issue::Effect::guards;
      std::string message = "Annotation " + issue.name + " " + issue.why + ".";
      if (guards)
        message +=
            " It guards something, so this Ingress answers 503 until it is honoured or gone.";
      if (!issue.remedy.empty()) message += " " + issue.remedy;
      complain(claimant, guards ? "AnnotationRefused" : "AnnotationIgnored", std::move(message),
               issue.is_pending ? Severity::pending : Severity::warning);
    }
  }

  // The host in ProxyConfig's spelling, known to the table; nothing when it is no host.
  std::optional<std::string> open_host(const Scope& scope, const std::string& written) {
    auto host = config_host(written);
    if (!host) {
      complain_of_host(scope.rank.claimant, written);
      return std::nullopt;
    }
    const bool is_admitted = arbitration_->asks_for(scope.rank, *host);
    auto& names = is_admitted ? scope.summary.hosts : scope.summary.hosts_denied;
    if (hosts_named_.emplace(scope.ingress.metadata.key(), *host).second) names.push_back(*host);
    if (!is_admitted) return std::nullopt;
    hosts_.claim_host(*host, scope.rank.claimant, plain_http_of(scope.policy), complaints_);
    if (scope.of_class.default_backend() != nullptr) {
      class_defaults_.try_emplace(*host, &scope.of_class);
    }
    if (scope.policy.tls) hosts_.claim_tls_policy(*host, scope.rank.claimant, *scope.policy.tls);
    return host;
  }

  static PlainHttp plain_http_of(const RoutePolicy& policy) {
    const annotations::Redirect& said = policy.redirect;
    return {.where_certificate = said.where_certificate,
            .always = said.always,
            .refuses = said.refuses};
  }

  void add_rule(const Scope& scope, const kube::IngressRule& rule) {
    const auto host = open_host(scope, rule.host);
    if (!host || !settle_tls(scope, *host, rule)) return;
    add_app_root(scope, *host);
    for (const kube::IngressPath& path : rule.paths) add_path(scope, *host, path);
    if (scope.ingress.default_backend) add_default(scope, *host);
  }

  // Where TLS for a host ends is one decision for all of it. False: an older Ingress has made
  // another one than this Ingress asks for, and its rule has no effect: what was to be read by its
  // backend alone is not read here.
  bool settle_tls(const Scope& scope, const std::string& host, const kube::IngressRule& rule) {
    const bool is_asked_for = scope.policy.passes_tls;
    if (is_asked_for && host.empty()) {
      complain(scope.rank.claimant, "PassthroughWithoutHost",
               "The rule without a host is left out: TLS passes by the host that a client names, "
               "so ssl-passthrough needs one.");
      return false;
    }
    const bool passes = arbitration_->passthrough().has(host);
    if (!passes && !is_asked_for) return true;
    const Claimant& by = *arbitration_->passthrough().decided_by(host);
    if (by == scope.rank.claimant) {
      pass_tls(scope, host, rule);
      return true;
    }
    const std::string other = "the older " + by.text();
    if (!passes) {
      complain(scope.rank.claimant, "PassthroughConflict",
               "TLS for " + host + " ends at the edge, as " + other +
                   " without ssl-passthrough has it, so the rule of this Ingress for the host is "
                   "left out.");
      note(by, "PassthroughConflict",
           "TLS for " + host + " ends at the edge: the rule of " + scope.rank.claimant.text() +
               ", which asks for ssl-passthrough there, is left out.");
      return false;
    }
    complain(scope.rank.claimant, "PassthroughConflict",
             "TLS for " + host + " passes to the backend of " + other +
                 " (ssl-passthrough), so what this Ingress has for the host holds for plain HTTP "
                 "alone.");
    note(by, "PassthroughConflict",
         "TLS for " + host +
             " passes to the backend of this Ingress (ssl-passthrough), and "
             "nothing of what " +
             scope.rank.claimant.text() + " has for the host.");
    return true;
  }

  void note(const Claimant& claimant, std::string reason, std::string message) {
    complaints_.push_back({claimant, Severity::note, std::move(reason), std::move(message)});
  }

  // As ingress-nginx has it: all of the host goes to the backend of "/". Where there is no such
  // path, to the first one's.
  void pass_tls(const Scope& scope, const std::string& host, const kube::IngressRule& rule) {
    if (!passed_.insert(host).second) return;  // by another rule of this Ingress
    if (scope.policy.is_refused()) {
      hosts_.pass_tls(host, std::nullopt);
      return;
    }
    const kube::IngressBackend* backend = nullptr;
    const kube::IngressPath* chosen = nullptr;
    for (const kube::IngressPath& path : rule.paths) {
      const bool is_root = path.path.empty() || path.path == "/";
      if (chosen == nullptr || (is_root && chosen->path != "/" && !chosen->path.empty())) {
        chosen = &path;
      }
    }
    if (chosen != nullptr) {
      backend = &chosen->backend;
    } else if (scope.ingress.default_backend) {
      backend = &*scope.ingress.default_backend;
    }
    if (backend == nullptr) {
      hosts_.pass_tls(host, std::nullopt);
      return;
    }
    if (chosen != nullptr) report_paths(scope, host, rule, *chosen);
    routing::BackendProtocol protocol;
    protocol.tls = false;
    protocol.proxy_protocol = scope.policy.backend.proxy_protocol;
    ResolvedBackend resolved =
        resolve(backends_, scope.ingress.metadata.namespace_, *backend, scope.policy.timeouts,
                protocol, choice_of(scope.policy, false));
    troubles_.add(scope.rank.claimant, resolved, has_pages(scope), "TLS of " + host);
    const auto* const forward = std::get_if<Forward>(&resolved.action);
    if (forward == nullptr) {
      hosts_.pass_tls(host, std::nullopt);
    } else {
      hosts_.pass_tls(host, proxy::config::Passthrough{forward->cluster, scope.guards});
    }
  }

  void report_paths(const Scope& scope, const std::string& host, const kube::IngressRule& rule,
                    const kube::IngressPath& chosen) {
    std::vector<std::string> others;
    for (const kube::IngressPath& path : rule.paths) {
      if (&path != &chosen) others.push_back(path.path.empty() ? "/" : path.path);
    }
    const bool is_whole = chosen.path.empty() || chosen.path == "/";
    if (is_whole && others.empty()) return;
    complain(scope.rank.claimant, "PassthroughIgnoresPaths",
             "With ssl-passthrough all TLS for " + host + " goes to the backend of the path " +
                 (chosen.path.empty() ? "/" : chosen.path) + ", whatever path is asked for" +
                 (others.empty()
                      ? "."
                      : "; the other paths (" + joined(others) + ") hold for plain HTTP alone."));
  }

  // The whole host, but for what Ingresses have rules for.
  void add_redirected_host(const Scope& scope, const std::string& from, const std::string& to) {
    if (scope.policy.is_refused()) return;  // there is nothing to come to
    const auto host = open_host(scope, from);
    if (!host) return;
    hosts_.claim_default(
        *host, policies_of(scope),
        [&] {
          return redirected({308, "$scheme://" + to + "$request_uri"});
        },
        scope.rank.claimant, complaints_);
  }

  // ingress-nginx looks for it before all paths of the host, which an Exact one is here.
  void add_app_root(const Scope& scope, const std::string& host) {
    const auto& redirect = scope.policy.redirections.of_root;
    if (!redirect || scope.policy.is_refused()) return;
    hosts_.claim_route(
        host, {PathMatch::exact, "/", {}, policies_of(scope)},
        [&] { return redirected(*redirect); }, scope.rank.claimant, complaints_);
  }

  static Action redirected(const proxy::config::Redirection& redirect) {
    return FixedAnswer{503, "redirect", redirect};
  }

  void add_default(const Scope& scope, const std::string& written_host) {
    const auto host = open_host(scope, written_host);
    if (!host) return;
    hosts_.claim_default(
        *host, default_policies_of(scope),
        [&] { return action_for(scope, *scope.ingress.default_backend, "the default backend"); },
        scope.rank.claimant, complaints_);
  }

  // `path`: above everything that they are for; nothing else is known of an expression.
  proxy::config::Policies policies_of(const Scope& scope, std::string_view path = "/") const {
    return {.body_bytes_max = scope.policy.body_bytes_max,
            .buffers_request = scope.policy.buffers_request.value_or(view_.buffers_requests),
            .guards = scope.guards,
            .forwarded_prefix = scope.policy.rewrite.forwarded_prefix,
            .shape = scope.shape,
            .sticky = sticky_cookie_of(scope, path),
            .next_upstream = scope.policy.next_upstream,
            .pace = scope.policy.pace,
            .tracing = scope.policy.tracing,
            .mirror = scope.mirror,
            .unlogged = scope.policy.is_unlogged};
  }

  // As ingress-nginx has it: what two Services tell one client by one name stays apart.
  static std::optional<proxy::config::StickyCookie> sticky_cookie_of(const Scope& scope,
                                                                     std::string_view path) {
    std::optional<proxy::config::StickyCookie> cookie = scope.policy.sticky;
    if (cookie && cookie->path.empty()) {
      // RFC 6265 §5.1.4: with a slash at its end it would not be for the path without one.
      if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
      const bool fits =
          path.size() <= proxy::config::kCookieTextBytesMax && proxy::config::is_cookie_text(path);
      cookie->path = fits ? path : "/";
    }
    return cookie;
  }

  // ingress-nginx rewrites what has no path only where the Ingress has no rules.
  proxy::config::Policies default_policies_of(const Scope& scope) const {
    proxy::config::Policies policies = policies_of(scope);
    if (scope.ingress.rules.empty()) policies.rewrite_target = scope.policy.rewrite.target;
    policies.upstream_host = upstream_host_of(scope, *scope.ingress.default_backend);
    policies.error_pages = error_pages_for(scope, *scope.ingress.default_backend);
    return policies;
  }

  // ... and nothing where path and target are the same.
  proxy::config::Policies policies_of_path(const Scope& scope, const std::string& path,
                                           const kube::IngressBackend& backend) const {
    proxy::config::Policies policies = policies_of(scope, path);
    if (scope.policy.rewrite.target != path) policies.rewrite_target = scope.policy.rewrite.target;
    policies.upstream_host = upstream_host_of(scope, backend);
    policies.error_pages = error_pages_for(scope, backend);
    return policies;
  }

  proxy::config::Policies policies_of_expression(const Scope& scope, const std::string& text,
                                                 const kube::IngressBackend& backend) const {
    proxy::config::Policies policies = policies_of_path(scope, text, backend);
    policies.sticky = sticky_cookie_of(scope, "/");
    return policies;
  }

  std::string upstream_host_of(const Scope& scope, const kube::IngressBackend& backend) const {
    if (scope.policy.upstream_vhost.empty() || !backend.service) return "";
    const std::string& namespace_ = scope.ingress.metadata.namespace_;
    return annotations::vhost_of(
        scope.policy.upstream_vhost,
        {.namespace_ = namespace_,
         .service = backend.service->name,
         .port = backends_.port_of(namespace_, service_of(*backend.service))});
  }

  void add_path(const Scope& scope, const std::string& host, const kube::IngressPath& written) {
    const std::string text = written.path.empty() ? "/" : written.path;
    if (const auto expression = asked_expression(scope, host, text, written.path_type)) {
      add_expression(scope, host, written.backend, text, *expression);
      return;
    }
    const bool may_be_expression = expression_of(text, false).has_value();
    const auto expression = guarded_expression(scope, host, text, written.path_type);
    const auto path = route_path(without_star(text, written.path_type));
    if (path && !expression) report_literal(scope, without_star(text, written.path_type));
    if (!path && !expression) {
      complain(scope.rank.claimant, "PathInvalid",
               "The path \"" + text +
                   "\" can match no request (it must start with \"/\" and have no \"..\", broken "
                   "escape or control character), so it is left out.");
      return;
    }
    const bool is_claimed = path && claim_path(scope, host, written, *path);
    if (!expression) return;
    if (!scope.policy.is_refused()) {
      if (is_claimed || !path) guard_both_ways(scope, host, written, *expression);
      return;
    }
    if (!path) counted(scope, kRefused);
    // Of two Ingresses with one plain path the older one has it, as an expression, too.
    if (is_claimed || may_be_expression) close_expression(scope, host, *expression);
  }

  // The expression that a path is, where its Ingress asks for such, or another one of the host does
  // and the class has it so. Nobody has asked for one there that cannot be compared: "/c++" is
  // none.
  std::optional<std::string> asked_expression(const Scope& scope, const std::string& host,
                                              const std::string& text, kube::PathType type) const {
    const annotations::Rewrite& rewrite = scope.policy.rewrite;
    if (scope.policy.is_refused()) return std::nullopt;
    if (rewrite.uses_expressions) return route_expression(text, type);
    const bool has_others = scope.of_class.has_expressions_of_hosts() && !rewrite.wants_none &&
                            hosts_with_expressions_.count(host) != 0;
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
  std::optional<std::string> guarded_expression(const Scope& scope, const std::string& host,
                                                const std::string& text,
                                                kube::PathType type) const {
    const bool host_has_expressions = hosts_with_expressions_.count(host) != 0;
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

  void guard_both_ways(const Scope& scope, const std::string& host,
                       const kube::IngressPath& written, const std::string& expression) {
    complain(
        scope.rank.claimant, "PathTakenBothWays",
        "The path \"" + written.path +
            "\" is taken both as the text that it is and as the regular expression that it may "
            "be meant as, since the Ingress guards it. Where an expression is meant say so with "
            "the annotation nginx.ingress.kubernetes.io/use-regex: \"true\"; for everything "
            "below a path write the path alone, with pathType Prefix.");
    add_expression(scope, host, written.backend, written.path, expression);
  }

  // "/*" that is not at the end, or of another type, and a regular expression of an Ingress that
  // asks for none, can only be meant otherwise than it is taken.
  void report_literal(const Scope& scope, const std::string& path) {
    if (scope.policy.is_refused() || !looks_like_expression(path)) return;
    const bool is_star_alone = path.find_first_of("()[]{}|^?\\") == std::string::npos &&
                               path.find(".*") == std::string::npos && path.find('*') != path.npos;
    complain(scope.rank.claimant, "PathTakenLiterally",
             is_star_alone
                 ? "The path \"" + path +
                       "\" matches only requests with a \"*\" in their path: it stands for "
                       "nothing else here. For everything below a path write the path alone, with "
                       "pathType Prefix."
                 : "The path \"" + path +
                       "\" matches only requests with this very text in their path: it is no "
                       "regular expression here. Where it is meant as one say so with the "
                       "annotation nginx.ingress.kubernetes.io/use-regex: \"true\"; for everything "
                       "below a path write the path alone, with pathType Prefix.");
  }

  bool claim_path(const Scope& scope, const std::string& host, const kube::IngressPath& written,
                  const std::string& path) {
    // A request for it would come to a wider path.
    const bool guards = scope.policy.is_refused() || !scope.guards.empty();
    if (guards && !hosts_.has_room_for_route(host)) {
      hosts_.close_host(host, scope.rank.claimant);
    }
    return hosts_.claim_route(
        host,
        {match_of(written.path_type), path, {}, policies_of_path(scope, path, written.backend)},
        [&] { return action_for(scope, written.backend, path); }, scope.rank.claimant, complaints_);
  }

  // A path that is an expression, and is served. Where it cannot be compared the host is closed: a
  // request that is meant for it would come to another path's backend.
  void add_expression(const Scope& scope, const std::string& host,
                      const kube::IngressBackend& backend, const std::string& text,
                      const std::string& expression) {
    using proxy::config::Expression;
    if (expression.size() > proxy::config::kPathBytesMax) {
      close_host(scope, host, text, "is too long to be compared with requests");
      return;
    }
    const auto compiled = Expression::compile(expression, Expression::Use::route);
    if (!compiled) {
      close_host(scope, host, text,
                 "is a regular expression that cannot be compared with requests (" +
                     compiled.error().message + ")");
      return;
    }
    if (!hosts_.has_room_for_expression(host)) {
      close_host(scope, host, text,
                 "is one regular expression more than the " +
                     std::to_string(proxy::config::kExpressionRoutesMax) + " that a host may have");
      return;
    }
    hosts_.claim_expression(
        host, {expression, {}, policies_of_expression(scope, text, backend)},
        [&] { return action_for(scope, backend, text); }, scope.rank.claimant, complaints_);
  }

  void close_host(const Scope& scope, const std::string& host, const std::string& text,
                  const std::string& why) {
    hosts_.close_host(host, scope.rank.claimant);
    counted(scope, kRefused);
    complain(scope.rank.claimant, "HostClosed",
             "The path \"" + text + "\" of " + (host.empty() ? "every host" : host) + " " + why +
                 ". So that no request for it comes to another path's backend, the whole host "
                 "answers 503 until the path is written in another way.");
  }

  // What a refused regular expression would have guarded stays closed, whoever else has routes
  // there.
  void close_expression(const Scope& scope, const std::string& host, const std::string& text) {
    const std::string where =
        "The path \"" + text + "\" of " + (host.empty() ? "every host" : host);
    const auto close_host = [&](const std::string& why) {
      hosts_.close_host(host, scope.rank.claimant);
      complain(scope.rank.claimant, "HostClosed",
               where + " is guarded and " + why +
                   ". So that nothing of it stands open, the whole host answers 503 until the path "
                   "is written in another way, or the guard is gone.");
    };
    if (text.size() > proxy::config::kPathBytesMax) {
      close_host("too long to be compared with requests");
      return;
    }
    const auto compiled = proxy::config::Expression::compile(text);
    if (!compiled) {
      close_host("a regular expression that cannot be compared with requests (" +
                 compiled.error().message + ")");
    } else if (!hosts_.close_expression(host, {text, kRefused})) {
      close_host("one regular expression more than the " +
                 std::to_string(proxy::config::kClosedMax) + " that a host may have");
    }
  }

  void close_hosts() {
    std::map<kube::ObjectKey, Summary*> by_key;
    for (Summary& summary : summaries_) by_key[summary.ingress->metadata.key()] = &summary;
    for (const HostTable::ClosedHost& closed : hosts_.close_hosts(kRefused)) {
      for (const auto& [owner, places] : closed.over) {
        Summary& summary = *by_key.at(owner.key());
        summary.paths_served -= places;
        summary.paths_closed += places;
        complain(
            owner, "HostClosed",
            "Requests for " + (closed.host.empty() ? "every other host" : closed.host) +
                " are answered with 503: the " + closed.by.text() +
                " guards something there that cannot be told apart from the rest. Its Events say "
                "what.");
      }
    }
  }

  Action action_for(const Scope& scope, const kube::IngressBackend& backend,
                    const std::string& where) {
    // Resolved only when it may be reached: a refused Ingress has one trouble to tell, not two.
    if (scope.policy.is_refused()) return counted(scope, kRefused);
    if (scope.policy.fixed_answer) {
      ++scope.summary.paths_served;
      return *scope.policy.fixed_answer;
    }
    if (const auto& redirect = scope.policy.redirections.of_all) {
      ++scope.summary.paths_served;  // the backend is often a placeholder, and is not asked about
      return redirected(*redirect);
    }
    ResolvedBackend resolved =
        resolve(backends_, scope.ingress.metadata.namespace_, backend, scope.policy.timeouts,
                scope.policy.backend, choice_of(scope.policy, scope.policy.sticky.has_value()));
    troubles_.add(scope.rank.claimant, resolved, has_pages(scope), where);
    Action action = counted(scope, std::move(resolved.action));
    // Behind the guards of the route, as if there were no endpoint yet.
    const bool stands_in =
        has_pages(scope) && backend.service && std::holds_alternative<FixedAnswer>(action) &&
        proxy::config::is_of_a_broken_backend(std::get<FixedAnswer>(action).reason);
    if (!stands_in) return action;
    return backends_.nowhere({scope.ingress.metadata.namespace_, backend.service->name});
  }

  // In place of a backend that nobody answers for.
  static bool has_pages(const Scope& scope) {
    return scope.pages && scope.pages->without_endpoints;
  }

  static routing::EndpointChoice choice_of(const RoutePolicy& policy, bool is_sticky) {
    return {.is_sticky = is_sticky,
            .prefers_least_requests = policy.prefers_least_requests,
            .hash_by = policy.hash_by,
            .asks_the_service = policy.asks_the_service};
  }

  static Action counted(const Scope& scope, Action action) {
    if (std::holds_alternative<Forward>(action)) {
      ++scope.summary.paths_served;
    } else {
      ++scope.summary.paths_closed;
    }
    return action;
  }

  void add_tls(const kube::Ingress& ingress, const Rank& rank, const kube::IngressTls& tls,
               bool orders) {
    if (tls.secret_name.empty() && needs_none(tls)) return;
    if (tls.secret_name.empty()) {
      complain(rank.claimant, "CertificateMissing",
               "A tls entry has no secretName, and there is no default certificate; its hosts have "
               "no TLS from it.");
      return;
    }
    std::set<std::string> names;
    if (tls.hosts.empty()) {
      // "Defaults to the wildcard host setting for the loadbalancer": all hosts of the rules.
      for (const kube::IngressRule& rule : ingress.rules) {
        if (auto host = config_host(rule.host)) names.insert(std::move(*host));
      }
      if (ingress.rules.empty()) names.insert("");
    }
    for (const std::string& written : tls.hosts) {
      auto host = config_host(written);
      if (host && !host->empty()) {
        names.insert(std::move(*host));
      } else {
        complain(rank.claimant, "HostInvalid",
                 "The host \"" + written + "\" under tls is no DNS name.");
      }
    }
    const bool is_ordered = orders && !tls.hosts.empty();
    for (const std::string& name : names) {
      arbitration_->offer(rank, tls.secret_name, name, is_ordered, sni_, complaints_);
    }
  }

  // TLS of all its hosts ends at backends.
  bool needs_none(const kube::IngressTls& tls) const {
    return !tls.hosts.empty() &&
           std::all_of(tls.hosts.begin(), tls.hosts.end(), [&](const std::string& written) {
             const auto host = config_host(written);
             return host && arbitration_->passthrough().has(*host);
           });
  }

  Compiled finish() {
    Compiled compiled;
    std::vector<std::string> names = hosts_.names();
    std::erase_if(
        names, [this](const std::string& name) { return arbitration_->passthrough().has(name); });
    SniTable::Decided tls = sni_.decide(arbitration_->owners(), names, complaints_);
    record(tls.outcomes);
    arbitration_->report(complaints_);
    close_hosts();
    add_class_defaults();
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
    compiled.config.challenges = challenge_answers(view_, arbitration_->owners());
    // Of no Ingress: who compiles the cluster in parts says it once.
    if (!view_.without_room) compiled.config.arrivals = arrivals_of(ownership_.trusted_proxies());
    drop_complaints_of_the_ending();
    compiled.complaints = bounded(std::move(complaints_));
    compiled.summaries = std::move(summaries_);
    compiled.loads = std::move(loads_);
    compiled.owners = arbitration_->owners();
    compiled.served_hosts = std::move(served_hosts_);
    return compiled;
  }

  // Nobody is left to mend them, and an Event in a namespace that is being deleted is refused.
  void drop_complaints_of_the_ending() {
    if (view_.ending_namespaces.empty()) return;
    std::erase_if(complaints_, [this](const Complaint& complaint) {
      return view_.ending_namespaces.count(complaint.claimant.namespace_()) != 0;
    });
  }

  void record(const std::vector<SniTable::Outcome>& outcomes) {
    std::map<kube::ObjectKey, Summary*> by_key;
    for (Summary& summary : summaries_) by_key[summary.ingress->metadata.key()] = &summary;
    for (const SniTable::Outcome& outcome : outcomes) {
      Summary& summary = *by_key.at(outcome.by.key());
      (outcome.served ? summary.tls_names : summary.tls_missing).push_back(outcome.name);
    }
  }

  const ClusterView& view_;
  const ClassOwnership ownership_;
  std::optional<Arbitration> arbitration_;
  std::set<std::string> passed_;  // hosts whose backend was chosen
  BackendResolver backends_;
  SniTable sni_;
  HostTable hosts_;
  GuardTable guards_;
  ShapeTable shapes_;
  std::set<std::string> hosts_with_expressions_;
  std::set<std::string> served_hosts_;  // of rules and aliases
  std::vector<Canary> canaries_;
  AskedCertificates asked_;
  std::map<std::string, const ClassParameters*> class_defaults_;  // by host
  Complaints complaints_;
  BackendTroubles troubles_;
  std::vector<Summary> summaries_;
  std::vector<std::pair<Rank, Load>> loads_;
  // In the summary of each, which may have thousands.
  std::set<std::pair<kube::ObjectKey, std::string>> hosts_named_;
};

}  // namespace

Compiled compile(const ClusterView& view) {
  return Compilation(view).run();
}

std::set<kube::ObjectKey> without_room(const Compiled& compiled) {
  std::set<kube::ObjectKey> found;
  for (const Summary& summary : compiled.summaries) {
    if (!summary.has_room) found.insert(summary.ingress->metadata.key());
  }
  return found;
}

proxy::config::ProxyConfig share_unchanged(const proxy::config::ProxyConfig& previous,
                                           proxy::config::ProxyConfig next) {
  share_section(previous.clusters, next.clusters);
  share_section(previous.hosts, next.hosts);
  share_section(previous.certificates, next.certificates);
  share_section(previous.challenges, next.challenges);
  share_section(previous.guards, next.guards);
  share_section(previous.shapes, next.shapes);
  share_section(previous.arrivals, next.arrivals);
  return next;
}

}  // namespace ingress
