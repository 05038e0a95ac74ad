#include "operator/ingress/incremental_compiler.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/ingress_names.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/routing/external_names.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

// compile() of the whole cluster is the specification of what is kept up to date by changes.
namespace ingress {
namespace {

using ingress_test::a_certificate;
using ingress_test::a_service;
using ingress_test::a_slice;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::kNow;
using routing::amount_text;
using routing::AuthSecret;
using routing::Complaint;
using routing::Complaints;
using routing::external_name_of;
using routing::FieldMap;
using routing::HostOwners;
using routing::Load;
using routing::LoadBounds;
using routing::ResolvedName;
using routing::TlsSecret;
using std::chrono::hours;
using std::chrono::seconds;

template <class T>
using ByKey = std::map<kube::ObjectKey, std::shared_ptr<const T>>;

template <class T>
std::shared_ptr<const T> get(const ByKey<T>& objects, const kube::ObjectKey& key) {
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

template <class T>
ClusterView::Objects<T> list(const ByKey<T>& objects) {
  ClusterView::Objects<T> all;
  for (const auto& [key, object] : objects) all.push_back(object);
  return all;
}

// A cluster that notes which of its objects have changed.
class Cluster final : public ClusterSource {
 public:
  Cluster() {
    ingress_test::ViewBuilder defaults;
    classes_ = defaults.view.classes;
  }

  void put(const kube::Ingress& ingress) {
    const kube::ObjectKey key = ingress.metadata.key();
    ingresses_[key] = std::make_shared<const kube::Ingress>(ingress);
    changes_.ingresses.insert(key);
  }
  void put(const kube::Service& service) {
    const kube::ObjectKey key = service.metadata.key();
    services_[key] = std::make_shared<const kube::Service>(service);
    changes_.services.insert(key);
  }
  void put(const kube::EndpointSlice& slice) {
    slices_[slice.metadata.key()] = std::make_shared<const kube::EndpointSlice>(slice);
    changes_.services.insert(slice.service());
  }
  void put(const api::Certificate& certificate) {
    const kube::ObjectKey key = certificate.metadata.key();
    certificates_[key] = std::make_shared<const api::Certificate>(certificate);
    changes_.certificates.insert(key);
  }
  void put_secret(const kube::ObjectKey& key, std::shared_ptr<const TlsSecret> secret) {
    secrets_[key] = std::move(secret);
    changes_.secrets.insert(key);
  }
  void put_auth_secret(const kube::ObjectKey& key, std::shared_ptr<const AuthSecret> secret) {
    auth_secrets_[key] = std::move(secret);
    changes_.secrets.insert(key);
  }
  void erase_auth_secret(const kube::ObjectKey& key) {
    auth_secrets_.erase(key);
    changes_.secrets.insert(key);
  }
  void put_field_map(const kube::ObjectKey& key, std::shared_ptr<const FieldMap> map) {
    field_maps_[key] = std::move(map);
    changes_.field_maps.insert(key);
  }
  void erase_ingress(const kube::ObjectKey& key) {
    ingresses_.erase(key);
    changes_.ingresses.insert(key);
  }
  void erase_service(const kube::ObjectKey& key) {
    services_.erase(key);
    changes_.services.insert(key);
  }
  void erase_slice(const kube::ObjectKey& key) {
    const auto slice = slices_.find(key);
    if (slice == slices_.end()) return;
    changes_.services.insert(slice->second->service());
    slices_.erase(slice);
  }
  void erase_certificate(const kube::ObjectKey& key) {
    certificates_.erase(key);
    changes_.certificates.insert(key);
  }
  void erase_secret(const kube::ObjectKey& key) {
    secrets_.erase(key);
    changes_.secrets.insert(key);
  }
  void set_classes(ClusterView::Objects<kube::IngressClass> classes) {
    classes_ = std::move(classes);
    changes_.classes = true;
  }
  void put_parameters(const std::string& name, const api::EdgeParameters::Spec& spec) {
    api::EdgeParameters made;
    made.metadata.name = name;
    made.spec = spec;
    parameters_[name] = std::make_shared<const api::EdgeParameters>(std::move(made));
    changes_.parameters = true;
  }
  void erase_parameters(const std::string& name) {
    parameters_.erase(name);
    changes_.parameters = true;
  }
  void turn_ending(const std::string& namespace_) {
    if (ending_.erase(namespace_) == 0) ending_.insert(namespace_);
    changes_.namespaces = true;
  }
  void forget_changes() {
    changes_ = {};
    changes_.everything = true;
  }
  ClusterChanges take_changes() { return std::exchange(changes_, {}); }

  // ---- As ClusterSource.

  Objects<kube::Ingress> ingresses() const override { return list(ingresses_); }
  Objects<api::Certificate> certificates() const override { return list(certificates_); }
  Objects<kube::IngressClass> classes() const override { return classes_; }
  ParametersByName parameters() const override { return parameters_; }
  std::set<std::string> ending_namespaces() const override { return ending_; }
  Object<kube::Ingress> ingress(const kube::ObjectKey& key) const override {
    return get(ingresses_, key);
  }
  Object<api::Certificate> certificate(const kube::ObjectKey& key) const override {
    return get(certificates_, key);
  }
  Object<kube::Service> service(const kube::ObjectKey& key) const override {
    return get(services_, key);
  }
  Object<TlsSecret> tls_secret(const kube::ObjectKey& key) const override {
    return get(secrets_, key);
  }
  Object<AuthSecret> auth_secret(const kube::ObjectKey& key) const override {
    return get(auth_secrets_, key);
  }
  Object<FieldMap> field_map(const kube::ObjectKey& key) const override {
    return get(field_maps_, key);
  }
  Object<ResolvedName> external_name(const std::string& name) const override {
    const auto found = external_names_.find(name);
    return found == external_names_.end() ? nullptr : found->second;
  }
  // Its Services have changed, as CompileLoop finds them.
  void put_external_name(const std::string& name, std::shared_ptr<const ResolvedName> resolved) {
    external_names_[name] = std::move(resolved);
    changes_.outside.insert(name);
    for (const auto& [key, service] : services_) {
      if (external_name_of(*service) == name) changes_.services.insert(key);
    }
  }
  Objects<kube::EndpointSlice> slices_of(const kube::ObjectKey& service) const override {
    Objects<kube::EndpointSlice> found;
    for (const auto& [key, slice] : slices_) {
      if (slice->service() == service) found.push_back(slice);
    }
    return found;
  }

  ClusterView view(const ReleaseSettings& settings, base::WallTime now) const {
    ClusterView view{settings, {}};
    view.now = now;
    view.ingresses = ingresses();
    view.classes = classes_;
    view.parameters = parameters_;
    view.services = list(services_);
    view.slices = list(slices_);
    view.certificates = certificates();
    view.ending_namespaces = ending_;
    view.secrets = secrets_;
    view.auth_secrets = auth_secrets_;
    view.external_names = external_names_;
    view.field_maps = field_maps_;
    return view;
  }

 private:
  ClusterChanges changes_;
  ByKey<kube::Ingress> ingresses_;
  ByKey<kube::Service> services_;
  ByKey<kube::EndpointSlice> slices_;
  ByKey<api::Certificate> certificates_;
  ByKey<TlsSecret> secrets_;
  ByKey<AuthSecret> auth_secrets_;
  ByKey<FieldMap> field_maps_;
  std::map<std::string, std::shared_ptr<const ResolvedName>> external_names_;
  ClusterView::Objects<kube::IngressClass> classes_;
  ParametersByName parameters_;
  std::set<std::string> ending_;
};

std::shared_ptr<const TlsSecret> a_secret(std::vector<std::string> names, base::WallTime not_after,
                                          const std::string& content) {
  ingress_test::ViewBuilder one;
  one.secret("any/" + content, std::move(names), not_after);
  return one.view.secrets.begin()->second;
}

template <class T>
::testing::AssertionResult are_equal(const char* section,
                                     const proxy::config::ProxyConfig::Section<T>& one,
                                     const proxy::config::ProxyConfig::Section<T>& other) {
  for (const auto& [key, value] : one) {
    const auto found = other.find(key);
    if (found == other.end()) return ::testing::AssertionFailure() << section << " lack " << key;
    if (!(*found->second == *value)) {
      return ::testing::AssertionFailure() << section << " differ in " << key;
    }
  }
  for (const auto& [key, value] : other) {
    if (one.count(key) == 0) return ::testing::AssertionFailure() << section << " still " << key;
  }
  return ::testing::AssertionSuccess();
}

std::string text_of(const Complaints& complaints) {
  std::string text;
  for (const Complaint& one : complaints) {
    text += one.claimant.key().text() + " " + one.reason + " " + one.message + " (" +
            std::to_string(static_cast<int>(one.severity)) + ", " + std::to_string(one.stands_for) +
            ")\n";
  }
  return text;
}

std::string text_of(const std::vector<Summary>& summaries) {
  const auto joined = [](const std::vector<std::string>& texts) {
    std::string text;
    for (const std::string& one : texts) text += " " + one;
    return text;
  };
  std::string text;
  for (const Summary& one : summaries) {
    text += one.ingress->metadata.key().text() + " " + one.ingress->metadata.uid + ":" +
            joined(one.hosts) + "; denied" + joined(one.hosts_denied) + "; " +
            std::to_string(one.paths_served) + "/" + std::to_string(one.paths_closed) + "; tls" +
            joined(one.tls_names) + "; missing" + joined(one.tls_missing) + "\n";
  }
  return text;
}

// A history by chance, of few names, so that most things touch each other.
class History {
 public:
  History(unsigned seed, Cluster& cluster)
      : random_(seed), cluster_(cluster), shows_wildcards_(seed % 2 == 1) {}

  base::WallTime now = kNow;

  // Of Ingresses that have little in common but Secrets, of who asks for these, and who writes
  // them.
  void step_of_secrets() {
    switch (below(16)) {
      case 0:
        return cluster_.erase_ingress(an_ingress_key());
      case 1:
      case 2:
        return put_shared_secret();
      case 3:
        return cluster_.erase_secret({a_namespace(), a_shared_secret_name()});
      case 4:
        return put_certificate();
      case 5:
        return cluster_.erase_certificate({a_namespace(), a_secret_name()});
      case 6:
        return is_rare() ? set_time() : put_user_of_secrets();
      case 7:
        return is_rare() ? step() : put_user_of_secrets();
      default:
        return put_user_of_secrets();
    }
  }
  // Some of it, in time.
  void carry_out(const CertificatePlan& plan) {
    for (const auto& [key, apply] : plan.apply) {
      if (!is_rare()) continue;
      api::Certificate made = a_certificate(key.text(), key.name, {});
      made.metadata.owner_references = {apply.owner};
      made.spec = apply.spec;
      cluster_.put(made);
    }
    for (const auto& [key, remove] : plan.remove) {
      if (is_rare()) cluster_.erase_certificate(key);
    }
  }

  void step() {
    switch (below(26)) {
      case 0:
        return cluster_.erase_ingress(an_ingress_key());
      case 1:
        return cluster_.erase_service({a_namespace(), one_of({"web", "api"})});
      case 2:
        return put_service();
      case 3:
        return put_slice();
      case 4:
        return cluster_.erase_slice({a_namespace(), one_of({"web-8080IPv4", "api-8080IPv4"})});
      case 5:
        return put_secret();
      case 6:
        return cluster_.erase_secret({a_namespace(), a_secret_name()});
      case 7:
        return put_certificate();
      case 8:
        return cluster_.erase_certificate({a_namespace(), a_secret_name()});
      case 9:
        return set_time();
      case 10:
        return is_rare() ? set_classes() : put_ingress();
      case 11:
        return is_rare() ? cluster_.turn_ending(a_namespace()) : put_ingress();
      case 12:
        return is_rare() ? cluster_.forget_changes() : put_secret();
      case 13:
        return put_auth_secret();
      case 14:
        return cluster_.erase_auth_secret({a_namespace(), a_secret_name()});
      case 15:
        return put_external_service();
      case 16:
        return put_external_name();
      case 17:
        return is_rare() ? cluster_.erase_parameters(a_parameters_name()) : put_parameters();
      case 18:
        return put_field_map();
      default:
        return put_ingress();
    }
  }
  bool goes_on() { return below(3) == 0; }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }
  bool is_rare() { return below(4) == 0; }
  std::string one_of(const std::vector<std::string>& texts) { return texts[below(texts.size())]; }
  std::string a_namespace() { return one_of({"a", "b", "c"}); }
  std::string a_secret_name() { return one_of({"one", "two", "three"}); }
  std::string a_shared_secret_name() { return below(4) != 0 ? "one" : a_secret_name(); }
  std::string a_parameters_name() { return one_of({"strict", "loose"}); }
  kube::ObjectKey an_ingress_key() { return {a_namespace(), one_of({"v", "w", "x", "y"})}; }
  std::string a_host() {
    return one_of({"h1.example", "h2.example", "H2.example.", "x.wild.example", "y.wild.example",
                   "*.wild.example", "p.other.example", "q.other.example", "*.other.example",
                   "alone.example", "no host", "", "deep.x.wild.example", "10.0.0.1"});
  }
  std::string a_path() {
    return one_of({"/", "/a", "/a/", "/b", "no path", "/a*", "/x(.*)", "/y(?!z)"});
  }

  void put_ingress() {
    const kube::ObjectKey key = an_ingress_key();
    IngressBuilder made = an_ingress(key.text());
    made.created_after(seconds(below(3)));
    if (below(8) == 0) made.no_class();
    if (below(12) == 0) made.class_name("other");
    if (below(12) == 0) made.being_deleted();
    if (below(6) == 0) made.default_backend(one_of({"web", "api"}), 80);
    for (std::size_t rules = below(4); rules > 0; --rules) add_rule(made);
    for (std::size_t entries = below(3); entries > 0; --entries) {
      std::vector<std::string> hosts;
      for (std::size_t count = below(3); count > 0; --count) hosts.push_back(a_host());
      made.tls(hosts, below(10) == 0 ? "" : a_secret_name());
    }
    if (below(3) == 0) annotate(made);
    kube::Ingress ingress = made.get();
    ingress.metadata.uid += "-" + std::to_string(below(2));
    ingress.metadata.generation = static_cast<std::int64_t>(below(1000));
    cluster_.put(ingress);
  }

  static std::string own_host(const kube::ObjectKey& ingress) {
    return ingress.name + "." + ingress.namespace_ + ".own.example";
  }

  // With a wildcard that often all show alike, if any.
  std::vector<std::string> tls_hosts_of(const kube::ObjectKey& ingress) {
    if (!shows_wildcards_ || below(16) == 0) return {own_host(ingress)};
    return {"*." + ingress.namespace_ + ".own.example"};
  }

  void put_user_of_secrets() {
    const kube::ObjectKey key = an_ingress_key();
    const std::string own = own_host(key);
    const std::string next = own_host({key.namespace_, an_ingress_key().name});
    IngressBuilder made = an_ingress(key.text());
    made.created_after(seconds(below(3)));
    if (below(12) == 0) made.being_deleted();
    if (below(12) == 0) made.default_backend(one_of({"web", "api"}), 80);
    if (below(8) != 0) made.path(own, one_of({"/", "/a"}), one_of({"web", "api"}), 80);
    if (below(8) == 0) add_rule(made);
    switch (below(8)) {
      case 0:
        made.tls({}, a_shared_secret_name());
        break;
      case 1:
        made.tls({own, next}, a_shared_secret_name());
        break;
      case 2:
        made.tls({own}, a_shared_secret_name()).tls({next}, a_secret_name());
        break;
      case 3:
        if (!shows_wildcards_) break;
        [[fallthrough]];
      default:
        made.tls(tls_hosts_of(key), shows_wildcards_ ? "one" : a_shared_secret_name());
    }
    if (shows_wildcards_ && below(8) != 0) made.tls(tls_hosts_of(key), "one");
    if (below(8) == 0) annotate(made);
    if (below(3) == 0) {
      made.annotation(one_of({"cert-manager.io/cluster-issuer", "cert-manager.io/issuer"}),
                      one_of({"ca", "other"}));
    }
    if (below(6) == 0) made.annotation("kubernetes.io/tls-acme", "true");
    if (below(8) == 0) {
      const std::string nginx = "nginx.ingress.kubernetes.io/";
      made.annotation(nginx + "backend-protocol", "HTTPS");
      made.annotation(nginx + "proxy-ssl-secret", key.namespace_ + "/" + a_shared_secret_name());
      made.annotation(nginx + "proxy-ssl-verify", "on");
    }
    kube::Ingress ingress = made.get();
    ingress.metadata.uid += "-" + std::to_string(below(2));
    cluster_.put(ingress);
  }

  void put_shared_secret() {
    const kube::ObjectKey key{a_namespace(), a_shared_secret_name()};
    std::vector<std::string> names{own_host({key.namespace_, an_ingress_key().name})};
    if (!is_rare()) names.push_back("*." + key.namespace_ + ".own.example");
    TlsSecret made =
        *a_secret(std::move(names), now + hours(below(5)) - hours(1), std::to_string(below(3)));
    if (is_rare()) made.authorities_pem = one_of({"authority 1", "authority 2"});
    if (is_rare()) made.untold_issuer = "CN=Intermediate";
    cluster_.put_secret(key, std::make_shared<const TlsSecret>(std::move(made)));
  }

  void put_external_service() {
    kube::Service service =
        ingress_test::a_service(a_namespace() + "/" + one_of({"web", "api"}), 80);
    service.type_name = "ExternalName";
    service.external_name = one_of({"one.example", "two.example.", "no name"});
    cluster_.put(service);
  }

  void put_external_name() {
    ResolvedName resolved;
    if (below(3) != 0) resolved.addresses = {one_of({"192.0.2.1", "192.0.2.2"})};
    if (resolved.addresses.empty()) resolved.problem = "it has no address";
    cluster_.put_external_name(one_of({"one.example", "two.example"}),
                               std::make_shared<const ResolvedName>(std::move(resolved)));
  }

  void put_auth_secret() {
    AuthSecret secret;
    if (below(4) == 0) {
      secret.file.problem = secret.map.problem = secret.authorities.problem = "is broken";
    } else if (below(6) == 0) {
      secret.is_unread = true;
    } else {
      secret.file.users = {{one_of({"ann", "bob"}), "hash"}};
      secret.map.users = {{"carl", one_of({"hash", "other"})}};
      secret.authorities.trusted_pem = one_of({"one authority", "another"});
    }
    cluster_.put_auth_secret({a_namespace(), a_secret_name()},
                             std::make_shared<const AuthSecret>(std::move(secret)));
  }

  void put_field_map() {
    FieldMap map;
    map.is_unread = below(6) == 0;
    if (below(6) == 0) map.problem = "is broken";
    map.fields = {{"X-A", one_of({"a", "b", "", "$pid"})}};
    map.authorities_pem = one_of({"", "one authority", "another"});
    const kube::ObjectKey key{a_namespace(), one_of({"one", "two"})};
    cluster_.put_field_map(key,
                           is_rare() ? nullptr : std::make_shared<const FieldMap>(std::move(map)));
  }

  void add_rule(IngressBuilder& made) {
    const std::string host = a_host();
    switch (below(6)) {
      case 0:
        made.rule_without_paths(host);
        break;
      case 1:
        made.resource_path(host, a_path());
        break;
      case 2:
        made.path_to_named_port(host, a_path(), one_of({"web", "api"}), "http");
        break;
      default:
        made.path(host, a_path(), one_of({"web", "api", "none"}), below(5) == 0 ? 81 : 80);
    }
  }

  void annotate(IngressBuilder& made) {
    const std::string nginx = "nginx.ingress.kubernetes.io/";
    const std::vector<std::pair<std::string, std::string>> all = {
        {nginx + "ssl-redirect", one_of({"true", "false"})},
        {nginx + "force-ssl-redirect", one_of({"true", "false"})},
        {nginx + "proxy-read-timeout", one_of({"5", "70"})},
        {nginx + "proxy-body-size", one_of({"1m", "nonsense"})},
        {nginx + "use-regex", "true"},
        {nginx + "rewrite-target", one_of({"/", "/$1"})},
        {nginx + "auth-url",
         one_of({"http://auth.example/", "https://$host/auth", "http://web.a.svc.cluster.local/",
                 "https://api.b.svc:80/x", "https://h1.example/x", "https://one.example/x",
                 "https://two.example:8443/"})},
        {nginx + "auth-proxy-set-headers", one_of({"one", "two", "b/one"})},
        {nginx + "auth-cache-key", one_of({"$cookie_a", "a"})},
        {nginx + "whitelist-source-range", one_of({"10.0.0.0/8", "192.0.2.1"})},
        {nginx + "enable-cors", "true"},
        {nginx + "cors-allow-origin", one_of({"*", "https://a.example"})},
        {nginx + "limit-rps", one_of({"5", "0", "nonsense"})},
        {nginx + "limit-connections", one_of({"2", "3"})},
        {nginx + "canary", "true"},
        {nginx + "canary", "true"},
        {nginx + "canary-weight", one_of({"10", "x"})},
        {nginx + "backend-protocol", one_of({"HTTPS", "HTTP", "GRPC", "GRPCS"})},
        {nginx + "proxy-ssl-secret", one_of({a_secret_name(), "a/" + a_secret_name()})},
        {nginx + "proxy-ssl-verify", "on"},
        {"gatehouse.dev/proxy-ssl-configmap", one_of({"one", "two", "a/one"})},
        {nginx + "upstream-vhost", one_of({"other.example", "$service_name:$service_port"})},
        {nginx + "proxy-next-upstream", one_of({"error http_503", "off", "nonsense"})},
        {nginx + "proxy-next-upstream-tries", one_of({"2", "x"})},
        {nginx + "upstream-hash-by", one_of({"$request_uri", "$host$arg_id", "$pid"})},
        {nginx + "service-upstream", "true"},
        {"gatehouse.dev/plain-http", one_of({"refuse", "serve", "redirect", "nonsense"})},
        {"gatehouse.dev/limit-status", one_of({"429", "503"})},
        {"gatehouse.dev/tls-policy", one_of({"modern", "intermediate", "old", "nonsense"})},
        {nginx + "ssl-passthrough", one_of({"true", "true", "nonsense"})},
        {nginx + "ssl-passthrough", "true"},
        {nginx + "proxy-protocol-to-backend", one_of({"v1", "v2", "off"})},
        {nginx + "limit-rate", one_of({"10", "x"})},
        {nginx + "enable-modsecurity", one_of({"true", "false", "nonsense"})},
        {"gatehouse.dev/firewall-paranoia-level", one_of({"1", "3", "5"})},
        {nginx + "enable-opentelemetry", "true"},
        {nginx + "custom-http-errors", one_of({"404,503", "nonsense"})},
        {nginx + "default-backend", one_of({"web", "api", "none"})},
        {nginx + "affinity", "cookie"},
        {nginx + "session-cookie-name", one_of({"route", "no name"})},
        {nginx + "load-balance", one_of({"ewma", "round_robin"})},
        {"gatehouse.dev/max-requests-per-endpoint", one_of({"5", "6", "many"})},
        {"gatehouse.dev/slow-start", one_of({"30s", "soon"})},
        {nginx + "satisfy", "any"},
        {nginx + "custom-headers", one_of({"one", "two", "a/one", "no name"})},
        {nginx + "auth-secret", one_of({"one", "two", "a/one"})},
        {nginx + "auth-tls-match-cn", one_of({"CN=ann", "CN=(ann|bob)"})},
        {nginx + "auth-tls-verify-client", one_of({"on", "off"})},
        {"kubernetes.io/ingress.class", one_of({"gatehouse", "other"})},
        {"kubernetes.io/tls-acme", "true"},
        {"cert-manager.io/issuer", "ca"},
        {"cert-manager.io/cluster-issuer", "ca"},
    };
    if (below(3) == 0) {
      made.annotation(nginx + "auth-type", "basic");
      made.annotation(nginx + "auth-secret", one_of({"one", "two", "three", "b/two"}));
    }
    if (below(3) == 0) {
      made.annotation(nginx + "auth-url", one_of({"https://$host/a", "https://one.example/x"}));
      made.annotation(nginx + "auth-proxy-set-headers", one_of({"one", "two"}));
    }
    if (below(3) == 0) {
      made.annotation(nginx + "auth-tls-secret", one_of({"one", "a/two", "b/two"}));
      made.annotation(nginx + "auth-tls-verify-client", one_of({"on", "optional", "off"}));
    }
    for (std::size_t count = 1 + below(2); count > 0; --count) {
      const auto& [name, value] = all[below(all.size())];
      made.annotation(name, value);
      // Alone it is refused, whatever the Secret is.
      if (name == nginx + "proxy-ssl-secret" && below(2) == 0) {
        made.annotation(nginx + "proxy-ssl-verify", "on");
      }
    }
  }

  void put_service() {
    kube::Service service = a_service(a_namespace() + "/" + one_of({"web", "api"}), 80);
    service.metadata.uid += "-" + std::to_string(below(2));
    if (below(6) == 0) service.type_name = "ExternalName";
    if (below(6) == 0) service.ports.front().port = 81;
    if (below(3) == 0) service.ports.front().app_protocol = one_of({"https", "grpc"});
    if (below(6) == 0) service.publish_not_ready_addresses = true;
    if (below(3) == 0) service.cluster_ip = one_of({"10.96.0.1", "10.96.0.2", "None"});
    if (below(3) == 0) service.session_affinity = "ClientIP";
    cluster_.put(service);
  }

  void put_slice() {
    std::vector<std::string> addresses;
    for (std::size_t count = below(3); count > 0; --count) {
      addresses.push_back("10.0.0." + std::to_string(1 + below(4)));
    }
    cluster_.put(a_slice(a_namespace() + "/" + one_of({"web", "api"}), "http", 8080, addresses));
  }

  void put_secret() {
    const kube::ObjectKey key{a_namespace(), a_secret_name()};
    ingress_test::ViewBuilder one;
    switch (below(8)) {
      case 0:
        one.empty_secret("any/one");
        break;
      case 1:
        one.broken_secret("any/one", "tls.key is empty");
        break;
      default:
        one.view.secrets[key] =
            a_secret({one_of({"h1.example", "h2.example", "*.wild.example"}),
                      one_of({"*.wild.example", "x.wild.example", "p.other.example"})},
                     now + hours(below(5)) - hours(1), std::to_string(below(3)));
    }
    TlsSecret made = *one.view.secrets.begin()->second;
    if (below(2) == 0) made.authorities_pem = one_of({"authority 1", "authority 2"});
    cluster_.put_secret(key, std::make_shared<const TlsSecret>(std::move(made)));
  }

  void put_certificate() {
    const kube::ObjectKey key{a_namespace(), a_secret_name()};
    api::Certificate made = a_certificate(key.text(), below(3) == 0 ? a_secret_name() : key.name,
                                          {one_of({"h1.example", "h2.example", "x.wild.example"})});
    made.metadata.uid += "-" + std::to_string(below(2));
    made.metadata.creation_timestamp += seconds(below(3));
    made.metadata.is_being_deleted = below(8) == 0;
    if (below(2) == 0) {
      const kube::ObjectKey ingress =
          below(6) == 0 ? an_ingress_key() : kube::ObjectKey{key.namespace_, an_ingress_key().name};
      made.metadata.owner_references.push_back(
          {"networking.k8s.io/v1", "Ingress", ingress.name,
           "uid-" + ingress.text() + "-" + std::to_string(below(2)), true});
    }
    if (below(2) == 0) {
      api::AuthorizationStatus authorization;
      authorization.identifier = made.spec.dns_names.front();
      authorization.state = one_of({"pending", "valid", "invalid"});
      authorization.token = one_of({"token-1", "token-2"});
      authorization.key_authorization = authorization.token + ".thumb" + std::to_string(below(2));
      made.status.order.emplace();
      made.status.order->authorizations.push_back(authorization);
    }
    cluster_.put(made);
  }

  void set_time() {
    now += below(10) == 0 ? -std::chrono::minutes(90) : std::chrono::minutes(below(60));
  }

  void set_classes() {
    ingress_test::ViewBuilder made;
    if (below(6) == 0) made.view.classes.clear();
    const bool is_default = below(2) == 0;
    made.ingress_class(one_of({"other", "second"}),
                       one_of({ingress::kControllerName, "other.example/controller"}), is_default);
    for (auto& one : made.view.classes) {
      if (below(2) == 0) continue;
      auto named = std::make_shared<kube::IngressClass>(*one);
      named->parameters =
          kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", a_parameters_name(), ""};
      one = std::move(named);
    }
    cluster_.set_classes(made.view.classes);
  }

  void put_parameters() {
    const std::string name = a_parameters_name();
    const ParametersByName all = cluster_.parameters();
    const auto known = all.find(name);
    if (known != all.end() && below(2) == 0) {  // as a selector has it
      api::EdgeParameters::Spec spec = known->second->spec;
      spec.namespaces = {{a_namespace(), a_namespace()}};
      cluster_.put_parameters(name, spec);
      return;
    }
    api::EdgeParameters::Spec spec;
    if (below(2) == 0) spec.expressions_of_hosts = true;
    if (below(2) == 0) spec.namespaces = {{a_namespace(), a_namespace()}};
    if (below(2) == 0) spec.refused_annotations = {one_of({"use-regex", "limit-rps"})};
    if (below(2) == 0) spec.tolerated_annotations = {one_of({"auth-url", "limit-rps"})};
    if (below(2) == 0) spec.body_bytes_max = 1u << below(30);
    if (below(2) == 0) spec.read_timeout = seconds(1 + below(3));
    if (below(2) == 0) spec.request_buffering = below(2) == 0;
    if (below(2) == 0) spec.plain_http = api::EdgeParameters::PlainHttp::serve;
    if (below(4) == 0) spec.plain_http = api::EdgeParameters::PlainHttp::refuse;
    if (below(3) == 0) spec.tls_policy = proxy::config::TlsPolicy::modern;
    if (below(3) == 0) spec.hsts.emplace();
    if (below(3) == 0) spec.limit_status = 429;
    if (below(2) == 0) {
      spec.default_backend = {{a_namespace(), one_of({"web", "api"})}, 80};
      if (below(2) == 0) spec.custom_http_errors = {404};
    }
    if (below(2) == 0) spec.server = one_of({"edge", "other"});
    if (below(2) == 0) spec.default_annotations["limit-rps"] = "5";
    // Together in more ways than one, of what was drawn above.
    if (spec.hsts || spec.limit_status) {
      spec.takes_proxy_headers = spec.hsts && spec.limit_status;
      spec.trusted_proxies.emplace();
      for (const char* network : {"10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"}) {
        const bool is_narrow = network[3] == '1';
        if (is_narrow == spec.hsts.has_value() && spec.tls_policy) continue;
        spec.trusted_proxies->push_back(*proxy::config::Network::parse(network));
      }
    }
    if (below(3) == 0) {
      spec.default_annotations["auth-url"] =
          one_of({"http://web." + a_namespace() + ".svc.cluster.local/check",
                  "https://h1.example/check", "https://outside.example/check"});
    }
    cluster_.put_parameters(name, spec);
  }

  std::mt19937 random_;
  Cluster& cluster_;
  bool shows_wildcards_;  // of Ingresses that have little in common but Secrets
};

// So that some of them, some namespaces and all together ask for more.
LoadBounds little_room() {
  LoadBounds bounds;
  bounds.claimant[Load::hosts] = 3;
  bounds.namespace_[Load::hosts] = 5;
  bounds.namespace_[Load::backends] = 5;
  bounds.all[Load::hosts] = 9;
  bounds.all[Load::names] = 8;
  return bounds;
}

// What proxies are told is no more than what was counted, or the bounds were none.
::testing::AssertionResult is_within_what_was_counted(const Compiled& compiled) {
  Load all;
  for (const auto& [key, load] : compiled.loads) all += load;
  const proxy::config::ProxyConfig& config = compiled.config;
  Load told;
  told[Load::hosts] = std::max({config.hosts.size(), config.guards.size(), config.shapes.size()});
  told[Load::names] = std::max(config.sni.size(), config.certificates.size());
  told[Load::backends] = config.clusters.size();
  proxy::config::ProxyConfig document = config;
  document.challenges = {};
  document.arrivals = {};  // of no Ingress, and bounded
  const std::string text = proxy::config::delta_to_json(proxy::config::full_state(document));
  constexpr std::size_t kAroundAll = 400;
  told[Load::bytes] = text.size() - std::min(text.size(), kAroundAll);
  for (const auto& [id, certificate] : config.certificates) {
    told[Load::certificate_bytes] += certificate->chain_pem.size() + certificate->key_pem.size();
  }
  const auto kind = told.beyond(all);
  if (!kind) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << amount_text(*kind, told[*kind]) << " where " << all[*kind] << " were counted: " << text;
}

// Whether one certificate is shown for several names.
bool is_one_shared(const proxy::config::ProxyConfig& config) {
  std::set<std::string> shown;
  for (const auto& [name, id] : config.sni) {
    if (!shown.insert(id).second) return true;
  }
  return false;
}

class IncrementalCompilerHistories : public testing::TestWithParam<unsigned> {
 protected:
  enum class Of { everything, secrets };
  void expect_to_say_what_a_compilation_of_everything_says(Of history_of, int steps);

