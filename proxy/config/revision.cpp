#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "proxy/config/certificate_hashes.h"
#include "proxy/config/fields.h"
#include "proxy/config/wire.h"

namespace proxy::config {
namespace {

// A state as bytes in exactly one way: every text with its length before it, maps in key order.
class Canonical {
 public:
  Canonical& text(std::string_view value) {
    number(value.size());
    bytes_ += value;
    return *this;
  }
  Canonical& number(std::uint64_t value) {
    bytes_ += std::to_string(value);
    bytes_ += ':';
    return *this;
  }
  // Fields beyond the first release follow. No number and no text begins with '+', so what has some
  // never reads like something that has none.
  Canonical& more(std::uint64_t count) {
    bytes_ += '+';
    return number(count);
  }
  std::string digest() const { return base::sha256(bytes_); }
  std::string hash() const { return base::sha256_hex(bytes_); }

 private:
  std::string bytes_;
};

// One add() for each type that a field has.

template <HasFields T>
void add(Canonical& out, const T& value);

void add(Canonical& out, const std::string& value) {
  out.text(value);
}
void add(Canonical& out, const base::PemText& value) {
  out.text(value.text());
}
template <class T>
requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void add(Canonical& out, T value) {
  out.number(static_cast<std::uint64_t>(value));
}
void add(Canonical& out, std::chrono::milliseconds timeout) {
  out.number(static_cast<std::uint64_t>(timeout.count()));
}
void add(Canonical& out, const Endpoint& endpoint) {
  out.text(endpoint.address).number(endpoint.port);
}
void add(Canonical& out, const Network& network) {
  out.text(network.text());
}
void add(Canonical& out, const Action& action) {
  if (const auto* const forward = std::get_if<Forward>(&action)) {
    out.text("cluster").text(forward->cluster);
    return;
  }
  out.text("answer");
  add(out, std::get<FixedAnswer>(action));
}
template <class T>
void add(Canonical& out, const std::vector<T>& list) {
  out.number(list.size());
  for (const T& element : list) add(out, element);
}
template <MayBeMissing T>
void add(Canonical& out, const T& value) {
  out.number(value ? 1 : 0);
  if (value) add(out, *value);
}

// The fields of the first release, each at its place; then the others that are set, by name.
template <HasFields T>
void add(Canonical& out, const T& value) {
  static const T defaults{};
  std::uint64_t more = 0;
  const auto is_more = [](bool in_first_release, const auto& member, const auto& unset) {
    return !in_first_release && !(member == unset);
  };
  for_each_field<T>(
      [&](const auto&, bool in_first_release, const auto& member, const auto& unset) {
        if (in_first_release) add(out, member);
        if (is_more(in_first_release, member, unset)) ++more;
      },
      value, defaults);
  if (more == 0) return;
  out.more(more);
  for_each_field<T>(
      [&](const auto& field, bool in_first_release, const auto& member, const auto& unset) {
        if (!is_more(in_first_release, member, unset)) return;
        out.text(field.name);
        add(out, member);
      },
      value, defaults);
}

template <HasFields T>
std::string content_id(const T& value) {
  // 128 bits: no two lists meet in them by chance, and nobody can choose what they are of.
  constexpr std::size_t kIdHexDigits = 32;
  Canonical out;
  add(out, value);
  return out.hash().substr(0, kIdHexDigits);
}

template <class T>
void add(Canonical& out, std::string_view name, const ProxyConfig::Section<T>& section) {
  out.text(name).number(section.size());
  for (const auto& [key, value] : section) {
    out.text(key);
    add(out, *value);
  }
}

// Hashes by address, for as long as the certificate at that address lives.
class HashMemory {
 public:
  CertificateHash hash_of(const std::shared_ptr<const Certificate>& certificate) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = entries_.find(certificate.get());
      if (found != entries_.end() && found->second.owner.lock() == certificate) {
        return found->second.hash;
      }
    }
    const CertificateHash hash = CertificateHash::of(*certificate);
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= sweep_at_) sweep();
    entries_[certificate.get()] = {certificate, hash};
    return hash;
  }

 private:
  struct Entry {
    std::weak_ptr<const Certificate> owner;
    CertificateHash hash;
  };

  void sweep() {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.owner.expired(); });
    sweep_at_ = 2 * entries_.size() + kSweepAtLeast;
  }

  static constexpr std::size_t kSweepAtLeast = 64;
  std::mutex mutex_;
  std::unordered_map<const Certificate*, Entry> entries_;
  std::size_t sweep_at_ = kSweepAtLeast;
};

}  // namespace

std::string certificate_hash(const Certificate& certificate) {
  Canonical out;
  add(out, certificate);
  return out.hash();
}

CertificateHash CertificateHash::of(const Certificate& certificate) {
  Canonical out;
  add(out, certificate);
  return of_bytes(out.digest());
}

