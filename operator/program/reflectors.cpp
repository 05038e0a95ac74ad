#include "operator/program/reflectors.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "operator/certificate/secret_content.h"
#include "operator/ingress/edge_parameters_reader.h"
#include "operator/ingress/ingress_names.h"

namespace program {
namespace {

using Kinds = std::vector<kube::NamedKind*>;

void add(const std::set<kube::ObjectKey>& names, const Kinds& kinds,
         std::vector<kube::NameOfKind>& all) {
  for (const kube::ObjectKey& name : names) {
    for (kube::NamedKind* const kind : kinds) {
      if (kind->covers(name.namespace_)) all.push_back({kind, name});
    }
  }
}

const nlohmann::json* field(const nlohmann::json& object, const char* path) {
  const nlohmann::json::json_pointer pointer(path);
  return object.contains(pointer) ? &object.at(pointer) : nullptr;
}

bool is_tls_secret(const nlohmann::json& object) {
  const auto* const type = field(object, "/type");
  return type != nullptr && *type == kube::kTlsSecretType;
}

// The key of an order: removed from the Secret when the Certificate is gone, so nobody names it.
bool has_key_of_order(const nlohmann::json& object) {
  return field(object, "/data/next-tls.key") != nullptr;
}

kube::ObjectKey service_of_slice(const nlohmann::json& object) {
  const auto* const label = field(object, "/metadata/labels/kubernetes.io~1service-name");
  kube::ObjectKey service = kube::read_key(object);
  service.name = label != nullptr && label->is_string() ? label->get<std::string>() : "";
  return service;
}

}  // namespace

template <class T>
void Reflectors::follow(kube::Store<T>& store, const Namespaces& namespaces,
                        kube::ResourceType type, typename kube::Reflector<T>::Parse parse) {
  store.expect_listings_of(namespaces);
  for (const std::string& name : namespaces.empty() ? Namespaces{""} : namespaces) {
    kube::ReflectorOptions options;
    options.namespace_ = name;
    const auto reflector =
        std::make_shared<kube::Reflector<T>>(client_, store, type, parse, options);
    all_.emplace_back(reflector, &reflector->loop());
  }
}

template <class T>
Reflectors::Kinds Reflectors::follow_named(kube::Store<T>& store, const Namespaces& namespaces,
                                           typename kube::Reflector<T>::Parse parse,
                                           const kube::Naming& naming,
                                           kube::ReflectorOptions options) {
  Kinds kinds;
  store.expect_listings_of(namespaces);
  for (const std::string& name : namespaces.empty() ? Namespaces{""} : namespaces) {
    options.namespace_ = name;
    const auto reflector = std::make_shared<kube::NamedReflector<T>>(client_, store, T::type(),
                                                                     parse, naming, options);
    kinds.push_back(reflector.get());
    named_.emplace_back(reflector, &reflector->loop());
  }
  return kinds;
}

template <class T>
void Reflectors::follow_naming(kube::Store<T>& store, const Namespaces& namespaces,
                               kube::ResourceType type, typename kube::Reflector<T>::Parse parse,
                               typename kube::HoldingReflector<T>::NamesOf names_of) {
  store.expect_listings_of(namespaces);
  for (const std::string& name : namespaces.empty() ? Namespaces{""} : namespaces) {
    kube::ReflectorOptions options;
    options.namespace_ = name;
    const auto reflector = std::make_shared<kube::HoldingReflector<T>>(client_, store, type, parse,
                                                                       names_of, fetches_, options);
    all_.emplace_back(reflector, &reflector->loop());
  }
}

Reflectors::Reflectors(kube::Client& client, Stores& stores, const Namespaces& watched,
                       const Namespaces& own, const Named& named)
    : client_(client), stores_(stores) {
  Namespaces with_own = watched;
  if (!watched.empty()) with_own.insert(own.begin(), own.end());

  kube::Naming of_secrets;
  of_secrets.name_of = [](const nlohmann::json& object) { return kube::read_key(object); };
  of_secrets.is_named = named.is_secret;
  of_secrets.is_meant = is_tls_secret;
  of_secrets.is_always_kept = has_key_of_order;
  kube::ReflectorOptions only_tls_secrets;
  only_tls_secrets.field_selector = kube::kTlsSecretSelector;
  const Kinds secrets = follow_named(stores.tls_secrets, watched, &kube::Secret::tls_from_json,
                                     of_secrets, only_tls_secrets);
  kube::Naming of_slices;
  of_slices.name_of = service_of_slice;
  of_slices.is_named = named.is_service;
  of_slices.label = "kubernetes.io/service-name";
  const Kinds slices =
      follow_named(stores.slices, with_own, &kube::EndpointSlice::from_json, of_slices, {});

  follow_naming<kube::Ingress>(stores.ingresses, watched, kube::Ingress::type(),
                               &kube::Ingress::from_json,
                               [secrets, slices](const kube::Ingress& ingress) {
                                 std::vector<kube::NameOfKind> names;
                                 add(ingress::named_secrets(ingress), secrets, names);
                                 add(ingress::named_services(ingress), slices, names);
                                 return names;
                               });
  follow_naming<api::Certificate>(
      stores.certificates, watched, api::Certificate::type(), &api::Certificate::read,
      [secrets](const api::Certificate& certificate) {
        std::vector<kube::NameOfKind> names;
        add({{certificate.metadata.namespace_, certificate.spec.secret_name}}, secrets, names);
        return names;
      });
  follow_naming<api::EdgeParameters>(stores.parameters, {}, api::EdgeParameters::type(),
                                     &ingress::read_edge_parameters,
                                     [slices](const api::EdgeParameters& parameters) {
                                       std::vector<kube::NameOfKind> names;
                                       add(ingress::named_services(parameters), slices, names);
                                       return names;
                                     });
  follow(stores.classes, {});
  follow(stores.services, with_own);
  follow(stores.issuers, watched, api::Issuer::type(false), &api::Issuer::read);
  if (watched.empty()) {
    follow(stores.cluster_issuers, {}, api::Issuer::type(true), &api::Issuer::read);
  } else {
    stores.cluster_issuers.replace_all({});
  }
  follow(stores.namespaces, {});
  stores.ingresses.add_sync_listener([this] { begin_with_named(); });
  stores.certificates.add_sync_listener([this] { begin_with_named(); });
}

Reflectors::~Reflectors() {
  request_stop();
  stop();
}

// Whoever names something is known, or will fetch it.
void Reflectors::begin_with_named() {
  if (!stores_.ingresses.has_synced() || !stores_.certificates.has_synced()) return;
  const std::lock_guard lock(mutex_);
  if (std::exchange(have_named_begun_, true)) return;
  for (const Running& one : named_) one->start();
}

void Reflectors::start() {
  fetches_.start();
  for (const Running& one : all_) one->start();
}

void Reflectors::request_stop() {
  fetches_.request_stop();
  for (const Running& one : all_) one->request_stop();
  const std::lock_guard lock(mutex_);
  have_named_begun_ = true;
  for (const Running& one : named_) one->request_stop();
}

void Reflectors::stop() {
  fetches_.stop();
  for (const Running& one : all_) one->stop();
  for (const Running& one : named_) one->stop();
}

}  // namespace program
