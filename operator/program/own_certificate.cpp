#include "operator/program/own_certificate.h"

#include <utility>

namespace program {

namespace {

template <class T>
kube::CachedKind<T> only(const kube::ObjectKey& key) {
  return {.namespaces = {key.namespace_}, .field_selector = "metadata.name=" + key.name};
}

}  // namespace

OwnCertificate::OwnCertificate(const control::OwnIdentity::Options& options, kube::Client& client,
                               const base::Clock& clock,
                               std::shared_ptr<prometheus::Registry> registry,
                               const std::stop_token& stop)
    : key_(options.secret),
      cache_(client),
      secrets_(cache_.keep(only<kube::Secret>(options.secret))),
      config_maps_(cache_.keep(only<kube::ConfigMap>(options.config_map))),
      identity_(options, {secrets_, config_maps_}, client, clock, stop),
      controllers_(clock, std::move(registry)),
      controller_(controllers_.add(identity_, "control-certificate", 1)) {
  look_on_change_of(secrets_);
  look_on_change_of(config_maps_);
}

template <class T>
void OwnCertificate::look_on_change_of(kube::Store<T>& store) {
  store.add_listener([this](const auto&) { controller_.enqueue(key_); });
  // That there is none yet is no change of one.
  store.add_sync_listener([this] { controller_.enqueue(key_); });
}

void OwnCertificate::start() {
  cache_.start();
  controllers_.start();
}

void OwnCertificate::request_stop() {
  cache_.request_stop();
  controllers_.request_stop();
}

void OwnCertificate::stop() {
  request_stop();
  controllers_.stop();
  cache_.stop();
}

}  // namespace program
