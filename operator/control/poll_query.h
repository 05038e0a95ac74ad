#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/result.h"
#include "proxy/config/dialect.h"

namespace control {

// The query of GET /v1/config (proxy/config/wire.h).
struct PollQuery {
  std::string after;               // live in the proxy; empty: nothing
  proxy::config::Dialect dialect;  // what the proxy speaks; it says nothing: the first release's
  std::string proxy;               // what the proxy calls itself; bounded, printable, may be empty
  std::string rejected;            // refused by the proxy; empty: nothing
  std::string doubted;             // the proxy would hear it twice; empty: nothing
  std::string reason;              // why, in the proxy's words; bounded, printable
  std::chrono::milliseconds wait;  // at most kWaitMax
};

inline constexpr std::chrono::seconds kWaitMax{60};

// invalid: says which parameter, and what it may be.
base::Result<PollQuery> read_poll_query(const std::map<std::string, std::string>& query);

}  // namespace control
