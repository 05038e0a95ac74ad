#include "tests/bench/shops.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/curl_transport.h"
#include "base/x509.h"

namespace bench {
namespace {

using integration::wait_until;
using nlohmann::json;
using std::chrono::minutes;

constexpr const char* kIngresses = "/apis/networking.k8s.io/v1/namespaces/";
constexpr const char* kCertificates = "/apis/gatehouse.dev/v1alpha1/namespaces/";
constexpr const char* kSlices = "/apis/discovery.k8s.io/v1/namespaces/";
constexpr const char* kMergePatch = "application/merge-patch+json";

[[noreturn]] void give_up(const std::string& what) {
  std::cerr << "bench-large-cluster: " << what << std::endl;
  std::exit(1);
}

template <class T>
T must(base::Result<T> result, const std::string& doing) {
  if (!result) give_up(doing + ": " + result.error().message);
  return std::move(*result);
}

// As few steps as there can be: what it does in its own time is not the operator's cost.
fakes::AcmeServer::Options quick_ca() {
  fakes::AcmeServer::Options options;
  options.polls_until_done = 0;
  return options;
}

json path_to(const std::string& path, const std::string& service) {
  return {{"path", path},
          {"pathType", "Prefix"},
          {"backend", {{"service", {{"name", service}, {"port", {{"name", "http"}}}}}}}};
}

json ingress(const std::string& namespace_, const std::string& name, const std::string& service,
             bool has_issuer) {
  const std::string host = Shops::host_of(name);
  json object = {
      {"apiVersion", "networking.k8s.io/v1"},
      {"kind", "Ingress"},
      {"metadata",
       {{"name", name},
        {"namespace", namespace_},
        {"labels", {{"app.kubernetes.io/name", name}, {"app.kubernetes.io/managed-by", "Helm"}}},
        {"annotations",
         {{"meta.helm.sh/release-name", name}, {"meta.helm.sh/release-namespace", namespace_}}}}},
      {"spec",
       {{"ingressClassName", "gatehouse"},
        {"rules",
         {{{"host", host}, {"http", {{"paths", json::array({path_to("/", service)})}}}}}}}}};
  if (!has_issuer) return object;
  object["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] = "letsencrypt";
  object["spec"]["tls"] = json::array({{{"hosts", {host}}, {"secretName", name + "-tls"}}});
  return object;
}

json slice(const std::string& namespace_, const std::string& service, const std::string& address,
           int port) {
  const auto reference = [&](const char* kind, const std::string& name) {
    return json{{"kind", kind}, {"name", name}, {"namespace", namespace_}};
  };
  return {
      {"apiVersion", "discovery.k8s.io/v1"},
      {"kind", "EndpointSlice"},
      {"metadata",
       {{"name", service + "-x7k2p"},
        {"namespace", namespace_},
        {"labels",
         {{"kubernetes.io/service-name", service},
          {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"},
          {"app.kubernetes.io/name", service}}}}},
      {"addressType", "IPv4"},
      {"endpoints",
       json::array({{{"addresses", {address}},
                     {"conditions", {{"ready", true}, {"serving", true}, {"terminating", false}}},
                     {"nodeName", "node-1"},
                     {"zone", "zone-a"},
                     {"targetRef", reference("Pod", service + "-6d4cf56db6-x7k2p")}}})},
      {"ports", json::array({{{"name", "http"}, {"port", port}, {"protocol", "TCP"}}})}};
}

// Without what a server gives to each object.
json metadata_like(const json& model) {
  json metadata = model["metadata"];
  for (const char* own : {"uid", "resourceVersion", "creationTimestamp", "generation",
                          "managedFields", "ownerReferences"}) {
    metadata.erase(own);
  }
  return metadata;
}

// Every text in it that names the model names this one.
json renamed(const json& object, const std::string& from, const std::string& to) {
  std::string text = object.dump();
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return json::parse(text);
}

std::string line_of(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    if (line.compare(0, name.size(), name) == 0) return line.substr(name.size());
  }
  return "0";
}

}  // namespace

Shops::Shops(const std::string& operator_program)
    : ca_(must(fakes::AcmeFront::start(clock_, quick_ca()), "starting the CA")),
      mint_key_(must(base::PrivateKey::generate({}), "making a key")),
      leaf_key_(must(base::PrivateKey::generate({}), "making a key")) {
  base::SelfSignedOptions authority;
  authority.names.common_name = "Intermediate of a CA";
  authority.names.dns_names = {"intermediate.test"};
  authority.is_ca = true;
  mint_pem_ = must(base::make_self_signed(mint_key_, authority), "making a CA");
  installation_.start_operators_by(operator_program);
  installation_.start_operator();
  installation_.start_proxies(1);
  installation_.apply(
      "apiVersion: gatehouse.dev/v1alpha1\nkind: ClusterIssuer\nmetadata: {name: letsencrypt}\n"
      "spec: {acme: {server: \"" +
      ca_->directory_url() +
      "\", termsOfServiceAgreed: true, caBundle: " + base::base64_encode(ca_->ca_pem()) +
      "}}\n---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\n"
      "metadata: {name: gatehouse}\nspec: {controller: gatehouse.dev/ingress-controller}\n");
  const bool is_ready = wait_until(minutes(2), [this] {
    return integration::has_condition(
        installation_.get("/apis/gatehouse.dev/v1alpha1/clusterissuers/letsencrypt"), "Ready");
  });
  if (!is_ready) give_up("the issuer is not ready\n" + installation_.logs());
}

json Shops::created(const std::string& path, const json& object) {
  const auto answer = installation_.api().request("POST", path, object.dump());
  if (!answer) give_up("creating " + object["metadata"].dump() + ": " + answer.error().message);
  return json::parse(*answer);
}

void Shops::create(const std::string& path, const json& object) {
  const auto answer = installation_.api().request("POST", path, object.dump());
  if (!answer) give_up("creating " + object["metadata"].dump() + ": " + answer.error().message);
}

void Shops::need_namespace(const std::string& name) {
  const auto made = installation_.api().request(
      "POST", "/api/v1/namespaces",
      json{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}}.dump());
  if (!made && made.error().kind != base::ErrorKind::conflict) give_up(made.error().message);
}

void Shops::add_service(const std::string& namespace_, const std::string& name) {
  create("/api/v1/namespaces/" + namespace_ + "/services",
         {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata",
           {{"name", name},
            {"namespace", namespace_},
            {"labels", {{"app.kubernetes.io/name", name}}}}},
          {"spec",
           {{"selector", {{"app.kubernetes.io/name", name}}},
            {"ports", json::array({{{"name", "http"}, {"port", 80}}})}}}});
  create(kSlices + namespace_ + "/endpointslices", slice(namespace_, name, "127.0.0.1", 8080));
}

