#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator/ingress/cluster_view.h"

namespace ingress_test {

inline constexpr base::WallTime kNow{std::chrono::seconds{1'767'225'600}};  // 2026-01-01

// An Ingress in a few words: an_ingress("shop/www").age(2).path("shop.example", "/", "web", 80).
class IngressBuilder {
 public:
  explicit IngressBuilder(const std::string& key);

  IngressBuilder& created_after(std::chrono::seconds seconds);
  IngressBuilder& being_deleted();
  IngressBuilder& annotation(const std::string& name, const std::string& value);
  IngressBuilder& class_name(const std::string& name);
  IngressBuilder& no_class();
  IngressBuilder& path(const std::string& host, const std::string& path, const std::string& service,
                       int port, kube::PathType type = kube::PathType::prefix);
  IngressBuilder& path_to_named_port(const std::string& host, const std::string& path,
                                     const std::string& service, const std::string& port);
  IngressBuilder& resource_path(const std::string& host, const std::string& path);
  IngressBuilder& rule_without_paths(const std::string& host);
  IngressBuilder& default_backend(const std::string& service, int port);
  IngressBuilder& tls(std::vector<std::string> hosts, const std::string& secret);

  const kube::Ingress& get() const { return ingress_; }
  operator std::shared_ptr<const kube::Ingress>() const {
    return std::make_shared<const kube::Ingress>(ingress_);
  }

 private:
  kube::IngressRule& rule(const std::string& host);
  kube::Ingress ingress_;
};

inline IngressBuilder an_ingress(const std::string& key) {
  return IngressBuilder(key);
}

kube::ObjectKey key_of(const std::string& text);  // "shop/www"

// A Service with one port, and a slice with one ready endpoint at each address, on Pod port 8080.
class ViewBuilder {
 public:
  ViewBuilder();  // has the class "gatehouse"

  ViewBuilder& ingress(std::shared_ptr<const kube::Ingress> ingress);
  ViewBuilder& ingress_class(const std::string& name, const std::string& controller,
                             bool is_default = false);
  ViewBuilder& service(const std::string& key, int port, std::vector<std::string> addresses,
                       const std::string& port_name = "http");
  ViewBuilder& service_object(kube::Service service);
  ViewBuilder& slice(kube::EndpointSlice slice);
  // A Secret whose certificate is for these names; material is text, never parsed.
  ViewBuilder& secret(const std::string& key, std::vector<std::string> names,
                      base::WallTime not_after = kNow + std::chrono::hours(24 * 90));
  ViewBuilder& broken_secret(const std::string& key, const std::string& problem);
  ViewBuilder& empty_secret(const std::string& key);
  // With these lines of htpasswd under "auth".
  ViewBuilder& auth_secret(const std::string& key, const std::string& htpasswd);
  ViewBuilder& authorities(const std::string& key, const std::string& ca_crt,
                           const std::string& ca_crl = "");
  // A ConfigMap.
  ViewBuilder& field_map(const std::string& key, std::map<std::string, std::string> fields);
  ViewBuilder& certificate(api::Certificate certificate);

  ingress::ClusterView view;
};

api::Certificate a_certificate(const std::string& key, const std::string& secret,
                               std::vector<std::string> names);
kube::EndpointSlice a_slice(const std::string& service, const std::string& port_name, int port,
                            std::vector<std::string> addresses, const std::string& type = "IPv4");
kube::Service a_service(const std::string& key, int port, const std::string& port_name = "http");

}  // namespace ingress_test
