#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace kube {

// Where the bearer token of each request comes from. Safe to call from any thread.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // Empty: send no Authorization header.
  virtual base::Result<std::string> token() = 0;
  // The API server answered 401 to this token; true when token() may give another one now.
  virtual bool rejected(const std::string& token) = 0;
};

// A token that never changes; empty for none (a client certificate identifies us).
std::shared_ptr<TokenSource> fixed_token(std::string token);

// A projected ServiceAccount token: the kubelet replaces the file long before the token expires.
// The file is read again when a minute has passed or when the token was rejected. A file that
// cannot be read later keeps the last token; denied when there never was one.
std::shared_ptr<TokenSource> token_file(std::string path, const base::Clock& clock);

}  // namespace kube
