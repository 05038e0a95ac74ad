#include "operator/routing/compile_rounds.h"

#include <algorithm>
#include <cstddef>

#include <spdlog/spdlog.h>

namespace routing {
namespace {

// Of a certificate's id, "namespace/name".
kube::ObjectKey secret_of(const std::string& certificate_id) {
  const std::size_t slash = certificate_id.find('/');
  return {certificate_id.substr(0, slash), certificate_id.substr(slash + 1)};
}

// Of the first certificate to expire among those that are valid now.
std::optional<base::WallTime> next_expiry_of(
    const std::vector<std::shared_ptr<const TlsSecret>>& secrets, base::WallTime now) {
  std::optional<base::WallTime> next;
  for (const auto& secret : secrets) {
    if (!secret->leaf || secret->leaf->not_after <= now) continue;
    const base::WallTime expiry = secret->leaf->not_after;
    next = std::min(next.value_or(expiry), expiry);
  }
  return next;
}

}  // namespace

CompileRounds::Work& CompileRounds::Work::operator+=(const Work& more) {
  groups += more.groups;
  claimants += more.claimants;
  hosts += more.hosts;
  return *this;
}

CompileRounds::CompileRounds(const LoadBounds& bounds, bool hosts_may_be_shared)
    : admission_(bounds), groups_(hosts_may_be_shared) {}

// ---- What has changed

void CompileRounds::begin(base::WallTime now) {
  has_changed_ = false;
  is_all_marked_ = false;
  owners_before_ = HostOwners({}, groups_.owners().may_be_shared());
  owners_after_ = owners_before_;
  // A clock that was set back makes certificates valid again.
  if (now < now_) mark_all();
  now_ = now;
  marked_.merge(groups_.expired(now));
}

void CompileRounds::begin_anew() {
  mark_all();
  admission_.clear();
}

void CompileRounds::put(const ClaimantKey& claimant, const ClaimantGroups::Names& names,
                        const Uses& uses, const std::set<std::string>& asked_hosts) {
  mark(claimant);
  const ClaimantKey& kept = names_.put(claimant, names);
  if (!is_all_marked_) mark(names_.neighbours(kept));
  uses_.put(kept, uses);
  for (const std::string& host : asked_hosts) groups_.served().ask(host, claimant);
}

void CompileRounds::erase(const ClaimantKey& claimant, const Uses& uses,
                          const std::set<std::string>& asked_hosts) {
  mark(claimant);
  uses_.erase(claimant, uses);
  for (const std::string& host : asked_hosts) groups_.served().ask_no_more(host, claimant);
  names_.erase(claimant);
}

void CompileRounds::mark(const Members& claimants) {
  for (const ClaimantKey& claimant : claimants) mark(claimant);
}

void CompileRounds::mark(const ClaimantKey& claimant) {
  if (marked_.count(claimant) != 0) return;
  marked_.insert(claimant);
  const auto* const members = groups_.find(claimant);
  if (members != nullptr) marked_.insert(members->begin(), members->end());
}

void CompileRounds::mark_all() {
  marked_.merge(names_.all());
  is_all_marked_ = true;
}

void CompileRounds::put_arrivals(
    proxy::config::ProxyConfig::Section<proxy::config::Arrivals> arrivals) {
  if (groups_.config().put_arrivals(std::move(arrivals))) has_changed_ = true;
}

void CompileRounds::put_challenges(
    proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer> challenges) {
  has_changed_ = true;
  groups_.config().put_challenges(std::move(challenges));
}

// ---- What is compiled again

CompileRounds::Work CompileRounds::run(GroupCompiler& compiler) {
  Work work = compile_marked(compiler);
  have_owners_changed_ = !(owners_before_ == owners_after_);
  if (const Members asking = groups_.served().take_changed(); !asking.empty()) {
    mark(asking);
    work += compile_marked(compiler);
  }
  if (unnamed_has_changed()) {
    mark_all();
    work += compile_marked(compiler);
  }
  const auto uses_changed = uses_.take_changed();
  names_changed_ = {uses_changed.auth_secrets, uses_changed.field_maps,
                    groups_.take_external_names_changed()};
  groups_.config().begin_round();  // what was taken away is not held
  secrets_before_.clear();
  return work;
}

// What a claimant asks for is known when it has been compiled, and may take or leave the room of
// others, who then are compiled again, as are those who show a certificate that is another one now.
// Whose a host is does not depend on that.
CompileRounds::Work CompileRounds::compile_marked(GroupCompiler& compiler) {
  Work work = compile_all_marked(compiler);
  mark(admission_.decide());
  mark_by_replaced_certificates();
  if (marked_.empty()) return work;
  const HostOwners before = owners_before_;
  const HostOwners after = owners_after_;
  work += compile_all_marked(compiler);
  owners_before_ = before;
  owners_after_ = after;
  return work;
}

CompileRounds::Work CompileRounds::compile_all_marked(GroupCompiler& compiler) {
  groups_.config().begin_round();
  Work work;
  for (const Members& members : take_marked(compiler)) work += compile_group(members, compiler);
  if (!groups_.config().has_conflict() || is_one_group_) return work;
  spdlog::error(
      "compiling the cluster: two groups of claimants that were taken for independent claim one "
      "host; compiling all of them together from now on (please report this)");
  is_one_group_ = true;
  mark_all();
  return compile_all_marked(compiler);
}

// Takes their groups away, and says in which they fall now.
std::vector<CompileRounds::Members> CompileRounds::take_marked(GroupCompiler& compiler) {
  if (is_one_group_ && !marked_.empty()) mark_all();
  for (const ClaimantKey& claimant : marked_) {
    if (auto group = groups_.remove(claimant)) take_back(std::move(*group), compiler);
  }
  Members left;
  for (const ClaimantKey& claimant : std::exchange(marked_, {})) {
    if (names_.has(claimant)) {
      left.insert(left.end(), claimant);
    } else {
      admission_.erase(claimant);
    }
  }
  if (left.empty()) return {};
  if (is_one_group_) return {left};
  return names_.groups_of(left);
}

void CompileRounds::take_back(CompiledGroup group, GroupCompiler& compiler) {
  has_changed_ = true;
  secrets_before_.push_back(std::move(group.secrets));
  owners_before_.add(group.owners);
  compiler.take_back(group.members);
}

CompileRounds::Work CompileRounds::compile_group(const Members& members, GroupCompiler& compiler) {
  has_changed_ = true;
  GroupCompiler::Made made = compiler.compile(members);
  admit(members, made.loads);
  CompiledGroup& group = made.group;
  const Work work{1, members.size(), group.config.hosts.size()};
  group.members.assign(members.begin(), members.end());
  group.next_expiry = next_expiry_of(group.secrets, now_);
  owners_after_.add(group.owners);
  groups_.add(std::move(group));
  return work;
}

// Who is more than one may be is left out by itself, and takes no room from others.
void CompileRounds::admit(const Members& members, const std::vector<std::pair<Rank, Load>>& loads) {
  Members too_large = members;
  for (const auto& [rank, load] : loads) {
    admission_.put(rank, load);
    too_large.erase(rank.claimant.kind_and_key());
  }
  for (const ClaimantKey& claimant : too_large) admission_.erase(claimant);
}

// A Secret was read that has changed, which will be told: whoever shows its certificate is compiled
// again at once, so that no name is left with one that is not for it.
void CompileRounds::mark_by_replaced_certificates() {
  for (const std::string& id : groups_.config().take_replaced_certificates()) {
    note_tls_secret(secret_of(id));
  }
}

bool CompileRounds::unnamed_has_changed() {
  const auto& sni = groups_.config().all().sni;
  const auto unnamed = sni.find("");
  std::string namespace_ =
      unnamed == sni.end() ? std::string() : secret_of(unnamed->second).namespace_;
  if (namespace_ == unnamed_) return false;
  unnamed_ = std::move(namespace_);
  return true;
}

}  // namespace routing
