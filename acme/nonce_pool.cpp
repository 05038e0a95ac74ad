#include "acme/nonce_pool.h"

#include "acme/token.h"

namespace acme {

bool is_nonce(std::string_view text) {
  return is_base64url_text(text);
}

void NoncePool::put(std::string_view nonce) {
  if (!is_nonce(nonce)) return;
  const std::lock_guard lock(mutex_);
  if (nonces_.size() == limits_.nonces_max) nonces_.pop_front();
  nonces_.push_back({std::string(nonce), clock_.steady_now()});
}

std::optional<std::string> NoncePool::take() {
  const std::lock_guard lock(mutex_);
  if (nonces_.empty()) return std::nullopt;
  // The newest is the last; when it is too old, so are all.
  if (clock_.steady_now() - nonces_.back().received > limits_.age_max) {
    nonces_.clear();
    return std::nullopt;
  }
  std::string nonce = std::move(nonces_.back().nonce);
  nonces_.pop_back();
  return nonce;
}

std::size_t NoncePool::size() const {
  const std::lock_guard lock(mutex_);
  return nonces_.size();
}

}  // namespace acme
