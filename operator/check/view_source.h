#pragma once

#include <map>
#include <vector>

#include "operator/ingress/cluster_changes.h"
#include "operator/ingress/cluster_view.h"

namespace check {

// A view of a whole cluster, asked for one object after the other. The view must outlive it.
class ViewSource final : public ingress::ClusterSource {
 public:
  explicit ViewSource(const ingress::ClusterView& view);

  Objects<kube::Ingress> ingresses() const override { return view_.ingresses; }
  Objects<api::Certificate> certificates() const override { return view_.certificates; }
  Objects<kube::IngressClass> classes() const override { return view_.classes; }
  ingress::ParametersByName parameters() const override { return view_.parameters; }
  std::set<std::string> ending_namespaces() const override { return view_.ending_namespaces; }
  Object<kube::Ingress> ingress(const kube::ObjectKey& key) const override;
  Object<api::Certificate> certificate(const kube::ObjectKey& key) const override;
  Object<kube::Service> service(const kube::ObjectKey& key) const override;
  Object<routing::TlsSecret> tls_secret(const kube::ObjectKey& key) const override;
  Object<routing::AuthSecret> auth_secret(const kube::ObjectKey& key) const override;
  Object<routing::ResolvedName> external_name(const std::string& name) const override;
  Object<routing::FieldMap> field_map(const kube::ObjectKey& key) const override;
  Objects<kube::EndpointSlice> slices_of(const kube::ObjectKey& service) const override;

 private:
  const ingress::ClusterView& view_;
  std::map<kube::ObjectKey, Object<kube::Ingress>> ingresses_;
  std::map<kube::ObjectKey, Object<api::Certificate>> certificates_;
  std::map<kube::ObjectKey, Object<kube::Service>> services_;
  std::map<kube::ObjectKey, Objects<kube::EndpointSlice>> slices_;  // by Service
};

}  // namespace check
