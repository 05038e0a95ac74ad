#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/key.h"
#include "base/result.h"
#include "kube/conditions.h"
#include "kube/object.h"

// Our custom resources, gatehouse.dev/v1alpha1, as C++ values (crds/*.yaml is the schema; field
// names follow cert-manager's wherever the meaning is the same).
namespace api {

inline constexpr const char* kGroup = "gatehouse.dev";
inline constexpr const char* kVersion = "v1alpha1";
inline constexpr const char* kFieldManager = "gatehouse-operator";

// A key of a Secret in the issuer's namespace (the operator's own for a ClusterIssuer).
struct SecretKeyRef {
  std::string name;
  std::string key;
  bool operator==(const SecretKeyRef&) const = default;
};

struct ExternalAccountBinding {
  std::string key_id;
  SecretKeyRef key_secret_ref;  // the MAC key, base64url
  bool operator==(const ExternalAccountBinding&) const = default;
};

struct AcmeSpec {
  std::string server;                   // directory URL
  std::string email;                    // empty: no contact
  std::string ca_bundle_pem;            // decoded from base64; empty: the system's trust
  std::string private_key_secret_name;  // empty: "<issuer name>-account-key"
  bool rsa_account_key = false;         // spec.acme.accountKeyAlgorithm: RS256
  bool terms_of_service_agreed = false;
  std::optional<ExternalAccountBinding> external_account_binding;
  std::string preferred_chain;  // common name of the wanted root's issuer; empty: first
  std::string profile;
};

struct AcmeIssuerStatus {
  std::string uri;  // the account's URL
  std::string last_registered_email;
  std::string last_private_key_hash;  // SHA-256 of the account key's thumbprint input, hex
  std::string server;                 // the directory this account belongs to
  std::string terms_of_service;       // the URL that the directory names
  std::vector<std::string> profiles;  // "name: description"
  bool operator==(const AcmeIssuerStatus&) const = default;
};

// An Issuer, or a ClusterIssuer when kind says so; they differ in scope only.
struct Issuer {
  kube::ObjectMeta metadata;
  bool is_cluster_issuer = false;
  std::string problem;  // why it cannot be read, though the definition lets it pass; empty: nothing
  std::string ingress_class;  // of the release in charge; empty: of the one for those without
  AcmeSpec acme;
  std::vector<kube::Condition> conditions;
  AcmeIssuerStatus acme_status;
  std::int64_t observed_generation = 0;

  static const kube::ResourceType& type(bool cluster_issuer);
  // invalid when there is a problem; read() gives the object with it, so that it can be told there.
  static base::Result<Issuer> from_json(const nlohmann::json& object);
  static base::Result<Issuer> read(const nlohmann::json& object);

  bool is_ready() const;
  std::string account_key_secret_name() const;
  // "ClusterIssuer letsencrypt" | "Issuer shop/letsencrypt"
  std::string display_name() const;
};

// The status object alone, ready to be sent.
nlohmann::json status_to_json(const Issuer& issuer);

}  // namespace api
