#include "operator/program/reflectors.h"

#include <memory>
#include <utility>

namespace program {

template <class T>
void Reflectors::follow(kube::Store<T>& store, const Namespaces& namespaces,
                        kube::ReflectorOptions options, kube::ResourceType type,
                        typename kube::Reflector<T>::Parse parse) {
  store.expect_listings_of(namespaces);
  for (const std::string& name : namespaces.empty() ? Namespaces{""} : namespaces) {
    options.namespace_ = name;
    const auto reflector =
        std::make_shared<kube::Reflector<T>>(client_, store, type, parse, options);
    all_.push_back({[reflector] { reflector->start(); }, [reflector] { reflector->request_stop(); },
                    [reflector] { reflector->stop(); }});
  }
}

Reflectors::Reflectors(kube::Client& client, Stores& stores, const Namespaces& watched,
                       const Namespaces& own)
    : client_(client) {
  Namespaces with_own = watched;
  if (!watched.empty()) with_own.insert(own.begin(), own.end());
  kube::ReflectorOptions only_tls_secrets;
  only_tls_secrets.field_selector = kube::kTlsSecretSelector;
  follow(stores.ingresses, watched);
  follow(stores.classes, {});
  follow(stores.services, with_own);
  follow(stores.slices, with_own);
  follow(stores.tls_secrets, watched, only_tls_secrets, kube::Secret::type(),
         &kube::Secret::tls_from_json);
  follow(stores.certificates, watched, {}, api::Certificate::type(), &api::Certificate::read);
  follow(stores.issuers, watched, {}, api::Issuer::type(false), &api::Issuer::read);
  if (watched.empty()) {
    follow(stores.cluster_issuers, {}, {}, api::Issuer::type(true), &api::Issuer::read);
  } else {
    stores.cluster_issuers.replace_all({});
  }
  follow(stores.namespaces, {});
  follow(stores.parameters, {}, {}, api::EdgeParameters::type(), &api::EdgeParameters::read);
}

void Reflectors::start() {
  for (const Running& one : all_) one.start();
}

void Reflectors::request_stop() {
  for (const Running& one : all_) one.request_stop();
}

void Reflectors::stop() {
  for (const Running& one : all_) one.stop();
}

}  // namespace program
