#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/config/model.h"

namespace proxy::control {

// A configuration file and the files that it names. No thread and no time: check() looks when it is
// called.
class FollowedFile {
 public:
  explicit FollowedFile(std::string path) : path_(std::move(path)) {}

  // What the file says, when it or a file that it names changed since the last call (the first call
  // always reads). Nothing: no change. An error is reported once, until something changes again.
  std::optional<base::Result<config::ProxyConfig>> check();

 private:
  // What shows that a file was written or replaced.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // -1: there is no such file
    std::int64_t modified_seconds = 0;
    std::int64_t modified_nanoseconds = 0;
    auto operator<=>(const Stamp&) const = default;
  };
  using Stamps = std::map<std::string, Stamp>;

  static Stamp stamp_of(const std::string& path);
  Stamps stamps() const;
  base::Result<config::ProxyConfig> read();

  std::string path_;
  std::vector<std::string> named_files_;
  std::optional<Stamps> last_;
};

}  // namespace proxy::control
