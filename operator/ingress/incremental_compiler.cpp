#include "operator/ingress/incremental_compiler.h"

#include <algorithm>
#include <iterator>

#include <spdlog/spdlog.h>

#include "base/plain_text.h"
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
using routing::HostOwners;
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

// The namespace of a certificate's id, "namespace/name".
std::string namespace_of(const std::string& certificate_id) {
  return certificate_id.substr(0, certificate_id.find('/'));
}

routing::Uses uses_of(const kube::Ingress& ingress) {
  routing::Uses uses{.services = named_services(ingress),
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

Complaints all_of(const Findings::ByKey<Complaints>& by_ingress) {
  Complaints all;
  for (const auto& [ingress, complaints] : by_ingress) {
    all.insert(all.end(), complaints->begin(), complaints->end());
  }
  std::sort(all.begin(), all.end());
  return all;
}

IncrementalCompiler::Work sum(const IncrementalCompiler::Work& one,
                              const IncrementalCompiler::Work& more) {
  return {one.groups + more.groups, one.ingresses + more.ingresses, one.hosts + more.hosts};
}

}  // namespace

// ---- What has changed

IncrementalCompiler::Work IncrementalCompiler::update(const ClusterChanges& changes,
                                                      const ClusterSource& source,
                                                      base::WallTime now) {
  has_changed_ = false;
  is_all_marked_ = false;
  has_order_changed_ = false;
  owners_before_ = HostOwners({}, settings_.shares_hosts);
  owners_after_ = owners_before_;
  const bool is_all = changes.everything || !has_begun_;
  note_time(now);
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
    mark(names_.with_secret(key));
    mark(uses_.of_auth_secret(key));
  }
  for (const kube::ObjectKey& key : changes.field_maps) mark(uses_.of_field_map(key));
  for (const std::string& name : changes.outside) mark(uses_.of_outside(name));
  for (const kube::ObjectKey& key : changes.services) {
    mark(uses_.of_service(key));
    note_service_of_classes(key);
  }
  Work work = compile_marked(source);
  have_owners_changed_ = !(owners_before_ == owners_after_);
  if (const Members asking = groups_.served().take_changed(); !asking.empty()) {
    mark(asking);
    const Work more = compile_marked(source);
    work = sum(work, more);
  }
  if (unnamed_has_changed()) {
    note_everything();
    const Work more = compile_marked(source);
    work = sum(work, more);
  }
  if (has_order_changed_ || (have_owners_changed_ && !challenges_.empty())) answer_challenges();
  const auto uses_changed = uses_.take_changed();
  names_changed_ = {uses_changed.auth_secrets, uses_changed.field_maps,
                    groups_.take_external_names_changed()};
  groups_.config().begin_round();  // what was taken away is not held
  secrets_before_.clear();
  return work;
}

// Forgets the cluster, but not what was made of it: entries keep their addresses.
void IncrementalCompiler::begin_anew() {
  note_everything();
  while (!owned_.empty()) unfile(ClaimantKey(owned_.begin()->first));
  admission_.clear();
  certificates_.clear();
  certificates_by_secret_.clear();
  certificates_by_controller_.clear();
  challenges_.clear();
  has_order_changed_ = true;
}

void IncrementalCompiler::note_time(base::WallTime now) {
  // A clock that was set back makes certificates valid again.
  if (now < now_) note_everything();
  now_ = now;
  marked_.merge(groups_.expired(now));
}

void IncrementalCompiler::note_everything() {
  for (const auto& [key, ingress] : owned_) marked_.insert(key);
  is_all_marked_ = true;
}

void IncrementalCompiler::note_classes(const ClusterSource& source) {
  classes_ = source.classes();
  note_everything();
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
  auto arrivals = arrivals_of(ownership_->trusted_proxies(), ownership_->takes_proxy_headers());
  if (groups_.config().put_arrivals(std::move(arrivals))) has_changed_ = true;
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
    if (backend != nullptr && backend->service == service) mark(key);
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
      mark(one->first);
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
    if (concern_ingresses(before, certificate)) mark(names_.with_secret(secret));
  }
  if (certificate) {
    const kube::ObjectKey secret{key.namespace_, certificate->spec.secret_name};
    controllers.insert(controller_uid(*certificate));
    const kube::ObjectKey& kept = certificates_.try_emplace(key, certificate).first->first;
    certificates_by_secret_.add(hash_of(secret), kept);
    certificates_by_controller_.add(hash_of(controller_uid(*certificate)), kept);
    challenges_.put(certificate);
    if (concern_ingresses(before, certificate)) mark(names_.with_secret(secret));
  }
  if (!concern_ingresses(before, certificate)) return;
  mark(names_.with_secret(key));
  // Its name is one of its controller's, which removes it.
  controllers.erase("");
  for (const std::string& uid : controllers) {
    for (const ClaimantKey& ingress : uses_.with_uid(uid)) {
      note_ingress(ingress, owned_.at(ingress));
    }
  }
}

