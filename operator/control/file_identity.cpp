#include "operator/control/file_identity.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <spdlog/spdlog.h>

#include "base/x509.h"

namespace control {
namespace {

constexpr auto kLookAgainAfter = std::chrono::seconds(5);
constexpr std::streamoff kFileBytesMax = 1 << 20;

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    return base::failure(base::ErrorKind::invalid,
                         path + " cannot be read: " + std::strerror(errno));
  }
  if (file.tellg() > kFileBytesMax) {
    return base::failure(base::ErrorKind::invalid, path + " is larger than 1 MiB");
  }
  file.seekg(0);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

base::Result<std::shared_ptr<FileIdentity>> FileIdentity::open(std::string chain_file,
                                                               std::string key_file,
                                                               const base::Clock& clock) {
  std::shared_ptr<FileIdentity> identity(
      new FileIdentity(std::move(chain_file), std::move(key_file), clock));
  auto first = identity->read();
  if (!first) return base::failure(std::move(first.error()));
  identity->identity_ = std::move(*first);
  identity->read_at_ = clock.steady_now();
  return identity;
}

base::Result<base::HttpServer::TlsIdentity> FileIdentity::read() const {
  auto chain = read_file(chain_file_);
  if (!chain) return base::failure(std::move(chain.error()));
  auto key = read_file(key_file_);
  if (!key) return base::failure(std::move(key.error()));
  const auto pair = base::check_key_pair(*chain, *key);
  if (!pair) {
    return base::failure(
        base::while_doing(chain_file_ + " and " + key_file_ + " do not make a pair", pair.error()));
  }
  return base::HttpServer::TlsIdentity{std::move(*chain), std::move(*key)};
}

base::HttpServer::TlsIdentity FileIdentity::get() {
  const std::lock_guard lock(mutex_);
  const base::SteadyTime now = clock_.steady_now();
  if (now - read_at_ < kLookAgainAfter) return identity_;
  read_at_ = now;
  auto again = read();
  if (again) {
    identity_ = std::move(*again);
    last_problem_.clear();
  } else if (again.error().message != last_problem_) {
    last_problem_ = again.error().message;
    spdlog::warn("reading the control endpoint's certificate again: {}; the last good one stays",
                 last_problem_);
  }
  return identity_;
}

}  // namespace control
