#include "operator/control/file_identity.h"

#include <spdlog/spdlog.h>

#include "base/x509.h"
#include "kube/file_text.h"

namespace control {
namespace {

constexpr auto kLookAgainAfter = std::chrono::seconds(5);

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
  auto chain = kube::read_file_text(chain_file_);
  if (!chain) return base::failure(std::move(chain.error()));
  auto key = kube::read_file_text(key_file_);
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
