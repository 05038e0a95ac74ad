#include "proxy/control/credential_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/pem.h"

namespace proxy::control {
namespace {

// A bundle has a few certificates, a token about a kilobyte; a ConfigMap or Secret at most 1 MiB.
constexpr std::size_t kBytesMax = 1u << 20;

}  // namespace

base::Result<std::string> CredentialFile::read_now() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    return base::failure(base::ErrorKind::unavailable,
                         path_ + ": cannot be read: " + std::strerror(errno));
  }
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return base::failure(base::ErrorKind::unavailable, path_ + ": cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.empty()) return base::failure(base::ErrorKind::unavailable, path_ + ": is empty");
  if (text.size() > kBytesMax) {
    return base::failure(base::ErrorKind::unavailable, path_ + ": has more than 1 MiB");
  }
  auto checked = check_(std::move(text));
  if (!checked) {
    return base::failure(base::ErrorKind::unavailable, path_ + ": " + checked.error().message);
  }
  return checked;
}

base::Result<std::string> CredentialFile::read() {
  auto now = read_now();
  if (now) {
    if (!last_problem_.empty()) spdlog::info("{}: can be read again", path_);
    last_problem_.clear();
    last_good_ = *now;
    return now;
  }
  if (last_good_.empty()) return now;
  if (now.error().message != last_problem_) {
    last_problem_ = now.error().message;
    spdlog::warn("{}; what it said before is used meanwhile", last_problem_);
  }
  return last_good_;
}

base::Result<std::string> check_ca_bundle(std::string text) {
  const auto blocks = base::read_pem(text);
  const bool has_certificate =
      blocks && std::any_of(blocks->begin(), blocks->end(), [](const base::PemBlock& block) {
        return block.label == "CERTIFICATE";
      });
  if (has_certificate) return text;
  return base::failure(base::ErrorKind::invalid,
                       "has no CERTIFICATE block (PEM) to verify the operator against");
}

base::Result<std::string> check_token(std::string text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  text = begin == std::string::npos ? std::string()
                                    : text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  // It stands in a header, where nothing outside printable ASCII may.
  const bool is_one = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c > ' ' && c < 0x7f; });
  if (is_one) return text;
  return base::failure(base::ErrorKind::invalid, "must hold one token, without spaces");
}

}  // namespace proxy::control
