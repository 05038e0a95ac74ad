#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kube/object.h"

namespace certificate {

// Proxies take over a configuration within a second; those that do not report here are asked then.
inline constexpr std::chrono::seconds kTakeOverMax{2};
// The answers of the proxies wake whoever asked; should they be lost, they are asked for again.
inline constexpr std::chrono::seconds kAnswersLost{10};

// One question, asked to every ready proxy: how many gave the wanted answer, and what is wrong with
// the first others ("10.0.0.7:80: HTTP 404").
struct ProxyAnswers {
  std::size_t ready = 0;  // proxies asked
  std::size_t right = 0;
  std::size_t silent = 0;             // of the others: not reached at all, so they say nothing
  std::vector<std::string> problems;  // bounded; in the order of the addresses

  bool is_all() const { return ready > 0 && right == ready; }
  // Whoever can be reached gave the wanted answer. A proxy that we cannot reach may serve well:
  // what stands between is our trouble, not that of its clients.
  bool is_all_heard() const { return right > 0 && right + silent == ready; }
  bool is_most() const { return 2 * right > ready; }
  // "1/2"
  std::string count() const { return std::to_string(right) + "/" + std::to_string(ready); }
  // "10.0.0.7:80: HTTP 404; 10.0.0.8:80: no answer in 2 s"
  std::string problems_text() const;
  bool operator==(const ProxyAnswers&) const = default;
};

// What the proxies are to do, and what they say that they live by.
enum class Given {
  unknown,     // nothing has been compiled yet
  no,          // their configuration does not have it
  on_its_way,  // it has, and some that report here live by an older one
  taken_over,  // all that report here live by it
};

// What the proxies do, asked from themselves: what a client or the ACME server would see, not what
// somebody promised. Safe to call from many threads; nothing here waits for a proxy.
class DataPlane {
 public:
  virtual ~DataPlane() = default;

  // Changes whenever the set of ready proxies does: what was seen under another value is stale.
  // Empty: none is ready.
  virtual std::string proxies() const = 0;

  // This host's answer to this token. Asked for it earlier a proxy would pass the question on to
  // the Ingress's Pods.
  virtual Given is_given_token(const std::string& host, const std::string& token) const = 0;
  // The certificate with this fingerprint (SHA-256, "04:AB:..."), from this Secret.
  virtual Given is_given_certificate(const kube::ObjectKey& secret,
                                     const std::string& fingerprint) const = 0;

  // The two questions. Nothing returned: the proxies are being asked, and the Certificate that asks
  // is woken to ask again, which gives the answers. A certificate has one question at a time:
  // another one takes its place.

  // GET /.well-known/acme-challenge/<token> for this host at every ready proxy; right is exactly
  // the key authorization (RFC 8555 §8.3).
  virtual std::optional<ProxyAnswers> check_challenge(const kube::ObjectKey& certificate,
                                                      const std::string& host,
                                                      const std::string& token,
                                                      const std::string& key_authorization) = 0;

  // A TLS handshake for this host with every ready proxy; right is this serial ("04:ab:...").
  virtual std::optional<ProxyAnswers> check_serial(const kube::ObjectKey& certificate,
                                                   const std::string& host,
                                                   const std::string& serial) = 0;

  // This Certificate is gone, and asks nothing any more.
  virtual void forget(const kube::ObjectKey& certificate) = 0;
};

// The same questions to whoever waits for the answers; with short limits.
class ProxyQuestions {
 public:
  virtual ~ProxyQuestions() = default;
  virtual ProxyAnswers check_challenge(const std::string& host, const std::string& token,
                                       const std::string& key_authorization) = 0;
  virtual ProxyAnswers check_serial(const std::string& host, const std::string& serial) = 0;
};

}  // namespace certificate