  int steps_with_shared_certificates_ = 0;
};

TEST_P(IncrementalCompilerHistories, SayAfterEachChangeWhatACompilationOfEverythingSays) {
  expect_to_say_what_a_compilation_of_everything_says(Of::everything, 1000);
}

TEST_P(IncrementalCompilerHistories, SayTheSameWhereManyUseOneSecretAndSomeAskForIt) {
  expect_to_say_what_a_compilation_of_everything_says(Of::secrets, 600);
  EXPECT_GT(steps_with_shared_certificates_, 60) << "of 600";
}

void IncrementalCompilerHistories::expect_to_say_what_a_compilation_of_everything_says(
    Of history_of, int steps) {
  const unsigned seed = GetParam();
  ReleaseSettings settings;
  settings.class_names = {"gatehouse", "second"};
  settings.shares_hosts = seed % 4 == 0;
  settings.buffers_requests = seed % 2 == 0;
  if (seed % 3 == 0) settings.default_issuer = api::IssuerRef{};
  if (seed % 2 == 0) settings.bounds = little_room();
  Cluster cluster;
  History history(seed, cluster);
  IncrementalCompiler compiler(settings);
  for (int step = 0; step < steps; ++step) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
    if (history_of == Of::secrets) history.carry_out(compiler.plan());
    do {
      history_of == Of::secrets ? history.step_of_secrets() : history.step();
    } while (history.goes_on());
    const HostOwners owners_before = compiler.owners();
    const auto auth_secrets_before = compiler.auth_secrets();
    const auto field_maps_before = compiler.field_maps();
    const auto external_names_before = compiler.external_names();
    compiler.update(cluster.take_changes(), cluster, history.now);
    const auto& changed = compiler.names_changed();
    ASSERT_EQ(auth_secrets_before != compiler.auth_secrets(), changed.auth_secrets);
    ASSERT_EQ(field_maps_before != compiler.field_maps(), changed.field_maps);
    ASSERT_EQ(external_names_before != compiler.external_names(), changed.external_names);

    const ClusterView view = cluster.view(settings, history.now);
    const Compiled whole = compile(view);
    const CertificatePlan plan = plan_certificates(view, whole.owners, without_room(whole));
    ASSERT_TRUE(are_equal("clusters", whole.config.clusters, compiler.config().clusters));
    ASSERT_TRUE(are_equal("hosts", whole.config.hosts, compiler.config().hosts));
    ASSERT_TRUE(
        are_equal("certificates", whole.config.certificates, compiler.config().certificates));
    ASSERT_EQ(whole.config.sni, compiler.config().sni);
    ASSERT_TRUE(are_equal("guards", whole.config.guards, compiler.config().guards));
    ASSERT_TRUE(are_equal("shapes", whole.config.shapes, compiler.config().shapes));
    ASSERT_TRUE(are_equal("challenges", whole.config.challenges, compiler.config().challenges));
    ASSERT_TRUE(are_equal("arrivals", whole.config.arrivals, compiler.config().arrivals));
    ASSERT_EQ(text_of(whole.complaints), text_of(compiler.complaints()));
    ASSERT_EQ(text_of(whole.summaries), text_of(compiler.summaries()));
    ASSERT_EQ(whole.owners, compiler.owners());
    ASSERT_TRUE(is_within_what_was_counted(whole));
    ASSERT_EQ(owners_before != compiler.owners(), compiler.have_owners_changed());
    const CertificatePlan kept = compiler.plan();
    ASSERT_EQ(plan.apply, kept.apply);
    ASSERT_EQ(plan.remove, kept.remove);
    ASSERT_EQ(text_of(plan.complaints), text_of(kept.complaints));
    ASSERT_FALSE(compiler.is_one_group());
    if (is_one_shared(compiler.config())) ++steps_with_shared_certificates_;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IncrementalCompilerHistories, testing::Range(1u, 13u));

// A thousand shops, each with a host, a Service, a Secret.
class IncrementalCompilerWork : public testing::Test {
 protected:
  static constexpr int kShops = 1000;

