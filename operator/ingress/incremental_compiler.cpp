#include "operator/ingress/incremental_compiler.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/plain_text.h"
#include "operator/ingress/annotations/issuer.h"
#include "operator/ingress/contract_breach.h"
#include "operator/ingress/ingress_names.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/ingress/trusted_proxies.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/external_names.h"

namespace ingress {
namespace {

using routing::ClaimantGroups;
using routing::ClaimantKey;
using routing::Complaints;
using routing::external_name_of;
using routing::hash_of;
using routing::NamedOutside;
using routing::outside_cluster_id;

std::string controller_uid(const api::Certificate& certificate) {
  for (const kube::OwnerReference& owner : certificate.metadata.owner_references) {
    if (owner.controller) return owner.uid;
  }
  return {};
}

ClaimantKey ingress_key(const kube::ObjectKey& key) {
  return {kIngressKind, key};
}

routing::Uses uses_of(const kube::Ingress& ingress) {
  routing::Uses uses{.services = named_services(ingress),
                     .tls_secrets = named_secrets(ingress),
                     .auth_secrets = named_auth_secrets(ingress),
                     .field_maps = named_field_maps(ingress),
                     .uid = ingress.metadata.uid};
  for (const auto& outside : named_outside(ingress)) uses.outside.insert(outside.host);
  return uses;
}

// What a Certificate's status tells is of no concern to Ingresses, but for the order under way.
bool concern_ingresses(const std::shared_ptr<const api::Certificate>& before,
                       const std::shared_ptr<const api::Certificate>& after) {
  if (!before || !after) return before != after;
  return before->metadata.uid != after->metadata.uid || !(before->spec == after->spec) ||
         before->metadata.is_being_deleted != after->metadata.is_being_deleted ||
         before->metadata.owner_references != after->metadata.owner_references;
}

using Namespaces = std::set<std::string>;

// Those that one of them admits and the other does not; nothing: they differ in more than that.
std::optional<Namespaces> admitted_otherwise(const api::EdgeParameters::Spec& before,
                                             const api::EdgeParameters::Spec& after) {
  if (!before.namespaces || !after.namespaces) return std::nullopt;
  api::EdgeParameters::Spec same_admitted = before;
  same_admitted.namespaces = after.namespaces;
  if (!(same_admitted == after)) return std::nullopt;
  Namespaces differ;
  std::set_symmetric_difference(before.namespaces->begin(), before.namespaces->end(),
                                after.namespaces->begin(), after.namespaces->end(),
                                std::inserter(differ, differ.end()));
  return differ;
}

// Of Services of type ExternalName, and of whom Ingresses ask outside.
std::set<NamedOutside> external_names_of(const ClusterView& view,
                                         const proxy::config::ProxyConfig& config) {
  std::set<NamedOutside> names;
  for (const auto& service : view.services) {
    auto name = external_name_of(*service);
    if (name) names.insert({service->metadata.namespace_, std::move(*name)});
  }
  for (const auto& ingress : view.ingresses) {
    for (const auto& outside : named_outside(*ingress)) {
      const bool is_asked = config.clusters.contains(outside_cluster_id(outside));
      if (is_asked) names.insert({ingress->metadata.namespace_, outside.host});
    }
  }
  return names;
}

Complaints all_of(const Findings::ByKey<Complaints>& by_ingress) {
  Complaints all;
  for (const auto& [ingress, complaints] : by_ingress) {
    all.insert(all.end(), complaints->begin(), complaints->end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

// By what `source` says.
class IncrementalCompiler::OfIngresses final : public routing::GroupCompiler {
 public:
  OfIngresses(IncrementalCompiler& known, const ClusterSource& source)
      : known_(known), source_(source) {}

  Made compile(const Members& members) override { return known_.compile_group(members, source_); }
  void take_back(const std::vector<ClaimantKey>& members) override { known_.take_back(members); }

 private:
  IncrementalCompiler& known_;
  const ClusterSource& source_;
};

IncrementalCompiler::IncrementalCompiler(ReleaseSettings settings)
    : settings_(std::move(settings)), rounds_(settings_.bounds, settings_.shares_hosts) {}

// ---- What has changed

IncrementalCompiler::Work IncrementalCompiler::update(const ClusterChanges& changes,
                                                      const ClusterSource& source,
                                                      base::WallTime now) {
  has_order_changed_ = false;
  const bool is_all = changes.everything || !has_begun_;
  rounds_.begin(now);
  if (is_all) begin_anew();
  has_begun_ = true;
  if (is_all || changes.namespaces) note_namespaces(source);
  if (is_all) {
    for (const auto& one : source.certificates()) note_certificate(one->metadata.key(), one);
  }
  for (const kube::ObjectKey& key : changes.certificates) {
    note_certificate(key, source.certificate(key));
  }
  if (is_all || changes.classes) {
    note_classes(source);
  } else if (changes.parameters) {
    note_parameters(source);
  }
  for (const kube::ObjectKey& key : changes.ingresses) {
    note_ingress(ingress_key(key), source.ingress(key));
  }
  for (const kube::ObjectKey& key : changes.secrets) {
    rounds_.note_tls_secret(key);
    rounds_.note_auth_secret(key);
  }
  for (const kube::ObjectKey& key : changes.field_maps) rounds_.note_field_map(key);
  for (const std::string& name : changes.outside) rounds_.note_outside(name);
  for (const kube::ObjectKey& key : changes.services) {
    rounds_.note_service(key);
    note_service_of_classes(key);
  }
  OfIngresses compiler(*this, source);
  const auto work = rounds_.run(compiler);
  if (has_order_changed_ || (have_owners_changed() && !challenges_.empty())) answer_challenges();
  return {work.groups, work.claimants, work.hosts};
}

// Forgets the cluster, but not what was made of it: entries keep their addresses.
void IncrementalCompiler::begin_anew() {
  rounds_.begin_anew();
  while (!owned_.empty()) unfile(ClaimantKey(owned_.begin()->first));
  certificates_.clear();
  certificates_by_secret_.clear();
  certificates_by_controller_.clear();
  challenges_.clear();
  has_order_changed_ = true;
}

void IncrementalCompiler::note_classes(const ClusterSource& source) {
  classes_ = source.classes();
  rounds_.mark_all();
  parameters_ = source.parameters();
  ownership_.emplace(classes_, settings_.controller, settings_.class_names, parameters_);
  note_arrivals();
  Members known;
  for (const auto& [key, ingress] : owned_) known.insert(key);
  for (const auto& ingress : source.ingresses()) {
    const ClaimantKey key = ingress_key(ingress->metadata.key());
    known.erase(key);
    note_ingress(key, ingress);
  }
  for (const ClaimantKey& key : known) note_ingress(key, nullptr);
}

// The Ingresses of those classes that name what has changed, whether or not they are admitted.
// Where that is whom they admit alone, as when a selector selects another namespace: of those
// namespaces.
void IncrementalCompiler::note_parameters(const ClusterSource& source) {
  ParametersByName before = std::exchange(parameters_, source.parameters());
  ownership_.emplace(classes_, settings_.controller, settings_.class_names, parameters_);
  note_arrivals();
  const auto spec_of = [](const ParametersByName& all,
                          const std::string& name) -> std::optional<api::EdgeParameters::Spec> {
    const auto found = all.find(name);
    if (found == all.end()) return std::nullopt;
    api::EdgeParameters::Spec spec = found->second->spec;
    // Of no Ingress.
    spec.trusted_proxies.reset();
    spec.takes_proxy_headers = false;
    return spec;
  };
  std::map<std::string, std::optional<Namespaces>> concerned;  // by class; nothing: of all
  for (const auto& one : classes_) {
    const std::string name = named_parameters(*one);
    if (name.empty()) continue;
    const auto old = spec_of(before, name);
    const auto now = spec_of(parameters_, name);
    if (old == now) continue;
    concerned[one->metadata.name] = old && now ? admitted_otherwise(*old, *now) : std::nullopt;
  }
  if (concerned.empty()) return;
  for (const auto& ingress : source.ingresses()) {
    const auto wanted = ownership_->wanted_class_of(*ingress);
    const auto found = wanted ? concerned.find(*wanted) : concerned.end();
    if (found == concerned.end()) continue;
    const auto& namespaces = found->second;
    if (namespaces && !namespaces->contains(ingress->metadata.namespace_)) continue;
    note_ingress(ingress_key(ingress->metadata.key()), ingress);
  }
}

void IncrementalCompiler::note_arrivals() {
  rounds_.put_arrivals(
      arrivals_of(ownership_->trusted_proxies(), ownership_->takes_proxy_headers()));
}

// Whom the parameters of a class name concerns all of its Ingresses.
void IncrementalCompiler::note_service_of_classes(const kube::ObjectKey& service) {
  const bool is_named = std::any_of(parameters_.begin(), parameters_.end(), [&](const auto& one) {
    const auto& backend = one.second->spec.default_backend;
    return backend && backend->service == service;
  });
  if (!is_named) return;
  for (const auto& [key, ingress] : owned_) {
    const auto of_class = ownership_->class_of(*ingress);
    const auto* const backend = ownership_->parameters_of(of_class.value_or("")).default_backend();
    if (backend != nullptr && backend->service == service) rounds_.mark(key);
  }
}

void IncrementalCompiler::note_namespaces(const ClusterSource& source) {
  std::set<std::string> ending = source.ending_namespaces();
  std::vector<std::string> changed;
  std::set_symmetric_difference(ending.begin(), ending.end(), ending_namespaces_.begin(),
                                ending_namespaces_.end(), std::back_inserter(changed));
  ending_namespaces_ = std::move(ending);
  for (const std::string& name : changed) {
    for (auto one = owned_.lower_bound(ingress_key({name, ""}));
         one != owned_.end() && one->first.key.namespace_ == name; ++one) {
      rounds_.mark(one->first);
    }
  }
}

void IncrementalCompiler::note_certificate(const kube::ObjectKey& key,
                                           std::shared_ptr<const api::Certificate> certificate) {
  const auto known = certificates_.find(key);
  const auto before = known == certificates_.end() ? nullptr : known->second;
  if ((before && before->status.order) || (certificate && certificate->status.order)) {
    has_order_changed_ = true;
  }
  std::set<std::string> controllers;
  if (before) {
    const kube::ObjectKey secret{key.namespace_, before->spec.secret_name};
    controllers.insert(controller_uid(*before));
    certificates_by_secret_.remove(hash_of(secret), key);
    certificates_by_controller_.remove(hash_of(controller_uid(*before)), key);
    challenges_.erase(key);
    certificates_.erase(known);
    if (concern_ingresses(before, certificate)) rounds_.note_tls_secret(secret);
  }
  if (certificate) {
    const kube::ObjectKey secret{key.namespace_, certificate->spec.secret_name};
    controllers.insert(controller_uid(*certificate));
    const kube::ObjectKey& kept = certificates_.try_emplace(key, certificate).first->first;
    certificates_by_secret_.add(hash_of(secret), kept);
    certificates_by_controller_.add(hash_of(controller_uid(*certificate)), kept);
    challenges_.put(certificate);
    if (concern_ingresses(before, certificate)) rounds_.note_tls_secret(secret);
  }
  if (!concern_ingresses(before, certificate)) return;
  rounds_.note_tls_secret(key);
  // Its name is one of its controller's, which removes it.
  controllers.erase("");
  for (const std::string& uid : controllers) {
    for (const ClaimantKey& ingress : rounds_.uses().with_uid(uid)) {
      note_ingress(ingress, owned_.at(ingress));
    }
  }
}

void IncrementalCompiler::note_ingress(const ClaimantKey& key,
                                       std::shared_ptr<const kube::Ingress> ingress) {
  if (ingress && !ownership_->is_ours(*ingress)) ingress = nullptr;
  if (owned_.count(key) != 0) unfile(key);
  if (ingress) file(key, ownership_->with_defaults(std::move(ingress)));
}

// What is decided between it and others: whose a host is and what is shown there, and the
// Certificates that are planned. Of these only those who ask for one by their issuer have a say:
// also about those that they control, which are taken away unless another one asks for them.
// Whoever merely uses a Secret has it whoever else does.
ClaimantGroups::Names IncrementalCompiler::names_of(const kube::Ingress& ingress) const {
  ClaimantGroups::Names names{.hosts = named_hosts(ingress), .shown = shown_wildcards(ingress)};
  const kube::ObjectMeta& metadata = ingress.metadata;
  annotations::Issues unsaid;  // they are said where Certificates are planned
  if (!annotations::read_issuer(metadata.annotations, settings_.default_issuer, unsaid)) {
    return names;
  }
  for (const kube::IngressTls& tls : ingress.tls) {
    if (tls.secret_name.empty()) continue;
    names.certificates.insert({metadata.namespace_, tls.secret_name});
  }
  if (!metadata.uid.empty()) {
    names.certificates.merge(certificates_by_controller_.find(hash_of(metadata.uid)));
  }
  return names;
}

void IncrementalCompiler::file(const ClaimantKey& key,
                               const std::shared_ptr<const kube::Ingress>& ingress) {
  owned_.insert_or_assign(key, ingress);
  rounds_.put(key, names_of(*ingress), uses_of(*ingress), asked_hosts(*ingress));
}

void IncrementalCompiler::unfile(const ClaimantKey& key) {
  const auto known = owned_.find(key);
  const kube::Ingress& ingress = *known->second;
  rounds_.erase(key, uses_of(ingress), asked_hosts(ingress));
  owned_.erase(known);
}

// ---- What is compiled again

routing::GroupCompiler::Made IncrementalCompiler::compile_group(const Members& members,
                                                                const ClusterSource& source) {
  const ClusterView view = view_of(members, source);
  Compiled compiled = compile(view);
  CertificatePlan plan = plan_certificates(view, compiled.owners, without_room(compiled));
  if (close_where_contract_breaks(compiled)) {
    spdlog::error(
        "compiling the cluster: what {} and {} more Ingresses ask for breaks the proxies' "
        "contract, "
        "so their hosts are closed (please report this)",
        base::without_controls(members.begin()->key.text()), members.size() - 1);
  }
  routing::GroupCompiler::Made made;
  routing::CompiledGroup& group = made.group;
  const std::set<NamedOutside> external_names = external_names_of(view, compiled.config);
  group.external_names.assign(external_names.begin(), external_names.end());
  group.secrets.reserve(view.secrets.size());
  for (const auto& [key, secret] : view.secrets) group.secrets.push_back(secret);
  group.config = std::move(compiled.config);
  group.owners = std::move(compiled.owners);
  group.served_hosts.assign(compiled.served_hosts.begin(), compiled.served_hosts.end());
  made.loads = std::move(compiled.loads);
  add(std::move(compiled.summaries), std::move(compiled.complaints), std::move(plan),
      *members.begin());
  return made;
}

ClusterView IncrementalCompiler::view_of(const Members& members,
                                         const ClusterSource& source) const {
  ClusterView view{settings_, {}};
  view.without_room.emplace();
  view.now = rounds_.now();
  view.ownership = ownership_;
  view.unnamed_elsewhere = rounds_.unnamed();
  std::set<kube::ObjectKey> services;
  std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>> certificates;
  for (const ClaimantKey& key : members) {
    const auto& ingress = view.ingresses.emplace_back(owned_.at(key));
    const std::string& namespace_ = key.key.namespace_;
    if (ending_namespaces_.count(namespace_) != 0) view.ending_namespaces.insert(namespace_);
    if (const auto why = rounds_.no_room(key)) view.without_room->emplace(key, *why);
    const std::set<kube::ObjectKey> secrets = named_secrets(*ingress);
    if (named_hosts(*ingress).count("") != 0) view.unnamed_elsewhere.clear();
    services.merge(named_services(*ingress));
    const auto of_class = ownership_->class_of(*ingress);
    const auto* const of_all = ownership_->parameters_of(of_class.value_or("")).default_backend();
    if (of_all != nullptr) services.insert(of_all->service);
    add_certificates(*ingress, secrets, certificates);
    for (const kube::ObjectKey& secret : secrets) {
      if (view.secrets.count(secret) != 0) continue;
      if (auto read = source.tls_secret(secret)) view.secrets[secret] = std::move(read);
    }
    for (const kube::ObjectKey& secret : named_auth_secrets(*ingress)) {
      if (auto read = source.auth_secret(secret)) view.auth_secrets[secret] = std::move(read);
    }
    for (const kube::ObjectKey& map : named_field_maps(*ingress)) {
      if (auto read = source.field_map(map)) view.field_maps[map] = std::move(read);
    }
    for (const std::string& host : asked_hosts(*ingress)) {
      if (rounds_.is_served(host)) view.served_elsewhere.insert(host);
    }
    for (const auto& outside : named_outside(*ingress)) {
      auto known = source.external_name(outside.host);
      if (known) view.external_names[outside.host] = std::move(known);
    }
  }
  for (const kube::ObjectKey& key : services) {
    if (auto service = source.service(key)) {
      if (const auto name = external_name_of(*service)) {
        if (auto known = source.external_name(*name)) view.external_names[*name] = std::move(known);
      }
      view.services.push_back(std::move(service));
    }
    for (auto& slice : source.slices_of(key)) view.slices.push_back(std::move(slice));
  }
  for (auto& [key, certificate] : certificates) view.certificates.push_back(certificate);
  // A field more must be looked at here: does a group see of it what the whole would?
  [[maybe_unused]] const auto& [ingresses, classes, parameters, ownership, without_room,
                                served_elsewhere, ending_namespaces] =
      static_cast<const Asking&>(view);
  [[maybe_unused]] const auto& [now, all_services, slices, all_certificates, unnamed_elsewhere,
                                secrets, auth_secrets, external_names, field_maps] =
      static_cast<const routing::Resources&>(view);
  return view;
}

void IncrementalCompiler::add_certificates(
    const kube::Ingress& ingress, const std::set<kube::ObjectKey>& secrets,
    std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>>& found) const {
  const auto add_where = [&](const kube::ObjectKey& key, const auto& is_meant) {
    const auto certificate = certificates_.find(key);
    if (certificate == certificates_.end() || !is_meant(*certificate->second)) return;
    found.insert(*certificate);
  };
  for (const kube::ObjectKey& secret : secrets) {
    add_where(secret, [](const api::Certificate&) { return true; });
    certificates_by_secret_.visit(hash_of(secret), [&](const kube::ObjectKey& key) {
      add_where(key, [&](const api::Certificate& certificate) {
        return key.namespace_ == secret.namespace_ && certificate.spec.secret_name == secret.name;
      });
    });
  }
  const std::string& uid = ingress.metadata.uid;
  if (uid.empty()) return;
  certificates_by_controller_.visit(hash_of(uid), [&](const kube::ObjectKey& key) {
    add_where(key, [&](const api::Certificate& certificate) {
      return controller_uid(certificate) == uid;
    });
  });
}

// ---- What comes of it

// first: of the group.
void IncrementalCompiler::add(std::vector<Summary> summaries, Complaints complaints,
                              CertificatePlan plan, const ClaimantKey& first) {
  Planned planned;
  for (const auto& [key, apply] : plan.apply) planned.applied.push_back(key);
  for (const auto& [key, remove] : plan.remove) planned.removed.push_back(key);
  if (!planned.applied.empty() || !planned.removed.empty()) {
    planned_.insert_or_assign(first, std::move(planned));
  }
  ingress::add(std::move(summaries), findings_);
  routing::put(std::move(complaints), findings_.complaints);
  ingress::add(std::move(plan), findings_);
}

// What a group has said, which is no longer.
void IncrementalCompiler::take_back(const std::vector<ClaimantKey>& members) {
  for (const ClaimantKey& member : members) {
    findings_.summaries.erase(member.key.text());
    const std::string claimant = member.text();
    findings_.complaints.erase(claimant);
    findings_.plan_complaints.erase(claimant);
  }
  const auto planned = planned_.find(members.front());
  if (planned == planned_.end()) return;
  for (const kube::ObjectKey& key : planned->second.applied) findings_.apply.erase(key.text());
  for (const kube::ObjectKey& key : planned->second.removed) findings_.remove.erase(key.text());
  planned_.erase(planned);
}

void IncrementalCompiler::answer_challenges() {
  challenges_.update(owners());
  rounds_.put_challenges(challenges_.answers());
}

routing::Rank IncrementalCompiler::rank_of(const kube::Ingress& ingress) const {
  return ingress::rank_of(ending_namespaces_, ingress);
}

std::vector<Summary> IncrementalCompiler::summaries() const {
  std::map<routing::Rank, Summary> by_rank;
  for (const auto& [key, summary] : findings_.summaries) {
    by_rank.emplace(rank_of(*summary->ingress), *summary);
  }
  std::vector<Summary> all;
  all.reserve(by_rank.size());
  for (auto& [rank, summary] : by_rank) all.push_back(std::move(summary));
  return all;
}

Complaints IncrementalCompiler::complaints() const {
  return all_of(findings_.complaints);
}

CertificatePlan IncrementalCompiler::plan() const {
  CertificatePlan plan;
  for (const auto& [key, apply] : findings_.apply) plan.apply.emplace(key_of(key), *apply);
  for (const auto& [key, remove] : findings_.remove) {
    plan.remove.emplace(key_of(key), *remove);
  }
  plan.complaints = all_of(findings_.plan_complaints);
  return plan;
}

}  // namespace ingress
