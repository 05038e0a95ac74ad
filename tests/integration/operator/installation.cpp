#include "tests/integration/operator/installation.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "base/curl_transport.h"
#include "base/key.h"

namespace integration {
namespace {

using nlohmann::json;
constexpr const char* kProxyToken = "token-of-the-proxies";
constexpr const char* kSecondProxyToken = "token-of-the-second-proxies";

// The name of a file that each release's proxies have their own of.
std::string file_of(const std::string& namespace_, const std::string& name) {
  return (namespace_ == Installation::kOwnNamespace ? "" : namespace_ + "-") + name;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

[[noreturn]] void give_up(const std::string& what) {
  std::cerr << "The installation of this test did not come up: " << what << std::endl;
  std::exit(1);
}

std::string base64(const std::string& bytes) {
  const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned chunk = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      chunk = chunk << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    }
    for (int j = 3; j >= 0; --j) text += digits[chunk >> (6 * j) & 63];
  }
  for (std::size_t i = 0; i < (3 - bytes.size() % 3) % 3; ++i) text[text.size() - 1 - i] = '=';
  return text;
}

}  // namespace

bool wait_until(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string ingress_yaml(const std::string& name, const std::string& host, bool with_issuer) {
  return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: " + name +
         "\n  namespace: default\n" +
         (with_issuer ? "  annotations: {cert-manager.io/cluster-issuer: letsencrypt}\n" : "") +
         "spec:\n  ingressClassName: gatehouse\n  tls: [{hosts: [" + host +
         "], secretName: " + name + "-tls}]\n  rules:\n    - host: " + host +
         "\n      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: www, port: "
         "{name: http}}}}]}\n";
}

bool has_condition(const json& object, const std::string& type) {
  if (!object.is_object()) return false;
  for (const auto& condition : object.value("/status/conditions"_json_pointer, json::array())) {
    if (condition["type"] == type) return condition["status"] == "True";
  }
  return false;
}

Backend::Backend(std::string text) {
  server_.Get(".*", [text = std::move(text)](const httplib::Request&, httplib::Response& response) {
    response.set_content(text, "text/plain");
  });
  server_.set_keep_alive_timeout(1);
  port_ = server_.bind_to_any_port("127.0.0.1");
  thread_ = std::jthread([this] { server_.listen_after_bind(); });
  // A stop before that would not be heard.
  wait_until(std::chrono::seconds(30), [this] { return server_.is_running(); });
}

Backend::~Backend() {
  server_.stop();
}

Installation::Installation() {
  fakes::api_server::ServerOptions options;
  options.service_accounts.push_back(
      {kOwnNamespace, "gatehouse-proxy", kProxyToken, "gatehouse-control"});
  options.service_accounts.push_back(
      {kSecondNamespace, "gatehouse-proxy", kSecondProxyToken, "gatehouse-control"});
  auto api = fakes::api_server::Server::start(options);
  if (!api) give_up(api.error().message);
  api_ = std::move(*api);
  write("kubeconfig", api_->kubeconfig());
  write("token", kProxyToken);
  write(file_of(kSecondNamespace, "token"), kSecondProxyToken);
  make_control_certificate();
  for (const auto& entry : std::filesystem::directory_iterator(GATEHOUSE_CRDS)) {
    if (entry.path().extension() == ".yaml") apply(read_file(entry.path()));
  }
  apply(
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: gatehouse-system}\n---\n"
      "apiVersion: v1\nkind: Service\n"
      "metadata: {namespace: gatehouse-system, name: gatehouse-proxy}\n"
      "spec: {ports: [{name: http, port: 80}, {name: https, port: 443}]}\n");
  apply_backend("default", "hello");
}

Installation::~Installation() {
  // In the order of who waits for whose connections.
  operator_.reset();
  proxies_.clear();
  backends_.clear();
}

void Installation::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name)) << text;
}

void Installation::make_control_certificate() {
  const auto ca_key = base::PrivateKey::generate({});
  base::SelfSignedOptions ca;
  ca.names.common_name = "control CA";
  ca.names.dns_names = {"ca.test"};
  ca.is_ca = true;
  const std::string ca_pem = base::make_self_signed(*ca_key, ca).value();
  const auto key = base::PrivateKey::generate({});
  base::SelfSignedOptions leaf;
  leaf.names.dns_names = {"localhost"};
  leaf.names.ip_addresses = {"127.0.0.1"};
  write("ca.pem", ca_pem);
  write("control.pem", base::sign_leaf(*key, leaf, ca_pem, *ca_key).value());
  write("control.key", key->to_pem());
}

std::string Installation::slice(const std::string& namespace_, const std::string& service,
                                const std::string& name, const std::string& ports) const {
  return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: " +
         namespace_ + ", name: " + service + "-" + name +
         ", labels: {kubernetes.io/service-name: " + service +
         "}}\naddressType: IPv4\nendpoints: [{addresses: [127.0.0.1], conditions: {ready: true}}]\n"
         "ports: [" +
         ports + "]\n";
}