  void SetUp() override {
    for (int shop = 0; shop < kShops; ++shop) {
      const std::string name = "shops/s" + std::to_string(shop);
      cluster_.put(an_ingress_of(shop).get());
      cluster_.put(a_service(name, 80));
      cluster_.put(a_slice(name, "http", 8080, {"10.0.0.1"}));
      cluster_.put_secret(ingress_test::key_of(name),
                          a_secret({host_of(shop)}, kNow + hours(24), std::to_string(shop)));
    }
    const auto work = update();
    EXPECT_EQ(work.groups, kShops);
    EXPECT_EQ(compiler_.config().certificates.size(), kShops);
  }
  static std::string host_of(int shop) { return "s" + std::to_string(shop) + ".example"; }
  static IngressBuilder an_ingress_of(int shop) {
    const std::string name = "s" + std::to_string(shop);
    return an_ingress("shops/" + name)
        .path(host_of(shop), "/", name, 80)
        .tls({host_of(shop)}, name);
  }
  // With the certificate of one Secret, in place of its own.
  static IngressBuilder a_user_of_one(int shop) {
    const std::string name = "s" + std::to_string(shop);
    return an_ingress("shops/" + name)
        .path(host_of(shop), "/", name, 80)
        .tls({host_of(shop)}, "of-all");
  }
  IncrementalCompiler::Work update() {
    return compiler_.update(cluster_.take_changes(), cluster_, now_);
  }
  void expect_one(const IncrementalCompiler::Work& work) {
    EXPECT_EQ(work.groups, 1U);
    EXPECT_EQ(work.ingresses, 1U);
    EXPECT_EQ(work.hosts, 1U);
  }

