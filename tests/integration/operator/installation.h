#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <httplib.h>
#include <nlohmann/json_fwd.hpp>

#include "base/http.h"
#include "tests/fakes/api_server/server.h"
#include "tests/integration/support/child_process.h"
#include "tests/integration/support/pebble.h"

namespace integration {

// Polls until it holds; false when it did not in time.
bool wait_until(std::chrono::milliseconds limit, const std::function<bool()>& holds);

// An Ingress of default/NAME for this host, with TLS from Secret NAME-tls and the backend that an
// Installation has; with_issuer asks its ClusterIssuer for the certificate.
std::string ingress_yaml(const std::string& name, const std::string& host, bool with_issuer = true);

// Whether the object's status has this condition as True.
bool has_condition(const nlohmann::json& object, const std::string& type);

// One of several operators, as the chart runs them: it takes part in the election, and makes the
// control API's certificate itself. Ends before its Installation does.
struct Replica {
  std::string name;
  std::unique_ptr<ChildProcess> process;
  std::map<std::string, int> ports;

  std::string url(const std::string& port_name, const std::string& path) const;
  // "200 ok" and the like; what it says at /readyz.
  std::string readiness() const;
};

// Answers every path with one text.
class Backend {
 public:
  explicit Backend(std::string text);
  ~Backend();
  int port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

// A small cluster with Gatehouse installed: the in-memory API server, the real operator, real
// proxies, Pebble that validates at the first proxy, and one backend (Service default/www, which
// answers "hello"). Everything on free ports of 127.0.0.1; ends with this object.
class Installation {
 public:
  static constexpr const char* kOwnNamespace = "gatehouse-system";
  // Where a second release may be whose proxies are let in.
  static constexpr const char* kSecondNamespace = "second";

  Installation();
  ~Installation();

  // What is started as an operator from then on, with its arguments: a program that runs it under
  // an instrument. It stays the process that it was started as.
  void start_operators_by(std::string program) { operator_program_ = std::move(program); }
  // Each ends the test program with the log of what did not come up.
  void start_operator();
  // Replicas stand instead of start_operator().
  // control_port: that of one that is gone; 0 picks a free one.
  Replica start_replica(int control_port = 0);
  // A replica of a release of its own, in this namespace and with these flags.
  Replica start_release(const std::string& namespace_, std::vector<std::string> flags,
                        int control_port = 0);
  // Whom proxies that are started later follow; else it is the first replica.
  void let_proxies_follow(const Replica& replica) { operator_ports_ = replica.ports; }
  // What the kubelet does: brings the published CA bundle into the file that the proxies of the
  // release in this namespace mount. False when there is none in time, or none other than before.
  bool mount_control_ca(const std::string& namespace_ = kOwnNamespace);
  // More of them, of the release in this namespace.
  void start_proxies(int count, const std::string& namespace_ = kOwnNamespace);
  // SIGTERM, and nobody finds it any more; the numbers of the others stay. One of our own release.
  void stop_proxy(int proxy);
  // Without an http_port of the options it validates at the first proxy.
  void start_pebble(Pebble::Options options = {});
  int proxy_port(int proxy, const std::string& name) const {
    return proxy_ports_.at(static_cast<std::size_t>(proxy)).at(name);
  }
  void kill_operator();  // SIGKILL, and waits
  ChildProcess& operator_process() { return *operator_; }
  ChildProcess& proxy_process(int proxy) { return *proxies_.at(static_cast<std::size_t>(proxy)); }
  Pebble& pebble() { return *pebble_; }

  void apply(const std::string& yaml);
  // A namespace whose Service www is a backend of its own, which answers hello_of() it.
  void apply_tenant(const std::string& namespace_);
  static std::string hello_of(const std::string& namespace_) { return "hello from " + namespace_; }
  // The object, or null.
  nlohmann::json get(const std::string& path);
  // A ClusterIssuer "letsencrypt" of this Pebble, and the IngressClass.
  void apply_issuer();
  // The same, and waits until it is ready.
  void prepare_issuer();

  // A verified HTTPS request through one proxy; an error or the answer.
  base::Result<base::HttpResponse> fetch(int proxy, const std::string& url);
  base::Result<base::HttpResponse> fetch_plain(int proxy, const std::string& url);

  fakes::api_server::Server& api() { return *api_; }
  // A file of this installation: "token" (the proxies' own), "ca.pem" (of the control API);
  // "second-token" and "second-ca.pem" are those of the release in namespace second.
  void write(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return folder_.path() / name; }
  // "200 ok" and the like; what the operator, or this proxy, says at /readyz.
  std::string operator_readiness() const;
  std::string proxy_readiness(int proxy) const;
  std::string operator_url(const std::string& port_name, const std::string& path) const;
  // Writes but those of Events and Leases, as "verb resource/name".
  std::vector<std::string> object_writes() const;
  std::vector<nlohmann::json> events(const std::string& namespace_);
  std::string logs() const;

 private:
  using Ports = std::map<std::string, int>;

  void make_control_certificate();
  std::unique_ptr<ChildProcess> start(std::vector<std::string> command, const std::string& name);
  Ports wait_for_ports(const std::string& name, ChildProcess& process);
  base::Result<base::HttpResponse> send(const std::string& url, int port,
                                        const std::string& ca_pem);
  void apply_backend(const std::string& namespace_, std::string text);
  std::string slice(const std::string& namespace_, const std::string& service,
                    const std::string& name, const std::string& ports) const;

  TemporaryFolder folder_;
  std::unique_ptr<fakes::api_server::Server> api_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::unique_ptr<ChildProcess> operator_;
  const int control_port_ = find_free_port();  // proxies come back to it
  Ports operator_ports_;
  std::vector<std::unique_ptr<ChildProcess>> proxies_;
  std::vector<Ports> proxy_ports_;
  std::unique_ptr<Pebble> pebble_;
  std::string root_pem_;
  int operator_starts_ = 0;
  std::string operator_program_;  // empty: the operator itself
};

}  // namespace integration
