#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "proxy/control/snapshot.h"

namespace proxy::control {

// The whole configuration from a file, for `gatehouse-proxy --config FILE`. Looks at the file once
// a second and publishes it when it changed; so do the certificate files that it names. A file that
// cannot be read or served is a log line that names the place, and the last good state stays. A
// pair of certificate and key that cannot be served harms its own names only; but at the start,
// while one of the two is not even readable, the sink is told that the state is incomplete.
class FileSource {
 public:
  // Reads and publishes the file before it returns; then a thread follows it. An error: the file
  // is not usable now, at the start.
  static base::Result<std::unique_ptr<FileSource>> start(const std::string& path, ConfigSink& sink);
  virtual ~FileSource() = default;  // ends the thread
};

}  // namespace proxy::control