  base::WallTime now_ = kNow;
  Cluster cluster_;
  IncrementalCompiler compiler_{ReleaseSettings{}};
};

TEST_F(IncrementalCompilerWork, ParametersOfAClassConcernTheIngressesOfThatClassAlone) {
  ingress_test::ViewBuilder made;
  made.ingress_class("second", kControllerName);
  auto named = std::make_shared<kube::IngressClass>(*made.view.classes.back());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
  made.view.classes.back() = named;
  cluster_.set_classes(made.view.classes);
  ReleaseSettings settings;
  settings.class_names = {"gatehouse", "second"};
  IncrementalCompiler compiler(settings);
  kube::Ingress of_second = an_ingress_of(7).get();
  of_second.ingress_class_name = "second";
  cluster_.put(of_second);
  compiler.update(cluster_.take_changes(), cluster_, now_);
  EXPECT_EQ(compiler.config().hosts.at(host_of(7))->routes.at(0).action.index(), 1u) << "closed";

  cluster_.put_parameters("strict", {});
  expect_one(compiler.update(cluster_.take_changes(), cluster_, now_));
  EXPECT_EQ(compiler.config().hosts.at(host_of(7))->routes.at(0).action.index(), 0u);
  cluster_.put_parameters("strict", {.namespaces = std::set<std::string>{"elsewhere"}});
  const auto gone = compiler.update(cluster_.take_changes(), cluster_, now_);
  EXPECT_EQ(gone.ingresses, 0u);
  EXPECT_EQ(compiler.config().hosts.count(host_of(7)), 0u);
  cluster_.put_parameters("strict", {});
  expect_one(compiler.update(cluster_.take_changes(), cluster_, now_));
  cluster_.put_parameters("strict", {});
  cluster_.put_parameters("of nobody", {.server = "edge"});
  EXPECT_EQ(compiler.update(cluster_.take_changes(), cluster_, now_).ingresses, 0u);
}

TEST_F(IncrementalCompilerWork, WhomAClassTrustsIsOfNoIngress) {
  auto named =
      std::make_shared<kube::IngressClass>(*cluster_.view(ReleaseSettings{}, now_).classes.front());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
  cluster_.set_classes({named});
  const auto trust = [this](const char* network) {
    const std::vector<proxy::config::Network> networks{*proxy::config::Network::parse(network)};
    cluster_.put_parameters("strict", {.trusted_proxies = networks});
    return update();
  };
  const auto trusted = [this] {
    return compiler_.config().arrivals.at("")->trusted_proxies.at(0).text();
  };
  trust("10.0.0.0/8");
  EXPECT_EQ(trusted(), "10.0.0.0/8");
  EXPECT_EQ(trust("192.0.2.0/24").groups, 0u);
  EXPECT_TRUE(compiler_.has_changed());
  EXPECT_EQ(trusted(), "192.0.2.0/24");
  const std::vector<proxy::config::Network> networks{
      *proxy::config::Network::parse("192.0.2.0/24")};
  cluster_.put_parameters("strict", {.trusted_proxies = networks, .takes_proxy_headers = true});
  EXPECT_EQ(update().groups, 0u);
  EXPECT_TRUE(compiler_.has_changed());
  EXPECT_TRUE(compiler_.config().arrivals.at("")->takes_proxy_headers);
  EXPECT_EQ(trust("192.0.2.0/24").groups, 0u);
  EXPECT_FALSE(compiler_.config().arrivals.at("")->takes_proxy_headers);
  const auto before = compiler_.config().arrivals.at("");
  EXPECT_EQ(trust("192.0.2.0/24").groups, 0u);
  EXPECT_FALSE(compiler_.has_changed());
  EXPECT_EQ(compiler_.config().arrivals.at(""), before) << "it keeps its address";
  cluster_.set_classes(ingress_test::ViewBuilder().view.classes);
  update();
  EXPECT_TRUE(compiler_.config().arrivals.empty());
}

TEST_F(IncrementalCompilerWork, ANamespaceThatIsSelectedConcernsItsOwnIngressesAlone) {
  auto named =
      std::make_shared<kube::IngressClass>(*cluster_.view(ReleaseSettings{}, now_).classes.front());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
  cluster_.set_classes({named});
  const auto select = [this](const std::set<std::string>& namespaces) {
    cluster_.put_parameters("strict", {.namespaces = namespaces});
    return update();
  };
  EXPECT_EQ(select({"shops"}).ingresses, static_cast<std::size_t>(kShops));
  kube::Ingress other = an_ingress("blogs/first").path("first.example", "/", "web", 80).get();
  cluster_.put(other);
  update();
  EXPECT_EQ(compiler_.config().hosts.count("first.example"), 0u);
  expect_one(select({"shops", "blogs"}));
  EXPECT_EQ(compiler_.config().hosts.count("first.example"), 1u);
  EXPECT_EQ(select({"shops"}).ingresses, 0u);
  EXPECT_EQ(compiler_.config().hosts.count("first.example"), 0u);
}

TEST_F(IncrementalCompilerWork, WhoAllAskOneAuthServerAreStillCompiledEachByItself) {
  const auto asking = [](int shop) {
    return an_ingress_of(shop)
        .annotation("nginx.ingress.kubernetes.io/auth-url", "https://in.login.test/auth")
        .get();
  };
  for (int shop = 0; shop < kShops; ++shop) cluster_.put(asking(shop));
  EXPECT_EQ(update().groups, kShops);
  cluster_.put(asking(7));
  expect_one(update());
  // Once somebody here serves it all of them ask him, and no longer whom DNS knows.
  cluster_.put(an_ingress("id/login").path("*.login.test", "/", "auth", 80).get());
  EXPECT_EQ(update().ingresses, 1U + kShops);
  EXPECT_TRUE(compiler_.config().guards.begin()->second->external_auth->cluster.empty());
  cluster_.put(asking(7));
  expect_one(update());
  cluster_.erase_ingress({"id", "login"});
  EXPECT_EQ(update().ingresses, static_cast<std::size_t>(kShops));
  EXPECT_FALSE(compiler_.config().guards.begin()->second->external_auth->cluster.empty());
}

TEST_F(IncrementalCompilerWork, AWildcardThatIsServedConcernsThoseAloneWhoAskUnderIt) {
  const auto asking = [](int shop, const std::string& host) {
    return an_ingress_of(shop)
        .annotation("nginx.ingress.kubernetes.io/auth-url", "https://" + host + "/auth")
        .get();
  };
  cluster_.put(asking(1, "one.login.test"));
  cluster_.put(asking(2, "two.login.test"));
  cluster_.put(asking(3, "one.other.test"));
  cluster_.put(asking(4, "deep.one.login.test"));
  EXPECT_EQ(update().ingresses, 4U);
  const kube::Ingress login = an_ingress("id/login").path("*.login.test", "/", "auth", 80).get();
  cluster_.put(login);
  EXPECT_EQ(update().ingresses, 1U + 2U);
  cluster_.erase_ingress({"id", "login"});
  EXPECT_EQ(update().ingresses, 2U);
  // One of them asks elsewhere now, and then both do.
  cluster_.put(asking(1, "one.other.test"));
  expect_one(update());
  cluster_.put(login);
  EXPECT_EQ(update().ingresses, 1U + 1U);
  cluster_.put(asking(2, "one.other.test"));
  expect_one(update());
  cluster_.erase_ingress({"id", "login"});
  EXPECT_EQ(update().ingresses, 0U);
}

TEST_F(IncrementalCompilerWork, WhatIsNamedHasChangedWhenTheFirstComesOrTheLastGoes) {
  const std::string nginx = "nginx.ingress.kubernetes.io/";
  const auto with_passwords = [&nginx](int shop, const std::string& secret) {
    return an_ingress_of(shop)
        .annotation(nginx + "auth-type", "basic")
        .annotation(nginx + "auth-secret", secret)
        .get();
  };
  const auto put = [this](const kube::Ingress& ingress) {
    cluster_.put(ingress);
    update();
    return compiler_.names_changed().auth_secrets;
  };
  EXPECT_TRUE(put(with_passwords(1, "users")));
  EXPECT_FALSE(put(with_passwords(1, "users"))) << "it went and came back";
  EXPECT_FALSE(put(with_passwords(2, "users")));
  EXPECT_FALSE(put(an_ingress_of(3).get()));
  EXPECT_FALSE(put(an_ingress_of(1).get())) << "another still names it";
  EXPECT_TRUE(put(with_passwords(2, "others")));
  EXPECT_TRUE(put(an_ingress_of(2).get()));
  EXPECT_THAT(compiler_.auth_secrets(), testing::IsEmpty());
}

TEST_F(IncrementalCompilerWork, WhoAllUseOneSecretAreStillCompiledEachByItself) {
  constexpr int kUsers = 100;
  const kube::ObjectKey secret{"shops", "of-all"};
  std::vector<std::string> hosts;
  for (int shop = 0; shop < kUsers; ++shop) {
    hosts.push_back(host_of(shop));
    cluster_.put(a_user_of_one(shop).get());
  }
  cluster_.put_secret(secret, a_secret(hosts, kNow + hours(24), "of all"));
  EXPECT_EQ(update().groups, 100U);
  EXPECT_EQ(compiler_.config().certificates.size(), 901U);
  cluster_.put(a_user_of_one(7).path(host_of(7), "/more", "s8", 80).get());
  expect_one(update());
  cluster_.erase_ingress({"shops", "s8"});
  EXPECT_EQ(update().groups, 0U);
  EXPECT_EQ(compiler_.config().sni.at(host_of(7)), "shops/of-all");

  // The Secret, and whose it is, concern all of them.
  cluster_.put_secret(secret, a_secret(hosts, kNow + hours(48), "renewed"));
  EXPECT_EQ(update().groups, 99U);
  cluster_.put(a_certificate("shops/by-hand", "of-all", hosts));
  EXPECT_EQ(update().groups, 99U);

  // Those who ask for it decide together, and nobody else with them.
  const auto asking = [](int shop) {
    return a_user_of_one(shop).annotation("cert-manager.io/cluster-issuer", "ca").get();
  };
  cluster_.erase_certificate({"shops", "by-hand"});
  cluster_.put(asking(1));
  cluster_.put(asking(2));
  EXPECT_EQ(update().groups, 98U);
  EXPECT_EQ(compiler_.plan().apply.count(secret), 1U);
  cluster_.put(asking(1));
  EXPECT_EQ(update().ingresses, 2U);
  cluster_.put(a_user_of_one(3).get());
  expect_one(update());
  cluster_.put(a_user_of_one(1).get());
  EXPECT_EQ(update().groups, 2U);

  for (int shop = 0; shop < kUsers; ++shop) {
    cluster_.erase_ingress({"shops", "s" + std::to_string(shop)});
  }
  update();
  EXPECT_EQ(compiler_.config().certificates.size(), 900U);
  EXPECT_FALSE(compiler_.is_one_group());
}

TEST_F(IncrementalCompilerWork, WhoAllShowOneWildcardByOneSecretAreStillCompiledEachByItself) {
  constexpr int kUsers = 100;
  const auto user = [](int number) {
    const std::string name = "w" + std::to_string(number);
    return an_ingress("wild/" + name)
        .path(name + ".wild.test", "/", "web", 80)
        .tls({"*.wild.test"}, "of-all");
  };
  for (int number = 0; number < kUsers; ++number) cluster_.put(user(number).get());
  cluster_.put_secret({"wild", "of-all"}, a_secret({"*.wild.test"}, kNow + hours(24), "of all"));
  EXPECT_EQ(update().groups, 100U);
  EXPECT_EQ(compiler_.config().sni.at("*.wild.test"), "wild/of-all");
  cluster_.put(user(7).path("w7.wild.test", "/more", "web", 80).get());
  expect_one(update());

  // A host beneath of another namespace is a matter between all of them.
  cluster_.put(an_ingress("else/other").path("other.wild.test", "/", "web", 80).get());
  auto work = update();
  EXPECT_EQ(work.groups, 1U);
  EXPECT_EQ(work.ingresses, 101U);
  EXPECT_TRUE(compiler_.config().hosts.at("other.wild.test")->own_certificate_only);
  cluster_.put(user(7).get());
  EXPECT_EQ(update().ingresses, 101U);
  cluster_.erase_ingress({"else", "other"});
  EXPECT_EQ(update().groups, 100U);
  cluster_.put(user(7).path("w7.wild.test", "/more", "web", 80).get());
  expect_one(update());

  for (int number = 0; number < kUsers; ++number) {
    EXPECT_EQ(compiler_.config().sni.count("*.wild.test"), 1U);
    cluster_.erase_ingress({"wild", "w" + std::to_string(number)});
    update();
  }
  EXPECT_EQ(compiler_.config().sni.count("*.wild.test"), 0U);
  EXPECT_FALSE(compiler_.is_one_group());
}

// The source is newer than what was told of it.
TEST_F(IncrementalCompilerWork, ASecretThatOneReadsAnewIsReadForAllWhoShowItsCertificate) {
  const kube::ObjectKey secret{"shops", "of-all"};
  cluster_.put_secret(secret, a_secret({host_of(1), host_of(2)}, kNow + hours(24), "of both"));
  cluster_.put(a_user_of_one(1).get());
  cluster_.put(a_user_of_one(2).get());
  update();
  EXPECT_EQ(compiler_.config().sni.at(host_of(2)), "shops/of-all");
  cluster_.put_secret(secret, a_secret({host_of(1)}, kNow + hours(24), "of one"));
  cluster_.take_changes();
  cluster_.put(a_user_of_one(1).get());
  EXPECT_EQ(update().ingresses, 1U + 2U);
  EXPECT_EQ(compiler_.config().sni.at(host_of(1)), "shops/of-all");
  EXPECT_EQ(compiler_.config().sni.count(host_of(2)), 0U) << "it is not for it";
  EXPECT_EQ(compiler_.config().certificates.at("shops/of-all"),
            cluster_.tls_secret(secret)->material);
  cluster_.put_secret(secret, cluster_.tls_secret(secret));
  EXPECT_EQ(update().groups, 2U);
}

TEST_F(IncrementalCompilerWork, OneChangeOfAThousandCompilesOneHost) {
  cluster_.put(an_ingress_of(7).path(host_of(7), "/more", "s8", 80).get());
  expect_one(update());
  cluster_.put(a_slice("shops/s9", "http", 8080, {"10.0.0.2"}));
  expect_one(update());
  cluster_.put_secret({"shops", "s10"}, a_secret({host_of(10)}, kNow + hours(2), "renewed"));
  expect_one(update());
  cluster_.put(an_ingress_of(kShops).get());
  expect_one(update());
  cluster_.erase_ingress({"shops", "s11"});
  EXPECT_EQ(update().groups, 0U);
  now_ += hours(3);  // and one has expired
  expect_one(update());
}

TEST_F(IncrementalCompilerWork, NothingIsCompiledForWhatNoIngressNames) {
  cluster_.put(a_service("shops/other", 80));
  cluster_.put(a_slice("elsewhere/s1", "http", 8080, {"10.0.0.2"}));
  cluster_.put_secret({"elsewhere", "s1"}, a_secret({host_of(1)}, kNow + hours(2), "other"));
  cluster_.put(a_certificate("elsewhere/s1", "s1", {host_of(1)}));
  now_ += hours(1);
  EXPECT_EQ(update().groups, 0U);
}

TEST_F(IncrementalCompilerWork, WhatIsFoundOfOthersIsNotLookedAtAgain) {
  const Findings before = compiler_.findings();
  EXPECT_EQ(before.summaries.size(), kShops);
  cluster_.put(an_ingress_of(7).path(host_of(7), "/more", "nobody", 80).get());
  update();
  std::vector<std::string> changed;
  const auto note = [&](const std::string& key, const auto*, const auto*) {
    changed.push_back(key);
  };
  const auto looked_at = Findings::ByKey<Summary>::visit_differences(
      before.summaries, compiler_.findings().summaries, note);
  Findings::ByKey<Complaints>::visit_differences(before.complaints, compiler_.findings().complaints,
                                                 note);
  EXPECT_THAT(changed, testing::ElementsAre("shops/s7", "Ingress shops/s7"));
  EXPECT_LT(looked_at, 40U);
}

TEST_F(IncrementalCompilerWork, WhatStaysTheSameKeepsItsAddress) {
  const proxy::config::ProxyConfig before = compiler_.config();
  cluster_.put(an_ingress_of(7).path(host_of(7), "/more", "s7", 80).get());
  update();
  const proxy::config::ProxyConfig& after = compiler_.config();
  EXPECT_NE(after.hosts.at(host_of(7)), before.hosts.at(host_of(7)));
  EXPECT_EQ(after.hosts.at(host_of(8)), before.hosts.at(host_of(8)));
  EXPECT_EQ(after.clusters, before.clusters);
  EXPECT_EQ(after.certificates, before.certificates);
}

}  // namespace
}  // namespace ingress
