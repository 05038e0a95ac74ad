#pragma once

#include <memory>
#include <set>
#include <string>

#include "kube/object.h"
#include "operator/ingress/cluster_view.h"

namespace ingress {

// The keys of what may have changed since a compilation; to name more than has changed costs time
// alone.
struct ClusterChanges {
  bool everything = false;
  bool classes = false;
  bool parameters = false;  // of classes
  bool namespaces = false;  // another one is ending, or one no longer is
  std::set<kube::ObjectKey> ingresses;
  std::set<kube::ObjectKey> services;  // of EndpointSlices, too
  std::set<kube::ObjectKey> secrets;   // of both kinds
  std::set<kube::ObjectKey> certificates;
  std::set<kube::ObjectKey> field_maps;
  std::set<std::string> outside;  // names, of named_outside()

  bool operator==(const ClusterChanges&) const = default;
};

// The cluster as it is now, asked only about what has changed and what that depends on.
class ClusterSource {
 public:
  template <class T>
  using Object = std::shared_ptr<const T>;
  template <class T>
  using Objects = ClusterView::Objects<T>;

  virtual ~ClusterSource() = default;
  virtual Objects<kube::Ingress> ingresses() const = 0;
  virtual Objects<api::Certificate> certificates() const = 0;
  virtual Objects<kube::IngressClass> classes() const = 0;
  virtual ParametersByName parameters() const = 0;
  virtual std::set<std::string> ending_namespaces() const = 0;
  // Null: there is none.
  virtual Object<kube::Ingress> ingress(const kube::ObjectKey& key) const = 0;
  virtual Object<api::Certificate> certificate(const kube::ObjectKey& key) const = 0;
  virtual Object<kube::Service> service(const kube::ObjectKey& key) const = 0;
  virtual Object<routing::TlsSecret> tls_secret(const kube::ObjectKey& key) const = 0;
  virtual Object<routing::AuthSecret> auth_secret(const kube::ObjectKey& key) const = 0;
  // Null: it was not asked for yet.
  virtual Object<routing::ResolvedName> external_name(const std::string& name) const = 0;
  virtual Object<routing::FieldMap> field_map(const kube::ObjectKey& key) const = 0;
  virtual Objects<kube::EndpointSlice> slices_of(const kube::ObjectKey& service) const = 0;
};

}  // namespace ingress
