#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/fakes/api_server/misbehaviour.h"
#include "tests/fakes/api_server/write_log.h"

namespace fakes::api_server {

// A Kubernetes API server in memory, for tests and the demo: strict where clients get things wrong
// (versions, conflicts, status, ownership, schemas), and able to misbehave on order.
//
// What it does not do, compared with a real kube-apiserver:
//   - no authorization: every known token may do everything (SelfSubjectAccessReview says so);
//   - no protobuf (so "kubectl create secret" and "kubectl auth can-i" get a 415: apply YAML
//   instead),
//     no HTTP/2, no compression; YAML is read but never written;
//   - no admission: no webhooks, quotas, limits or ServiceAccount injection; ServiceAccounts,
//     EndpointSlices and Pods are plain objects that nothing acts on;
//   - only the kinds of builtin_kinds.cpp and what CustomResourceDefinitions add; subresources
//   other
//     than status and the token of a ServiceAccount (scale, log, ...) are absent; CRD versions are
//     converted by name only;
//   - built-in kinds are validated by the rules in builtin_rules.cpp, not by all of the real ones;
//   - strategic merge is a merge patch with the list keys of builtin_merge_schema.cpp;
//   - no OpenAPI v2, and in v3 only what kubectl needs to apply: no kubectl explain;
//   - CEL is the subset of cel.h; a rule beyond it is refused when its CRD is created, its cost is
//     not estimated; schemas with oneOf, anyOf, allOf or not are refused, and values that were
//     wrong before are not forgiven on updates (no ratcheting);
//   - managedFields sent by a client are ignored, and deletions and orphanings by the garbage
//     collector happen at once and are not in the write log;
//   - continue tokens live until compaction, not by time; resourceVersionMatch=Exact works for the
//     present version only;
//   - nothing is kept on disk; no aggregated discovery, audit, flow control or metrics.
struct ServerOptions {
  std::uint16_t port = 0;
  // How long a watch that allows bookmarks waits for each.
  std::chrono::milliseconds bookmark_interval{60'000};
  struct KnownUser {
    std::string name;
    std::string token;
    std::vector<std::string> groups;
  };
  std::vector<KnownUser> users;
  // For TokenReview: the token is good for the audience.
  struct KnownServiceAccount {
    std::string namespace_;
    std::string name;
    std::string token;
    std::string audience;
  };
  std::vector<KnownServiceAccount> service_accounts;
};

// Owns its threads; its destructor stops them and closes every connection. Thread-safe.
class Server {
 public:
  static base::Result<std::unique_ptr<Server>> start(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;

  std::string url() const;  // https://127.0.0.1:PORT
  const std::string& ca_pem() const;
  const std::string& admin_token() const;
  // For KUBECONFIG: the CA and the admin token are inside it.
  std::string kubeconfig() const;

  // Applies every document as "kubectl apply --server-side --force-conflicts" would, with the field
  // manager "test"; the first that is refused ends it, with the server's words.
  base::Status apply_yaml(const std::string& yaml);

  // One request of the admin without a socket: for setting the scene and looking at it. The answer
  // is the body; a refusal says the Status' message.
  base::Result<std::string> request(const std::string& method, const std::string& target,
                                    const std::string& body = "",
                                    const std::string& content_type = "application/json");

  Misbehaviour& misbehaviour();
  // Forgets the history: a watch from an older version is too old.
  void compact();
  std::vector<Write> writes() const;
  void forget_writes();
  // WriteLog::on_write. Once it returns the listener of before is not called any more.
  void on_write(std::function<void(const Write&)> listener);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fakes::api_server
