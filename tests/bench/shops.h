#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/key.h"
#include "tests/fakes/acme_server/https_front.h"
#include "tests/integration/operator/installation.h"

namespace bench {

// An installation with many shops, each with an Ingress that asks for a certificate, a Service with
// a slice, a Certificate that is ready and its Secret: a hundred to a namespace. The CA is a fake
// that takes any number of orders. What cannot be done ends the program. Main thread alone.
class Shops {
 public:
  // With an operator, one proxy and an issuer that is ready. operator_program: what is started as
  // an operator, by Installation::start_operators_by(); empty: the operator itself.
  explicit Shops(const std::string& operator_program);

  integration::Installation& installation() { return installation_; }
  fakes::AcmeServer& ca() { return ca_->server(); }

  static std::string namespace_of(int shop) { return "team-" + std::to_string(shop / 100); }
  static std::string host_of(const std::string& name) { return name + ".example.test"; }

  // An Ingress of the first namespace, whose certificate is to be issued, until a proxy serves it
  // and the Certificate says so. Milliseconds from its POST to an answer over verified HTTPS.
  double issue(const std::string& name);
  // So many Ingresses at once, a hundred to a namespace: seconds from the first POST until all
  // Certificates say that they are ready and served.
  double issue_at_once(const std::string& name, int count);
  // So many shops whose certificates were issued, like that of the last one. While no operator
  // runs: its successor finds them, and says in their status what is to be said.
  void add_ready(int count);
  int count() const { return count_; }

  // A host of the first namespace whose certificate somebody else brings, and another one in its
  // place: the fingerprint of what is in the Secret from then on, as CertificateInfo has it.
  std::string add_with_own_certificate(const std::string& name);
  std::string swap_certificate(const std::string& name);

  // Ingresses over plain HTTP. broken: it names a Service that there is none of.
  void add_plain_ingress(const std::string& name, int shop, bool is_broken);
  // A second path for a shop, or for a plain Ingress of it.
  void change_path(int shop, const std::string& path);
  void change_plain_path(const std::string& name, int shop, const std::string& path);
  void change_endpoint(int shop, const std::string& address);
  void remove_ingress(const std::string& name, int shop);

  // What nobody names.
  void add_unrelated_secrets(int count, const std::string& type);
  void add_unrelated_config_maps(int count);
  void add_unrelated_slices(int count);

 private:
  void create(const std::string& path, const nlohmann::json& object);
  nlohmann::json created(const std::string& path, const nlohmann::json& object);
  void need_namespace(const std::string& name);
  void add_service(const std::string& namespace_, const std::string& name);
  struct Pair;
  Pair make_pair(const std::string& host) const;

  base::SystemClock clock_;
  std::unique_ptr<fakes::AcmeFront> ca_;
  integration::Installation installation_;
  base::PrivateKey mint_key_;
  std::string mint_pem_;
  base::PrivateKey leaf_key_;
  std::string last_issued_;
  int count_ = 0;
  int namespaces_ = 0;
  int unrelated_ = 0;
};

// What a process has used.
double processor_ms(int pid);
double resident_mb(int pid);
double resident_peak_mb(int pid);

// The sum of a metric with all its labels, or with those that have this in them.
double metric(const std::string& page, const std::string& name, const std::string& label = "");

}  // namespace bench
