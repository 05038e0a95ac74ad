#include "kube/token_source.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "kube/file_text.h"

namespace kube {

namespace {

constexpr std::size_t kTokenBytesMax = 64u << 10;
constexpr std::chrono::minutes kReadEvery{1};

class FixedToken final : public TokenSource {
 public:
  explicit FixedToken(std::string token) : token_(std::move(token)) {}
  base::Result<std::string> token() override { return token_; }
  bool rejected(const std::string&) override { return false; }

 private:
  const std::string token_;
};

class TokenFile final : public TokenSource {
 public:
  TokenFile(std::string path, const base::Clock& clock) : path_(std::move(path)), clock_(clock) {}

  base::Result<std::string> token() override {
    const std::lock_guard lock(mutex_);
    if (!read_at_ || clock_.steady_now() - *read_at_ >= kReadEvery) {
      if (auto read = read_again(); !read && token_.empty()) {
        return base::failure(std::move(read.error()));
      }
    }
    return token_;
  }

  bool rejected(const std::string& token) override {
    const std::lock_guard lock(mutex_);
    // Another thread may have read the new one since.
    if (token == token_) (void)read_again();
    return token != token_;
  }

 private:
  base::Status read_again() {
    auto text = read_file_text(path_, kTokenBytesMax);
    if (!text) return base::failure(base::ErrorKind::denied, std::move(text.error().message));
    // A header value may hold no control characters, and a token has no spaces.
    const auto is_outside = [](unsigned char c) { return c <= ' ' || c >= 0x7f; };
    while (!text->empty() && is_outside(text->back())) text->pop_back();
    if (text->empty() || std::any_of(text->begin(), text->end(), is_outside)) {
      return base::failure(base::ErrorKind::denied, "the file " + path_ + " holds no token");
    }
    token_ = std::move(*text);
    read_at_ = clock_.steady_now();
    return {};
  }

  const std::string path_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::string token_;
  std::optional<base::SteadyTime> read_at_;
};

}  // namespace

std::shared_ptr<TokenSource> fixed_token(std::string token) {
  return std::make_shared<FixedToken>(std::move(token));
}

std::shared_ptr<TokenSource> token_file(std::string path, const base::Clock& clock) {
  return std::make_shared<TokenFile>(std::move(path), clock);
}

}  // namespace kube
