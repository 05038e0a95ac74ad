#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "proxy/config/model.h"

namespace proxy::config {

// certificate_hash() of a shared certificate, computed once in its life: hashing 10,000 unchanged
// certificates again for every changed endpoint would be 50 MB each time. Any thread.
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
  std::unordered_map<std::string, Entry> by_hash_;
};

}  // namespace proxy::config