void IncrementalCompiler::note_ingress(const ClaimantKey& key,
                                       std::shared_ptr<const kube::Ingress> ingress) {
  if (ingress && !ownership_->is_ours(*ingress)) ingress = nullptr;
  mark(key);
  if (owned_.count(key) != 0) unfile(key);
  if (!ingress) {
    admission_.erase(key);
    return;
  }
  file(key, ownership_->with_defaults(std::move(ingress)));
}

// An Ingress of its own has in common with others what it has them on the proxies and what
// Certificates are planned for: also those that it controls, as it may take them away from whoever
// asks for them by the same name.
ClaimantGroups::Names IncrementalCompiler::names_of(const kube::Ingress& ingress) const {
  ClaimantGroups::Names names{named_hosts(ingress), named_secrets(ingress)};
  if (!ingress.metadata.uid.empty()) {
    names.secrets.merge(certificates_by_controller_.find(hash_of(ingress.metadata.uid)));
  }
  return names;
}

void IncrementalCompiler::file(const ClaimantKey& key,
                               const std::shared_ptr<const kube::Ingress>& ingress) {
  ClaimantGroups::Names names = names_of(*ingress);
  if (!is_all_marked_) mark(names_.neighbours(names));
  names_.put(key, names);
  uses_.put(owned_.insert_or_assign(key, ingress).first->first, uses_of(*ingress));
  for (const std::string& host : asked_hosts(*ingress)) groups_.served().ask(host, key);
}

void IncrementalCompiler::unfile(const ClaimantKey& key) {
  const auto known = owned_.find(key);
  const kube::Ingress& ingress = *known->second;
  uses_.erase(key, uses_of(ingress));
  for (const std::string& host : asked_hosts(ingress)) groups_.served().ask_no_more(host, key);
  names_.erase(key);
  owned_.erase(known);
}

// ---- What is compiled again

void IncrementalCompiler::mark(const Members& ingresses) {
  for (const ClaimantKey& ingress : ingresses) mark(ingress);
}

void IncrementalCompiler::mark(const ClaimantKey& ingress) {
  if (marked_.count(ingress) != 0) return;
  marked_.insert(ingress);
  const auto* const members = groups_.find(ingress);
  if (members != nullptr) marked_.insert(members->begin(), members->end());
}

// Takes their groups away, and says in which they fall now.
std::vector<ClaimantGroups::Members> IncrementalCompiler::take_marked() {
  if (is_one_group_ && !marked_.empty()) note_everything();
  for (const ClaimantKey& ingress : marked_) {
    if (auto group = groups_.remove(ingress)) take_back(std::move(*group));
  }
  Members left;
  for (const ClaimantKey& ingress : std::exchange(marked_, {})) {
    if (owned_.count(ingress) != 0) left.insert(ingress);
  }
  if (left.empty()) return {};
  if (is_one_group_) return {left};
  return names_.groups_of(left);
}

// What an Ingress asks for is known when it has been compiled, and may take or leave the room of
// others, who then are compiled again. Whose a host is does not depend on that.
IncrementalCompiler::Work IncrementalCompiler::compile_marked(const ClusterSource& source) {
  Work work = compile_all_marked(source);
  mark(admission_.decide());
  if (marked_.empty()) return work;
  const HostOwners before = owners_before_;
  const HostOwners after = owners_after_;
  const Work more = compile_all_marked(source);
  owners_before_ = before;
  owners_after_ = after;
  return sum(work, more);
}

IncrementalCompiler::Work IncrementalCompiler::compile_all_marked(const ClusterSource& source) {
  groups_.config().begin_round();
  Work work;
  for (const Members& members : take_marked()) {
    const Work more = compile_group(members, source);
    work = sum(work, more);
  }
  if (!groups_.config().has_conflict() || is_one_group_) return work;
  spdlog::error(
      "compiling the cluster: two groups of Ingresses that were taken for independent claim one "
      "host; compiling all of them together from now on (please report this)");
  is_one_group_ = true;
  note_everything();
  return compile_all_marked(source);
}

