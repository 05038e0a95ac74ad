#include "operator/check/view_source.h"

namespace check {
namespace {

template <class Map, class Key>
typename Map::mapped_type found_in(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}

}  // namespace

// Of two with one name the last counts, as it does where they are applied.
ViewSource::ViewSource(const ingress::ClusterView& view) : view_(view) {
  for (const auto& one : view.ingresses) ingresses_.insert_or_assign(one->metadata.key(), one);
  for (const auto& one : view.certificates)
    certificates_.insert_or_assign(one->metadata.key(), one);
  for (const auto& one : view.services) services_.insert_or_assign(one->metadata.key(), one);
  for (const auto& one : view.slices) slices_[one->service()].push_back(one);
}

ViewSource::Object<kube::Ingress> ViewSource::ingress(const kube::ObjectKey& key) const {
  return found_in(ingresses_, key);
}
ViewSource::Object<api::Certificate> ViewSource::certificate(const kube::ObjectKey& key) const {
  return found_in(certificates_, key);
}
ViewSource::Object<kube::Service> ViewSource::service(const kube::ObjectKey& key) const {
  return found_in(services_, key);
}
ViewSource::Object<routing::TlsSecret> ViewSource::tls_secret(const kube::ObjectKey& key) const {
  return found_in(view_.secrets, key);
}
ViewSource::Object<routing::AuthSecret> ViewSource::auth_secret(const kube::ObjectKey& key) const {
  return found_in(view_.auth_secrets, key);
}
ViewSource::Object<routing::ResolvedName> ViewSource::external_name(const std::string& name) const {
  return found_in(view_.external_names, name);
}
ViewSource::Object<routing::FieldMap> ViewSource::field_map(const kube::ObjectKey& key) const {
  return found_in(view_.field_maps, key);
}
ViewSource::Objects<kube::EndpointSlice> ViewSource::slices_of(
    const kube::ObjectKey& service) const {
  return found_in(slices_, service);
}

}  // namespace check
