#include "proxy/control/followed_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include "proxy/config/wire.h"

namespace proxy::control {

FollowedFile::Stamp FollowedFile::stamp_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

FollowedFile::Stamps FollowedFile::stamps() const {
  Stamps all = {{path_, stamp_of(path_)}};
  for (const std::string& file : named_files_) all.emplace(file, stamp_of(file));
  return all;
}

std::optional<base::Result<config::ProxyConfig>> FollowedFile::check() {
  // Taken before reading: a write during the reading is seen the next time.
  Stamps now = stamps();
  if (last_ && *last_ == now) return std::nullopt;
  auto result = read();
  for (const std::string& file : named_files_) now.try_emplace(file, stamp_of(file));
  // A file that is no longer named is no longer looked at, so it must not be remembered either.
  std::erase_if(now, [&](const auto& entry) {
    return entry.first != path_ &&
           std::find(named_files_.begin(), named_files_.end(), entry.first) == named_files_.end();
  });
  last_ = std::move(now);
  return result;
}

base::Result<config::ProxyConfig> FollowedFile::read() {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    return base::failure(base::ErrorKind::unavailable,
                         path_ + ": cannot be read: " + std::strerror(errno));
  }
  std::stringstream text;
  text << file.rdbuf();
  if (file.bad() || (text.fail() && !text.str().empty())) {
    return base::failure(base::ErrorKind::unavailable, path_ + ": cannot be read");
  }
  named_files_.clear();
  const std::string directory = std::filesystem::path(path_).parent_path().string();
  auto config = config::config_from_json(text.str(), directory, &named_files_);
  if (!config) return base::failure(base::while_doing(path_, std::move(config.error())));
  return config;
}

}  // namespace proxy::control