IncrementalCompiler::Work IncrementalCompiler::compile_group(const Members& members,
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
  Members too_large = members;
  for (const auto& [rank, load] : compiled.loads) {
    admission_.put(rank, load);
    too_large.erase(rank.claimant.kind_and_key());
  }
  for (const ClaimantKey& key : too_large) admission_.erase(key);
  const Work work{1, members.size(), compiled.config.hosts.size()};
  routing::CompiledGroup group;
  group.members.assign(members.begin(), members.end());
  std::set<NamedOutside> external_names;
  for (const auto& service : view.services) {
    auto name = external_name_of(*service);
    if (name) external_names.insert({service->metadata.namespace_, std::move(*name)});
  }
  for (const auto& ingress : view.ingresses) {
    for (const auto& outside : named_outside(*ingress)) {
      const bool is_asked = compiled.config.clusters.contains(outside_cluster_id(outside));
      if (is_asked) external_names.insert({ingress->metadata.namespace_, outside.host});
    }
  }
  group.external_names.assign(external_names.begin(), external_names.end());
  group.secrets.reserve(view.secrets.size());
  for (const auto& [key, secret] : view.secrets) {
    group.secrets.push_back(secret);
    if (!secret->leaf || secret->leaf->not_after <= now_) continue;
    const base::WallTime expiry = secret->leaf->not_after;
    group.next_expiry = std::min(group.next_expiry.value_or(expiry), expiry);
  }
  add(std::move(group), std::move(compiled), std::move(plan));
  return work;
}

ClusterView IncrementalCompiler::view_of(const Members& members,
                                         const ClusterSource& source) const {
  ClusterView view{settings_, {}};
  view.without_room.emplace();
  view.now = now_;
  view.ownership = ownership_;
  view.unnamed_elsewhere = unnamed_;
  std::set<kube::ObjectKey> services;
  std::map<kube::ObjectKey, std::shared_ptr<const api::Certificate>> certificates;
  for (const ClaimantKey& key : members) {
    const auto& ingress = view.ingresses.emplace_back(owned_.at(key));
    const std::string& namespace_ = key.key.namespace_;
    if (ending_namespaces_.count(namespace_) != 0) view.ending_namespaces.insert(namespace_);
    if (const auto why = admission_.find(key)) view.without_room->emplace(key, *why);
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
      if (groups_.served().is_told(host)) view.served_elsewhere.insert(host);
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

void IncrementalCompiler::add(routing::CompiledGroup group, Compiled compiled,
                              CertificatePlan plan) {
  has_changed_ = true;
  Planned planned;
  for (const auto& [key, apply] : plan.apply) planned.applied.push_back(key);
  for (const auto& [key, remove] : plan.remove) planned.removed.push_back(key);
  if (!planned.applied.empty() || !planned.removed.empty()) {
    planned_.insert_or_assign(group.members.front(), std::move(planned));
  }
  ingress::add(std::move(compiled.summaries), findings_);
  routing::put(std::move(compiled.complaints), findings_.complaints);
  ingress::add(std::move(plan), findings_);

  group.config = std::move(compiled.config);
  group.owners = std::move(compiled.owners);
  group.served_hosts.assign(compiled.served_hosts.begin(), compiled.served_hosts.end());
  owners_after_.add(group.owners);
  groups_.add(std::move(group));
}

// What a group has said, which is no longer.
void IncrementalCompiler::take_back(routing::CompiledGroup group) {
  has_changed_ = true;
  secrets_before_.push_back(std::move(group.secrets));
  owners_before_.add(group.owners);
  for (const ClaimantKey& member : group.members) {
    findings_.summaries.erase(member.key.text());
    const std::string claimant = member.text();
    findings_.complaints.erase(claimant);
    findings_.plan_complaints.erase(claimant);
  }
  const auto planned = planned_.find(group.members.front());
  if (planned == planned_.end()) return;
  for (const kube::ObjectKey& key : planned->second.applied) findings_.apply.erase(key.text());
  for (const kube::ObjectKey& key : planned->second.removed) findings_.remove.erase(key.text());
  planned_.erase(planned);
}

bool IncrementalCompiler::unnamed_has_changed() {
  const auto& sni = config().sni;
  const auto unnamed = sni.find("");
  std::string namespace_ = unnamed == sni.end() ? std::string() : namespace_of(unnamed->second);
  if (namespace_ == unnamed_) return false;
  unnamed_ = std::move(namespace_);
  return true;
}

void IncrementalCompiler::answer_challenges() {
  has_changed_ = true;
  challenges_.update(groups_.owners());
  groups_.config().put_challenges(challenges_.answers());
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
