#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "tests/integration/support/child_process.h"

namespace integration {

// Let's Encrypt's test server, the real program, on free ports of 127.0.0.1, with a DNS server
// beside it that answers 127.0.0.1 for every name. Both end with this object. Start it from the
// main thread (see ChildProcess).
class Pebble {
 public:
  struct Options {
    std::string program = debian_program();
    int http_port = 0;          // where HTTP-01 is validated; 0 picks a free port
    int bad_nonce_percent = 0;  // PEBBLE_WFE_NONCEREJECT
    int reuse_percent = 0;      // PEBBLE_AUTHZREUSE
    bool sleeps = false;        // else PEBBLE_VA_NOSLEEP=1
    int alternate_roots = 0;    // PEBBLE_ALTERNATE_ROOTS
    // What newer versions answer as Retry-After; zero: none, so that clients poll at their own
    // pace.
    std::chrono::seconds retry_after{0};
    std::optional<std::chrono::seconds> certificate_lifetime{};
    std::map<std::string, std::string> external_keys{};  // kid -> base64url key; set: required
    std::chrono::milliseconds start_timeout = std::chrono::seconds(20);
  };

  // unavailable: the program is missing or does not come up; the message has the end of its output.
  static base::Result<std::unique_ptr<Pebble>> start(Options options);

  // Debian's package: version 2.4.0.
  static std::string debian_program() { return "/usr/bin/pebble"; }
  // A newer one: $GATEHOUSE_PEBBLE_NEW, else pebble in Go's bin folder. Nothing when there is none.
  static std::optional<std::string> newer_program();

  std::string directory_url() const;
  std::string management_url() const;                    // HTTPS too, same CA
  const std::string& ca_pem() const { return ca_pem_; }  // trust anchor of its own HTTPS
  int http_port() const { return options_.http_port; }
  // The root of the certificates that it issues, from the management port.
  base::Result<std::string> root_pem() const;
  std::string output() const { return pebble_ ? pebble_->output() : ""; }

 private:
  explicit Pebble(Options options) : options_(std::move(options)) {}

  base::Status make_certificate();
  base::Status write_config();
  base::Result<std::string> find_dns_flag(const std::string& program);
  base::Status start_dns();
  base::Status start_pebble();
  base::Status wait_until_ready();

  Options options_;
  TemporaryFolder folder_;
  std::string ca_pem_;
  int port_ = 0;
  int management_port_ = 0;
  int dns_port_ = 0;
  std::unique_ptr<ChildProcess> dns_;
  std::unique_ptr<ChildProcess> pebble_;
};

}  // namespace integration
