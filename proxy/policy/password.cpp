#include "proxy/policy/password.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/base64url.h"
#include "proxy/config/password_hash.h"

namespace proxy::policy {
namespace {

using config::PasswordScheme;

bool are_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

using Md5 = std::array<unsigned char, 16>;

class Md5Sum {
 public:
  Md5Sum() : context_(EVP_MD_CTX_new()) {
    is_sound_ = context_ != nullptr && EVP_DigestInit_ex(context_, EVP_md5(), nullptr) == 1;
  }
  ~Md5Sum() { EVP_MD_CTX_free(context_); }
  Md5Sum(const Md5Sum&) = delete;
  Md5Sum& operator=(const Md5Sum&) = delete;

  void add(std::string_view bytes) {
    is_sound_ = is_sound_ && EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1;
  }
  // Its first bytes.
  void add(const Md5& sum, std::size_t count) {
    add({reinterpret_cast<const char*>(sum.data()), count});
  }
  // False: the library failed.
  bool finish(Md5& sum) {
    return is_sound_ && EVP_DigestFinal_ex(context_, sum.data(), nullptr) == 1;
  }

 private:
  EVP_MD_CTX* context_;
  bool is_sound_ = false;
};

constexpr std::string_view kApr1 = "$apr1$";

// Six bits at a time, the lowest first.
void append_digits(std::uint32_t bits, int count, std::string& out) {
  constexpr std::string_view kDigits =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < count; ++i) {
    out += kDigits[bits & 63];
    bits >>= 6;
  }
}

std::string encoded(const Md5& sum) {
  const auto bits = [&](std::size_t a, std::size_t b, std::size_t c) {
    return std::uint32_t{sum[a]} << 16 | std::uint32_t{sum[b]} << 8 | sum[c];
  };
  std::string out;
  append_digits(bits(0, 6, 12), 4, out);
  append_digits(bits(1, 7, 13), 4, out);
  append_digits(bits(2, 8, 14), 4, out);
  append_digits(bits(3, 9, 15), 4, out);
  append_digits(bits(4, 10, 5), 4, out);
  append_digits(sum[11], 2, out);
  return out;
}

// Apache's apr_md5_encode(), which is MD5-crypt with another word in the first sum. Empty: the
// library failed.
std::string apr1_of(std::string_view password, std::string_view salt) {
  Md5 sum{};
  Md5Sum inner;
  inner.add(password);
  inner.add(salt);
  inner.add(password);
  if (!inner.finish(sum)) return {};
  Md5Sum outer;
  outer.add(password);
  outer.add(kApr1);
  outer.add(salt);
  for (std::size_t left = password.size(); left > 0; left -= std::min(left, sum.size())) {
    outer.add(sum, std::min(left, sum.size()));
  }
  for (std::size_t i = password.size(); i > 0; i >>= 1) {
    outer.add((i & 1) != 0 ? std::string_view("\0", 1) : password.substr(0, 1));
  }
  if (!outer.finish(sum)) return {};
  constexpr int kRounds = 1000;
  for (int i = 0; i < kRounds; ++i) {
    Md5Sum round;
    if (i % 2 != 0) {
      round.add(password);
    } else {
      round.add(sum, sum.size());
    }
    if (i % 3 != 0) round.add(salt);
    if (i % 7 != 0) round.add(password);
    if (i % 2 != 0) {
      round.add(sum, sum.size());
    } else {
      round.add(password);
    }
    if (!round.finish(sum)) return {};
  }
  return encoded(sum);
}

bool is_apr1(std::string_view password, std::string_view hash) {
  const std::string_view rest = hash.substr(kApr1.size());
  const std::size_t dollar = rest.find('$');
  const std::string made = apr1_of(password, rest.substr(0, dollar));
  return !made.empty() && are_equal(made, rest.substr(dollar + 1));
}

bool is_sha1(std::string_view password, std::string_view hash) {
  constexpr std::size_t kBytes = 20;
  const auto wanted = base::base64_decode(hash.substr(std::string_view("{SHA}").size()));
  std::array<char, kBytes> sum{};
  if (!wanted ||
      EVP_Digest(password.data(), password.size(), reinterpret_cast<unsigned char*>(sum.data()),
                 nullptr, EVP_sha1(), nullptr) != 1) {
    return false;
  }
  return are_equal({sum.data(), sum.size()}, *wanted);
}

}  // namespace

PasswordHasher::PasswordHasher() : scratch_(std::make_unique<crypt_data>()) {}

PasswordHasher::~PasswordHasher() = default;

bool PasswordHasher::matches(std::string_view password, const std::string& hash) {
  const config::PasswordHash read = config::read_password_hash(hash);
  if (!read.problem.empty()) return false;
  // What C takes for the end of a text would be compared no further.
  if (password.size() > kPasswordBytesMax || password.find('\0') != std::string_view::npos) {
    return false;
  }
  if (read.scheme == PasswordScheme::apr1) return is_apr1(password, hash);
  if (read.scheme == PasswordScheme::sha1) return is_sha1(password, hash);
  std::string text(password);
  const char* const made = ::crypt_rn(text.c_str(), hash.c_str(), scratch_.get(), sizeof *scratch_);
  const bool is_right = made != nullptr && are_equal(made, hash);
  OPENSSL_cleanse(text.data(), text.size());
  OPENSSL_cleanse(scratch_.get(), sizeof *scratch_);
  return is_right;
}

}  // namespace proxy::policy