CertificateHash CertificateHash::once_of(const std::shared_ptr<const Certificate>& certificate) {
  static HashMemory memory;
  return memory.hash_of(certificate);
}

CertificateHash CertificateHash::of_bytes(std::string_view bytes) {
  CertificateHash hash;
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.bytes_.size()), hash.bytes_.begin());
  return hash;
}

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::optional<CertificateHash> CertificateHash::read(std::string_view text) {
  CertificateHash hash;
  if (text.size() != 2 * hash.bytes_.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.bytes_.size(); ++i) {
    const int high = digit_of(text[2 * i]);
    const int low = digit_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash.bytes_.at(i) = static_cast<char>(high * 16 + low);
  }
  return hash;
}

std::string CertificateHash::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes_.size());
  for (const char c : bytes_) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string hash_once(const std::shared_ptr<const Certificate>& certificate) {
  return CertificateHash::once_of(certificate).text();
}

namespace {

// An entry's bytes begin with its key's length, and so with a digit.
template <class T>
std::string digest_of_entry(const std::string& key, const std::shared_ptr<const T>& value) {
  Canonical out;
  out.text(key);
  if constexpr (std::is_same_v<T, Certificate>) {
    out.text(CertificateHash::of(*value).text());  // the section asks once, see its digest()
  } else {
    add(out, *value);
  }
  return out.digest();
}

std::string digest_of_name(const std::string& name, const std::string& id) {
  Canonical out;
  out.text(name).text(id);
  return out.digest();
}

// Nothing is said of a section without entries, so that one more changes nothing where it is empty.
template <class Section, class OfEntry>
void add_tree(Canonical& out, std::string_view name, const Section& section,
              const OfEntry& of_entry) {
  if (section.empty()) return;
  out.text(name).number(section.size());
  out.text(Section::bytes_of(section.digest(of_entry)));
}

std::string tree_revision_of(const ProxyConfig& config) {
  // A section more must be added here.
  const auto& [clusters, hosts, certificates, sni, challenges, guards, shapes, arrivals] = config;
  Canonical out;
  add_tree(out, "clusters", clusters, digest_of_entry<Cluster>);
  add_tree(out, "hosts", hosts, digest_of_entry<VirtualHost>);
  add_tree(out, "challenges", challenges, digest_of_entry<ChallengeAnswer>);
  add_tree(out, "certificates", certificates, digest_of_entry<Certificate>);
  add_tree(out, "sni", sni, digest_of_name);
  add_tree(out, "guardSets", guards, digest_of_entry<Guards>);
  add_tree(out, "shapes", shapes, digest_of_entry<Shape>);
  add_tree(out, "arrivals", arrivals, digest_of_entry<Arrivals>);
  return out.hash();
}

}  // namespace

bool is_revision_of(const ProxyConfig& config, const std::string& revision) {
  // The cheap one first.
  return revision == revision_of(config, Revisions::of_tree) ||
         revision == revision_of(config, Revisions::of_list);
}

std::string revision_of(const ProxyConfig& config, Revisions kind) {
  if (kind == Revisions::of_tree) return tree_revision_of(config);
  Canonical out;
  add(out, "clusters", config.clusters);
  add(out, "hosts", config.hosts);
  add(out, "challenges", config.challenges);
  out.text("certificates").number(config.certificates.size());
  for (const auto& [id, certificate] : config.certificates) {
    out.text(id).text(hash_once(certificate));
  }
  out.text("sni").number(config.sni.size());
  for (const auto& [name, id] : config.sni) out.text(name).text(id);
  // As if there were none where there is none: the first release had none.
  if (!config.guards.empty()) add(out, "guardSets", config.guards);
  if (!config.shapes.empty()) add(out, "shapes", config.shapes);
  if (!config.arrivals.empty()) add(out, "arrivals", config.arrivals);
  return out.hash();
}

void CertificateIndex::follow(const ProxyConfig::Section<Certificate>& from,
                              const ProxyConfig::Section<Certificate>& to) {
  using Value = std::shared_ptr<const Certificate>;
  ProxyConfig::Section<Certificate>::visit_differences(
      from, to, [&](const std::string&, const Value* before, const Value* after) {
        if (after != nullptr) {
          Entry& entry = by_hash_[CertificateHash::of(**after)];
          entry.certificate = *after;
          ++entry.ids;
        }
        if (before == nullptr) return;
        const auto old = by_hash_.find(CertificateHash::of(**before));
        if (old != by_hash_.end() && --old->second.ids == 0) by_hash_.erase(old);
      });
}

std::shared_ptr<const Certificate> CertificateIndex::find(const std::string& hash) const {
  const auto known = CertificateHash::read(hash);
  const auto found = known ? by_hash_.find(*known) : by_hash_.end();
  return found == by_hash_.end() ? nullptr : found->second.certificate;
}

std::string guards_id(const Guards& guards) {
  return content_id(guards);
}
std::string shape_id(const Shape& shape) {
  return content_id(shape);
}

}  // namespace proxy::config