std::unique_ptr<ChildProcess> Installation::start(std::vector<std::string> command,
                                                  const std::string& name) {
  ChildProcess::Options options;
  options.command = std::move(command);
  options.output = path(name + ".log");
  auto process = ChildProcess::start(options);
  if (!process) give_up(process.error().message);
  return std::move(*process);
}

Installation::Ports Installation::wait_for_ports(const std::string& name, ChildProcess& process) {
  const std::string file = path(name + ".ports");
  const bool came = wait_until(std::chrono::seconds(30), [&] {
    return std::filesystem::exists(file) || !process.is_running();
  });
  if (!came || !std::filesystem::exists(file)) give_up(name + ":\n" + process.output());
  return json::parse(read_file(file)).get<Ports>();
}

void Installation::start_operator() {
  const std::string name = "operator-" + std::to_string(++operator_starts_);
  operator_ = start({operator_program_.empty() ? GATEHOUSE_OPERATOR : operator_program_,
                     "--kubeconfig",
                     path("kubeconfig"),
                     "--namespace",
                     "gatehouse-system",
                     "--control-address",
                     "127.0.0.1:" + std::to_string(control_port_),
                     "--metrics-address",
                     "127.0.0.1:0",
                     "--health-address",
                     "127.0.0.1:0",
                     "--control-tls-cert-file",
                     path("control.pem"),
                     "--control-tls-key-file",
                     path("control.key"),
                     "--publish-address",
                     "127.0.0.1",
                     "--ports-file",
                     path(name + ".ports"),
                     "--leader-elect=false"},
                    name);
  operator_ports_ = wait_for_ports(name, *operator_);
}

Replica Installation::start_replica(int control_port) {
  return start_release("gatehouse-system", {}, control_port);
}

Replica Installation::start_release(const std::string& namespace_, std::vector<std::string> flags,
                                    int control_port) {
  Replica replica;
  replica.name = "operator-" + std::to_string(++operator_starts_);
  std::vector<std::string> command = {GATEHOUSE_OPERATOR,
                                      "--kubeconfig",
                                      path("kubeconfig"),
                                      "--namespace",
                                      namespace_,
                                      "--control-address",
                                      "127.0.0.1:" + std::to_string(control_port),
                                      "--metrics-address",
                                      "127.0.0.1:0",
                                      "--health-address",
                                      "127.0.0.1:0",
                                      "--control-tls-secret",
                                      namespace_ + "/gatehouse-control-tls",
                                      "--control-ca-config-map",
                                      namespace_ + "/gatehouse-control-ca",
                                      "--control-dns-name",
                                      "localhost",
                                      "--publish-address",
                                      "127.0.0.1",
                                      "--ports-file",
                                      path(replica.name + ".ports")};
  command.insert(command.end(), flags.begin(), flags.end());
  replica.process = start(std::move(command), replica.name);
  replica.ports = wait_for_ports(replica.name, *replica.process);
  if (operator_ports_.empty()) operator_ports_ = replica.ports;
  return replica;
}

bool Installation::mount_control_ca(const std::string& namespace_) {
  const std::string file = path(file_of(namespace_, "ca.pem"));
  const std::string before = read_file(file);
  std::string bundle;
  const bool is_new = wait_until(std::chrono::seconds(30), [&] {
    const json map = get("/api/v1/namespaces/" + namespace_ + "/configmaps/gatehouse-control-ca");
    bundle = map.is_null() ? "" : map.value("/data/ca.crt"_json_pointer, "");
    return !bundle.empty() && bundle != before;
  });
  // Whole at once, as the kubelet does it.
  write("ca.pem.new", bundle);
  if (is_new) std::filesystem::rename(path("ca.pem.new"), file);
  return is_new;
}

void Installation::kill_operator() {
  ::kill(operator_->pid(), SIGKILL);
  if (!wait_until(std::chrono::seconds(30), [this] { return !operator_->is_running(); })) {
    give_up("the operator survives SIGKILL");
  }
}

void Installation::start_proxies(int count, const std::string& namespace_) {
  for (int left = count; left > 0; --left) {
    const std::string number = std::to_string(proxies_.size() + 1);
    const std::string name = "proxy-" + number;
    proxies_.push_back(start(
        {GATEHOUSE_PROXY, "--workers", "1", "--http-address", "127.0.0.1:0", "--https-address",
         "127.0.0.1:0", "--admin-address", "127.0.0.1:0", "--control-url",
         operator_url("control", ""), "--control-ca-file", path(file_of(namespace_, "ca.pem")),
         "--control-token-file", path(file_of(namespace_, "token")), "--drain-grace", "0",
         "--ports-file", path(name + ".ports")},
        name));
    proxy_ports_.push_back(wait_for_ports(name, *proxies_.back()));
    Ports& ports = proxy_ports_.back();
    apply(slice(namespace_, "gatehouse-proxy", number,
                "{name: http, port: " + std::to_string(ports["http"]) +
                    "}, {name: https, port: " + std::to_string(ports["https"]) + "}"));
  }
}

