#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/http.h"
#include "base/result.h"
#include "proxy/control/snapshot.h"
#include "proxy/control/snapshot_file.h"

namespace proxy::control {

struct ControlOptions {
  std::string url;  // "https://gatehouse-operator.gatehouse-system.svc:9443"
  // Both are read before every request, since CAs and projected tokens rotate; while one cannot be
  // read, its last good content serves.
  std::string ca_file;  // PEM
  std::string token_file;
  std::string name{};  // what the proxy calls itself to the operator
};

// Follows the operator's control API (proxy/config/wire.h) and publishes each state. Never gives
// up: without an operator the last good state stays, for ever.
class ControlClient {
 public:
  // Starts a thread. invalid: the options cannot work (the URL, a file that is not there).
  // Begins with the state that was kept, if there is one: it is published before this returns, and
  // served until the operator answers.
  static base::Result<std::unique_ptr<ControlClient>> start(const ControlOptions& options,
                                                            ConfigSink& sink,
                                                            std::optional<KeptState> kept = {});
  // The same over another transport: given the CA's PEM, again whenever that changes.
  using TransportFactory = std::function<std::unique_ptr<base::HttpTransport>(const std::string&)>;
  static base::Result<std::unique_ptr<ControlClient>> start_with(
      const ControlOptions& options, TransportFactory make_transport, ConfigSink& sink,
      std::optional<KeptState> kept = {});
  virtual ~ControlClient() = default;  // ends the thread at once, also during a poll

  struct Counts {
    std::uint64_t applied = 0;
    std::uint64_t rejected = 0;
    std::uint64_t failed_polls = 0;
  };
  virtual Counts counts() const = 0;  // any thread
};

}  // namespace proxy::control
