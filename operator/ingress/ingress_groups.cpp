#include "operator/ingress/ingress_groups.h"

#include <cstddef>
#include <numeric>
#include <utility>

#include "operator/ingress/host_name.h"

namespace ingress {
namespace {

template <class Map>
void add_all(const Map& map, const typename Map::key_type& name, IngressGroups::Members& found) {
  const auto at = map.find(name);
  if (at != map.end()) found.insert(at->second.begin(), at->second.end());
}

template <class Map>
void remove(Map& map, const typename Map::key_type& name, const kube::ObjectKey& ingress) {
  const auto at = map.find(name);
  if (at == map.end()) return;
  at->second.erase(ingress);
  if (at->second.empty()) map.erase(at);
}

// Disjoint sets of numbers.
class Sets {
 public:
  std::size_t add() {
    parents_.push_back(parents_.size());
    return parents_.size() - 1;
  }
  std::size_t root_of(std::size_t one) {
    while (parents_[one] != one) {
      parents_[one] = parents_[parents_[one]];
      one = parents_[one];
    }
    return one;
  }
  void join(std::size_t one, std::size_t other) { parents_[root_of(one)] = root_of(other); }

 private:
  std::vector<std::size_t> parents_;
};

// The number of a name.
template <class Name>
std::size_t set_of(std::map<Name, std::size_t>& numbers, const Name& name, Sets& sets) {
  const auto found = numbers.find(name);
  return found != numbers.end() ? found->second : numbers[name] = sets.add();
}

}  // namespace

void IngressGroups::put(const kube::ObjectKey& ingress, Names names) {
  Names& known = names_[ingress];
  if (known == names) return;
  unfile(ingress, known);
  known = std::move(names);
  file(ingress, known);
}

void IngressGroups::erase(const kube::ObjectKey& ingress) {
  const auto known = names_.find(ingress);
  if (known == names_.end()) return;
  unfile(ingress, known->second);
  names_.erase(known);
}

void IngressGroups::file(const kube::ObjectKey& ingress, const Names& names) {
  for (const std::string& host : names.hosts) {
    by_host_[host].insert(ingress);
    std::string wildcard = covering_wildcard(host);
    if (!wildcard.empty()) by_covering_wildcard_[std::move(wildcard)].insert(ingress);
  }
  for (const kube::ObjectKey& secret : names.secrets) by_secret_[secret].insert(ingress);
}

void IngressGroups::unfile(const kube::ObjectKey& ingress, const Names& names) {
  for (const std::string& host : names.hosts) {
    remove(by_host_, host, ingress);
    const std::string wildcard = covering_wildcard(host);
    if (!wildcard.empty()) remove(by_covering_wildcard_, wildcard, ingress);
  }
  for (const kube::ObjectKey& secret : names.secrets) remove(by_secret_, secret, ingress);
}

IngressGroups::Members IngressGroups::neighbours(const Names& names) const {
  Members found;
  for (const std::string& host : names.hosts) {
    add_all(by_host_, host, found);
    add_all(by_covering_wildcard_, host, found);
    const std::string wildcard = covering_wildcard(host);
    if (!wildcard.empty()) add_all(by_host_, wildcard, found);
  }
  for (const kube::ObjectKey& secret : names.secrets) add_all(by_secret_, secret, found);
  return found;
}

IngressGroups::Members IngressGroups::with_secret(const kube::ObjectKey& secret) const {
  Members found;
  add_all(by_secret_, secret, found);
  return found;
}

std::vector<IngressGroups::Members> IngressGroups::groups_of(const Members& ingresses) const {
  Sets sets;
  std::map<std::string, std::size_t> hosts;
  std::map<kube::ObjectKey, std::size_t> secrets;
  std::map<kube::ObjectKey, std::size_t> numbers;
  for (const kube::ObjectKey& ingress : ingresses) {
    const std::size_t own = numbers[ingress] = sets.add();
    const Names& names = names_.at(ingress);
    for (const std::string& host : names.hosts) {
      sets.join(own, set_of(hosts, host, sets));
      const std::string wildcard = covering_wildcard(host);
      if (!wildcard.empty() && by_host_.count(wildcard) != 0) {
        sets.join(own, set_of(hosts, wildcard, sets));
      }
    }
    for (const kube::ObjectKey& secret : names.secrets) {
      sets.join(own, set_of(secrets, secret, sets));
    }
  }
  std::map<std::size_t, Members> by_root;
  for (const auto& [ingress, number] : numbers) by_root[sets.root_of(number)].insert(ingress);
  std::vector<Members> groups;
  groups.reserve(by_root.size());
  for (auto& [root, members] : by_root) groups.push_back(std::move(members));
  return groups;
}

}  // namespace ingress