void Installation::stop_proxy(int proxy) {
  const auto removed = api_->request(
      "DELETE",
      "/apis/discovery.k8s.io/v1/namespaces/gatehouse-system/endpointslices/gatehouse-proxy-" +
          std::to_string(proxy + 1));
  if (!removed) give_up(removed.error().message);
  proxies_.at(static_cast<std::size_t>(proxy)).reset();
}

void Installation::start_pebble(Pebble::Options options) {
  if (options.http_port == 0) options.http_port = proxy_ports_.at(0)["http"];
  auto pebble = Pebble::start(options);
  if (!pebble) give_up(pebble.error().message);
  pebble_ = std::move(*pebble);
  root_pem_ = pebble_->root_pem().value();
}

void Installation::apply(const std::string& yaml) {
  if (const auto applied = api_->apply_yaml(yaml); !applied) give_up(applied.error().message);
}

void Installation::apply_tenant(const std::string& namespace_) {
  apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + namespace_ + "}\n");
  apply_backend(namespace_, hello_of(namespace_));
}

void Installation::apply_backend(const std::string& namespace_, std::string text) {
  backends_.push_back(std::make_unique<Backend>(std::move(text)));
  const std::string port = std::to_string(backends_.back()->port());
  apply("apiVersion: v1\nkind: Service\nmetadata: {namespace: " + namespace_ +
        ", name: www}\nspec: {ports: [{name: http, port: 80}]}\n" +
        slice(namespace_, "www", "1", "{name: http, port: " + port + "}"));
}

json Installation::get(const std::string& target) {
  const auto body = api_->request("GET", target);
  return body ? json::parse(*body) : json();
}

void Installation::apply_issuer() {
  apply(
      "apiVersion: gatehouse.dev/v1alpha1\nkind: ClusterIssuer\nmetadata: {name: letsencrypt}\n"
      "spec: {acme: {server: \"" +
      pebble_->directory_url() +
      "\", termsOfServiceAgreed: true, caBundle: " + base64(pebble_->ca_pem()) +
      "}}\n---\napiVersion: networking.k8s.io/v1\nkind: IngressClass\n"
      "metadata: {name: gatehouse}\nspec: {controller: gatehouse.dev/ingress-controller}\n");
}

void Installation::prepare_issuer() {
  apply_issuer();
  const bool is_ready = wait_until(std::chrono::seconds(30), [this] {
    return has_condition(get("/apis/gatehouse.dev/v1alpha1/clusterissuers/letsencrypt"), "Ready");
  });
  if (!is_ready) give_up("the ClusterIssuer is not ready\n" + logs());
}

namespace {

std::string readiness_at(int port) {
  base::HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(port) + "/readyz";
  const auto answer = base::make_curl_transport({})->send(request, {});
  if (!answer) return answer.error().message;
  return std::to_string(answer->status) + " " + answer->body;
}

}  // namespace

std::string Installation::operator_readiness() const {
  return readiness_at(operator_ports_.at("health"));
}

std::string Installation::proxy_readiness(int proxy) const {
  return readiness_at(proxy_ports_.at(static_cast<std::size_t>(proxy)).at("admin"));
}

base::Result<base::HttpResponse> Installation::send(const std::string& url, int port,
                                                    const std::string& ca_pem) {
  base::CurlOptions options;
  options.ca_pem = ca_pem;
  base::HttpRequest request;
  request.url = url;
  request.timeout = std::chrono::seconds(5);
  request.connect_to = "127.0.0.1:" + std::to_string(port);
  return base::make_curl_transport(options)->send(request, {});
}

base::Result<base::HttpResponse> Installation::fetch(int proxy, const std::string& url) {
  return send(url, proxy_ports_.at(static_cast<std::size_t>(proxy))["https"], root_pem_);
}

base::Result<base::HttpResponse> Installation::fetch_plain(int proxy, const std::string& url) {
  return send(url, proxy_ports_.at(static_cast<std::size_t>(proxy))["http"], "");
}

std::string Installation::operator_url(const std::string& port_name,
                                       const std::string& target) const {
  return Replica{"", nullptr, operator_ports_}.url(port_name, target);
}

std::string Replica::url(const std::string& port_name, const std::string& target) const {
  const std::string scheme = port_name == "control" ? "https" : "http";
  return scheme + "://localhost:" + std::to_string(ports.at(port_name)) + target;
}

std::string Replica::readiness() const {
  return readiness_at(ports.at("health"));
}

std::vector<std::string> Installation::object_writes() const {
  std::vector<std::string> writes;
  for (const auto& write : api_->writes()) {
    if (write.resource.substr(0, 6) == "events" || write.resource.substr(0, 6) == "leases")
      continue;
    if (write.manager == "test") continue;
    writes.push_back(write.verb + " " + write.resource + "/" + write.name);
  }
  return writes;
}

std::vector<json> Installation::events(const std::string& namespace_) {
  const json list = get("/apis/events.k8s.io/v1/namespaces/" + namespace_ + "/events");
  return list.value("items", std::vector<json>());
}

std::string Installation::logs() const {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().extension() != ".log") continue;
    text += "--- " + entry.path().filename().string() + "\n" + read_file(entry.path());
  }
  return text;
}

}  // namespace integration
