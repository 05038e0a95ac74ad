#pragma once

#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/result.h"

namespace control {

// The control endpoint's own certificate, from files that somebody else renews (a mounted Secret).
// Looked at again at most each few seconds; a pair that does not fit keeps the last good one, since
// the two files are not replaced at one moment. Thread-safe.
class FileIdentity {
 public:
  // invalid: a file cannot be read, or the pair does not fit, with the file's name.
  static base::Result<std::shared_ptr<FileIdentity>> open(std::string chain_file,
                                                          std::string key_file,
                                                          const base::Clock& clock);

  base::HttpServer::TlsIdentity get();

 private:
  FileIdentity(std::string chain_file, std::string key_file, const base::Clock& clock)
      : chain_file_(std::move(chain_file)), key_file_(std::move(key_file)), clock_(clock) {}
  base::Result<base::HttpServer::TlsIdentity> read() const;

  const std::string chain_file_;
  const std::string key_file_;
  const base::Clock& clock_;
  std::mutex mutex_;
  base::HttpServer::TlsIdentity identity_;
  base::SteadyTime read_at_{};
  std::string last_problem_;
};

}  // namespace control
