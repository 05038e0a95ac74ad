#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "proxy/admin/access_log.h"
#include "proxy/config/model.h"
#include "proxy/session/engine.h"
#include "tests/support/temporary_directory.h"

namespace proxy::support {

// The engine in this process, on free ports, with short timeouts. It sees at once how late it is by
// a clock that it is given.
class RunningEngine {
 public:
  explicit RunningEngine(const session::Options& options = quick(), std::size_t workers = 1,
                         std::string_view listen_on = "127.0.0.1:0", bool proxy_protocol = false,
                         admin::SpanExport* spans = nullptr, const base::Clock* clock = nullptr);

  // GATEHOUSE_TEST_TLS_RECORDS=own in the environment: as gatehouse-proxy --tls-records own.
  static session::Options quick();
  base::Status publish(const config::ProxyConfig& config);

  session::Engine& engine() { return *engine_; }
  std::uint16_t http() const { return engine_->http_port(); }
  std::uint16_t https() const { return engine_->https_port(); }
  // The value of a metric line that begins so; 0 when there is none.
  double metric(const std::string& name_and_labels) const;
  // The access log so far, once it has `lines` lines.
  std::string access_log(int lines = 1) const;

 private:
  ::support::TemporaryDirectory directory_;
  std::string log_path_ = directory_.path("access.log");
  std::unique_ptr<admin::AccessLog> access_log_;
  std::unique_ptr<session::Engine> engine_;
};

// Polls until it is so, for kPatience at most: for what must happen, since nobody is to wait so
// long to see that it does not.
bool eventually(const std::function<bool()>& is_so);

// True when a number that grew above 0 does not grow any more.
bool comes_to_rest(const std::atomic<std::size_t>& number);

// One host, shop.test, whose every path goes to these ports.
config::ProxyConfig shop(const std::vector<std::uint16_t>& ports, config::Cluster cluster = {});
// Of what shop() made: these guards hold for all of it, or below this path alone, where the bodies
// of requests may be gathered.
void guard_all(config::ProxyConfig& config, const config::Guards& guards);
void guard_below(const std::string& path, config::ProxyConfig& config, const config::Guards& guards,
                 bool gathers = false);
// A self-signed pair for these names.
config::Certificate issue(const std::vector<std::string>& names);
// Serves this certificate under this SNI name.
void add_certificate(config::ProxyConfig& config, const std::string& name,
                     config::Certificate certificate);
std::string serial_of(const config::Certificate& certificate);

}  // namespace proxy::support
