#pragma once

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "operator/ingress/cluster_view.h"

namespace check {

// Objects that were written down for a cluster, put together to what a compilation reads. Not
// thread-safe.
//
// What is not there of all that Ingresses name is assumed to be well, by one rule for all kinds:
// Services, their ready endpoints, Secrets under tls, for passwords and for TLS to backends,
// ConfigMaps with header fields or authorities, and parameters of classes; of a namespace, that a
// class selects it. What is there counts as it is. An Ingress without a creationTimestamp is
// younger than those that have one, and than those without one that were added before it.
class Manifests {
 public:
  // Kinds that no compilation reads are passed over. `source` names the file in problems.
  void add(const std::string& source, const nlohmann::json& object);
  // Nothing could be read of it.
  void add_problem(const std::string& source, const std::string& problem);

  // Every Ingress counts as one of ours, whatever class it names: that is what would become of it
  // after the move. One whose class is of our controller keeps it, with what its parameters say.
  // With `classes` only those of these and of classes of our controller do. `is_whole`: what was
  // added is all there is, and nothing is assumed.
  ingress::ClusterView view(base::WallTime now, bool is_whole,
                            const std::set<std::string>& classes = {}) const;

  // That guards of Ingresses name.
  std::set<kube::ObjectKey> auth_secrets_named() const;
  // ConfigMaps, for header fields and for authorities.
  std::set<kube::ObjectKey> field_maps_named() const;

  // "web.yaml: Ingress shop/web: ...", one sentence each, of what could not be read.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  template <class T>
  void add_typed(const std::string& source, const nlohmann::json& object,
                 ingress::ClusterView::Objects<T>& objects);
  void add_secret(const std::string& source, const nlohmann::json& object);
  void add_auth_secret(const nlohmann::json& object);
  void add_field_map(const std::string& source, const nlohmann::json& object);
  void add_parameters(const std::string& source, const nlohmann::json& object);

  ingress::ClusterView view_;
  std::set<std::string> broken_parameters_;
  ingress::NamespaceLabels namespaces_;
  std::vector<std::string> problems_;
};

}  // namespace check
