#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace certificate {

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

// What the proxies do, asked from themselves: what a client or the ACME server would see, not what
// somebody promised. Blocking with short limits; safe to call from many threads.
class DataPlane {
 public:
  virtual ~DataPlane() = default;

  // Changes whenever the set of ready proxies does: what was seen under another value is stale.
  virtual std::string proxies() const = 0;

  // Whether the proxies that report here live by a configuration that has the answer to this token.
  // Asked earlier they would pass the question on to the Ingress's Pods.
  virtual bool is_taken_over(const std::string& token) const = 0;

  // GET /.well-known/acme-challenge/<token> for this host at every ready proxy; right is exactly
  // the key authorization (RFC 8555 §8.3).
  virtual ProxyAnswers check_challenge(const std::string& host, const std::string& token,
                                       const std::string& key_authorization) = 0;

  // A TLS handshake for this host with every ready proxy; right is this serial ("04:ab:...").
  virtual ProxyAnswers check_serial(const std::string& host, const std::string& serial) = 0;
};

}  // namespace certificate
