#include "operator/program/own_certificate.h"

#include <utility>

namespace program {

namespace {

kube::ReflectorOptions only(const kube::ObjectKey& key) {
  kube::ReflectorOptions options;
  options.namespace_ = key.namespace_;
  options.field_selector = "metadata.name=" + key.name;
  return options;
}

}  // namespace

OwnCertificate::OwnCertificate(const control::OwnIdentity::Options& options, kube::Client& client,
                               const base::Clock& clock, kube::ControllerOptions controller_options,
                               const std::stop_token& stop)
    : key_(options.secret),
      identity_(options, {secrets_, config_maps_}, client, clock, stop),
      controller_(identity_, clock, std::move(controller_options)),
      secret_reflector_(client, secrets_, only(options.secret)),
      config_map_reflector_(client, config_maps_, only(options.config_map)) {
  secrets_.add_listener([this](const auto&) { controller_.enqueue(key_); });
  config_maps_.add_listener([this](const auto&) { controller_.enqueue(key_); });
}

void OwnCertificate::start() {
  secret_reflector_.start();
  config_map_reflector_.start();
  controller_.start();
  // That there is no Secret yet is no change of one.
  first_ = std::jthread([this](const std::stop_token& stop) {
    if (secrets_.wait_until_synced(stop) && config_maps_.wait_until_synced(stop)) {
      controller_.enqueue(key_);
    }
  });
}

void OwnCertificate::request_stop() {
  first_.request_stop();
  secret_reflector_.request_stop();
  config_map_reflector_.request_stop();
  controller_.request_stop();
}

void OwnCertificate::stop() {
  request_stop();
  if (first_.joinable()) first_.join();
  controller_.stop();
  secret_reflector_.stop();
  config_map_reflector_.stop();
}

}  // namespace program