double Shops::issue(const std::string& name) {
  const std::string namespace_ = namespace_of(0);
  need_namespace(namespace_);
  add_service(namespace_, name);
  const std::string host = host_of(name);
  base::CurlOptions options;
  options.ca_pem = ca().root_pem();
  base::HttpRequest request;
  request.url = "https://" + host + "/";
  request.timeout = std::chrono::seconds(5);
  request.connect_to = "127.0.0.1:" + std::to_string(installation_.proxy_port(0, "https"));

  const auto begin = std::chrono::steady_clock::now();
  create(kIngresses + namespace_ + "/ingresses", ingress(namespace_, name, name, true));
  // Nobody listens where the shop is said to be: what counts is who answers that, and by which
  // certificate.
  const bool is_served = wait_until(minutes(5), [&] {
    return base::make_curl_transport(options)->send(request, {}).has_value();
  });
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  const bool is_told = wait_until(minutes(5), [&] {
    const json object =
        installation_.get(kCertificates + namespace_ + "/certificates/" + name + "-tls");
    return integration::has_condition(object, "Ready") &&
           integration::has_condition(object, "Serving");
  });
  if (!is_served || !is_told) give_up(name + " is not served\n" + installation_.logs());
  last_issued_ = name;
  return took.count();
}

double Shops::issue_at_once(const std::string& name, int count) {
  const auto namespace_of_one = [&](int i) { return name + "-in-" + std::to_string(i / 100); };
  const auto name_of_one = [&](int i) { return name + "-" + std::to_string(i); };
  for (int i = 0; i < count; ++i) {
    if (i % 100 == 0) need_namespace(namespace_of_one(i));
    add_service(namespace_of_one(i), name_of_one(i));
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    const std::string namespace_ = namespace_of_one(i);
    create(kIngresses + namespace_ + "/ingresses",
           ingress(namespace_, name_of_one(i), name_of_one(i), true));
  }
  std::map<std::string, int> awaited;  // how many of each namespace
  for (int i = 0; i < count; ++i) ++awaited[namespace_of_one(i)];
  const auto served_in = [&](const std::string& namespace_) {
    const json list = installation_.get(kCertificates + namespace_ + "/certificates");
    int served = 0;
    for (const json& one : list.value("items", json::array())) {
      const bool is_one =
          integration::has_condition(one, "Ready") && integration::has_condition(one, "Serving");
      if (is_one) ++served;
    }
    return served;
  };
  // To look takes time of this machine: the more there are, the less often.
  const std::chrono::milliseconds pause(std::max(100, count / 3));
  const bool are_served = wait_until(minutes(10 + count / 500), [&] {
    std::this_thread::sleep_for(pause);
    std::erase_if(awaited, [&](const auto& one) { return served_in(one.first) >= one.second; });
    return awaited.empty();
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (!are_served) {
    give_up(std::to_string(awaited.size()) + " namespaces of " + std::to_string(count) +
            " Ingresses are not served as a whole\n" + installation_.logs());
  }
  return took.count();
}

struct Shops::Pair {
  json data;  // of a Secret
  base::CertificateInfo leaf;
};

Shops::Pair Shops::make_pair(const std::string& host) const {
  base::SelfSignedOptions leaf;
  leaf.names.dns_names = {host};
  leaf.lifetime = std::chrono::hours(24 * 90);
  const std::string chain =
      must(base::sign_leaf(leaf_key_, leaf, mint_pem_, mint_key_), "signing") + mint_pem_;
  return {{{"tls.crt", base::base64_encode(chain)},
           {"tls.key", base::base64_encode(leaf_key_.to_pem())}},
          must(base::read_chain(chain), "reading what was signed").front()};
}

void Shops::add_ready(int count) {
  const std::string first = namespace_of(0);
  const json certificate =
      installation_.get(kCertificates + first + "/certificates/" + last_issued_ + "-tls");
  const json secret =
      installation_.get("/api/v1/namespaces/" + first + "/secrets/" + last_issued_ + "-tls");
  for (int left = count; left > 0; --left, ++count_) {
    const std::string namespace_ = namespace_of(count_);
    const std::string name = "shop-" + std::to_string(count_);
    if (count_ % 100 == 0) need_namespace(namespace_);
    add_service(namespace_, name);
    const json owner =
        created(kIngresses + namespace_ + "/ingresses", ingress(namespace_, name, name, true));
    const std::string uid = owner["metadata"]["uid"];

    json material = renamed(secret, last_issued_, name);
    material["metadata"] = metadata_like(material);
    material["metadata"]["namespace"] = namespace_;
    const std::string order = "https://ca.example/order/" + std::to_string(count_);
    material["metadata"]["annotations"]["gatehouse.dev/order-url"] = order;
    const Pair pair = make_pair(host_of(name));
    material["data"] = pair.data;
    create("/api/v1/namespaces/" + namespace_ + "/secrets", material);

    json ready = renamed(certificate, last_issued_, name);
    json owners = ready["metadata"].value("ownerReferences", json::array());
    for (json& reference : owners) reference["uid"] = uid;
    ready["metadata"] = metadata_like(ready);
    ready["metadata"]["namespace"] = namespace_;
    ready["metadata"]["ownerReferences"] = owners;
    json stored = created(kCertificates + namespace_ + "/certificates", ready);
    // The rest of its status the operator writes.
    stored["status"] = {{"revision", 1},
                        {"lastOrderURL", order},
                        {"serialNumber", pair.leaf.serial},
                        {"fingerprintSHA256", pair.leaf.fingerprint_sha256}};
    const auto written = installation_.api().request(
        "PUT", kCertificates + namespace_ + "/certificates/" + name + "-tls/status", stored.dump());
    if (!written) give_up("writing a status: " + written.error().message);
  }
}

std::string Shops::add_with_own_certificate(const std::string& name) {
  const std::string namespace_ = namespace_of(0);
  const std::string host = host_of(name);
  need_namespace(namespace_);
  add_service(namespace_, name);
  const Pair pair = make_pair(host);
  create("/api/v1/namespaces/" + namespace_ + "/secrets",
         {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", name + "-tls"}, {"namespace", namespace_}}},
          {"type", "kubernetes.io/tls"},
          {"data", pair.data}});
  json wanted = ingress(namespace_, name, name, false);
  wanted["spec"]["tls"] = json::array({{{"hosts", {host}}, {"secretName", name + "-tls"}}});
  create(kIngresses + namespace_ + "/ingresses", wanted);
  return pair.leaf.fingerprint_sha256;
}

std::string Shops::swap_certificate(const std::string& name) {
  const Pair pair = make_pair(host_of(name));
  const json patch = {{"data", pair.data}};
  const auto written = installation_.api().request(
      "PATCH", "/api/v1/namespaces/" + namespace_of(0) + "/secrets/" + name + "-tls", patch.dump(),
      kMergePatch);
  if (!written) give_up("changing a certificate: " + written.error().message);
  return pair.leaf.fingerprint_sha256;
}

void Shops::add_plain_ingress(const std::string& name, int shop, bool is_broken) {
  const std::string namespace_ = namespace_of(shop);
  create(kIngresses + namespace_ + "/ingresses",
         ingress(namespace_, name, is_broken ? name : "shop-" + std::to_string(shop), false));
}

void Shops::remove_ingress(const std::string& name, int shop) {
  const auto removed =
      installation_.api().request("DELETE", kIngresses + namespace_of(shop) + "/ingresses/" + name);
  if (!removed) give_up("removing " + name + ": " + removed.error().message);
}

void Shops::change_path(int shop, const std::string& path) {
  change_plain_path("shop-" + std::to_string(shop), shop, path);
}

void Shops::change_plain_path(const std::string& name, int shop, const std::string& path) {
  const std::string service = "shop-" + std::to_string(shop);
  // Its rules are the same with an issuer and without.
  json wanted = ingress(namespace_of(shop), name, service, false);
  wanted["spec"]["rules"][0]["http"]["paths"].push_back(path_to(path, service));
  const json patch = {{"spec", {{"rules", wanted["spec"]["rules"]}}}};
  const auto written = installation_.api().request(
      "PATCH", kIngresses + namespace_of(shop) + "/ingresses/" + name, patch.dump(), kMergePatch);
  if (!written) give_up("changing a path: " + written.error().message);
}

void Shops::change_endpoint(int shop, const std::string& address) {
  const std::string name = "shop-" + std::to_string(shop);
  const json wanted = slice(namespace_of(shop), name, address, 8080);
  const json patch = {{"endpoints", wanted["endpoints"]}};
  const auto written = installation_.api().request(
      "PATCH", kSlices + namespace_of(shop) + "/endpointslices/" + name + "-x7k2p", patch.dump(),
      kMergePatch);
  if (!written) give_up("changing an endpoint: " + written.error().message);
}

void Shops::add_unrelated_secrets(int count, const std::string& type) {
  const bool is_tls = type == "kubernetes.io/tls";
  for (int left = count; left > 0; --left, ++unrelated_) {
    const std::string name = "unrelated-" + std::to_string(unrelated_);
    const json data = is_tls ? make_pair(name).data : json{{"token", base::base64_encode(name)}};
    const std::string namespace_ = namespace_of(unrelated_ % std::max(count_, 1));
    create("/api/v1/namespaces/" + namespace_ + "/secrets",
           {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", name}, {"namespace", namespace_}}},
            {"type", type},
            {"data", data}});
  }
}

void Shops::add_unrelated_config_maps(int count) {
  for (int left = count; left > 0; --left, ++unrelated_) {
    const std::string name = "unrelated-" + std::to_string(unrelated_);
    const std::string namespace_ = namespace_of(unrelated_ % std::max(count_, 1));
    create("/api/v1/namespaces/" + namespace_ + "/configmaps",
           {{"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", {{"name", name}, {"namespace", namespace_}}},
            {"data", {{"application.properties", name}}}});
  }
}

void Shops::add_unrelated_slices(int count) {
  for (int left = count; left > 0; --left, ++unrelated_) {
    const std::string namespace_ = namespace_of(unrelated_ % std::max(count_, 1));
    create(kSlices + namespace_ + "/endpointslices",
           slice(namespace_, "unrelated-" + std::to_string(unrelated_), "10.0.0.1", 8080));
  }
}

double processor_ms(int pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double resident_mb(int pid) {
  const std::string file = "/proc/" + std::to_string(pid) + "/status";
  return std::strtod(line_of(file, "VmRSS:").c_str(), nullptr) / 1024;
}

double resident_peak_mb(int pid) {
  const std::string file = "/proc/" + std::to_string(pid) + "/status";
  return std::strtod(line_of(file, "VmHWM:").c_str(), nullptr) / 1024;
}

double metric(const std::string& page, const std::string& name, const std::string& label) {
  std::istringstream lines(page);
  std::string line;
  double sum = 0;
  while (std::getline(lines, line)) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const char next = line.size() > name.size() ? line[name.size()] : ' ';
    if (next != ' ' && next != '{') continue;
    if (line.find(label) == std::string::npos) continue;
    sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return sum;
}

}  // namespace bench
