#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/config/model.h"

namespace proxy::config {

// certificate_hash(), as its bytes: text of it takes five times the room, ten thousand times.
class CertificateHash {
 public:
  // For who asks once for each certificate, and keeps what comes of it.
  static CertificateHash of(const Certificate& certificate);
  // Of a shared certificate, computed once in its life: hashing 10,000 unchanged certificates again
  // for every changed endpoint would be 50 MB each time. Takes some 90 bytes for as long as it
  // lives. Any thread.
  static CertificateHash once_of(const std::shared_ptr<const Certificate>& certificate);
  static CertificateHash of_bytes(std::string_view bytes);  // 32
  // Nothing: it is no such text.
  static std::optional<CertificateHash> read(std::string_view text);

  std::string text() const;
  bool operator==(const CertificateHash&) const = default;

  // Any of its bytes are as good as others.
  struct Hash {
    std::size_t operator()(const CertificateHash& hash) const noexcept {
      std::size_t first = 0;
      std::memcpy(&first, hash.bytes_.data(), sizeof first);
      return first;
    }
  };

 private:
  std::array<char, 32> bytes_{};
};

// The text of once_of().
std::string hash_once(const std::shared_ptr<const Certificate>& certificate);

// The certificates of a section by their hashes, kept up to date by what changes in it. Not
// thread-safe.
class CertificateIndex {
 public:
  // `from` is what it was told last, or no section at all.
  void follow(const ProxyConfig::Section<Certificate>& from,
              const ProxyConfig::Section<Certificate>& to);
  // nullptr: it has no such content.
  std::shared_ptr<const Certificate> find(const std::string& hash) const;

 private:
  struct Entry {
    std::shared_ptr<const Certificate> certificate;
    std::size_t ids = 0;  // that have it
  };
  std::unordered_map<CertificateHash, Entry, CertificateHash::Hash> by_hash_;
};

}  // namespace proxy::config
