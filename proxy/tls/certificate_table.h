#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/shared_map.h"
#include "base/shared_table.h"
#include "proxy/config/model.h"
#include "proxy/config/tls_policy.h"
#include "proxy/tls/parsed_certificates.h"

namespace proxy::tls {

class ClientAuthorities;

// By whom clients of a host are to be verified: of all of its routes that ask for a certificate.
using CertificateRequest = std::vector<std::shared_ptr<const ClientAuthorities>>;

// One certificate of the configuration. Read on first use, by whichever worker needs it first: ten
// thousand that nobody asks for cost nothing but their text. What is read is held as long as
// ParsedCertificates holds it, and read again after that. Any thread.
class CertificateEntry {
 public:
  using Fingerprint = std::array<unsigned char, 32>;

  CertificateEntry(std::string id, std::shared_ptr<const config::Certificate> source,
                   std::shared_ptr<ParsedCertificates> forms);
  // A stand-in for this name, with a key of its own, made on first use.
  CertificateEntry(std::string name, std::shared_ptr<ParsedCertificates> forms);
  ~CertificateEntry();
  CertificateEntry(const CertificateEntry&) = delete;
  CertificateEntry& operator=(const CertificateEntry&) = delete;

  const std::string& id() const { return id_; }  // of a stand-in: the name
  const std::shared_ptr<const config::Certificate>& source() const { return source_; }
  // Self-signed, in place of a certificate that is not there yet: nobody may rely on it, and over
  // it nothing is answered but challenges.
  bool is_stand_in() const { return source_ == nullptr; }
  // False when it cannot be used, see parse_certificate(). That is logged once, with the reason.
  bool is_usable() const;
  // nullptr when it cannot be used. Who needs it for longer than a moment holds it.
  ParsedCertificates::Form parsed() const;
  // SHA-256 of the leaf. Only of what is_usable().
  const Fingerprint& fingerprint() const { return fingerprint_; }
  // False too for a certificate that cannot be used.
  bool covers(std::string_view host) const;

 private:
  friend class CertificateTable;
  // In place of reading it on first use: somebody has.
  void take(const ParsedCertificates::Form& form) const;
  base::Result<ParsedCertificates::Form> parse() const;

  std::string id_;
  std::shared_ptr<const config::Certificate> source_;
  const std::shared_ptr<ParsedCertificates> forms_;

  // It is read once under a lock, ParsedCertificates::reading(), so that of workers that need it at
  // a time only one reads it, and whoever logs that it is no use does so once. What was found out
  // then stays true.
  enum class Known : std::uint8_t { nothing, usable, broken };
  mutable std::atomic<Known> known_{Known::nothing};
  mutable Fingerprint fingerprint_{};  // written before known_ is
  // Of a stand-in: its certificate and key, made once.
  mutable std::unique_ptr<const config::Certificate> made_;
  mutable ParsedCertificates::Place place_;
};
static_assert(sizeof(CertificateEntry) <= 120, "there are ten thousand, and few are in use");

// Server names to certificates. Immutable; any number of threads may ask.
//
// A name with an open challenge and without a certificate that can be served has a stand-in: where
// somebody in front redirects plain http, the ACME server follows to https, and does not judge the
// certificate there (decision 0053). No other name has one.
class CertificateTable {
 public:
  // An operator bounds its orders under way far below this; each costs some 200 bytes until
  // somebody asks for it, and some kilobytes and the making of a key then.
  static constexpr std::size_t kStandInsMax = 10'000;

  // Entries whose content is that of `previous` are shared with it, and keep their parsed form. One
  // that changed is read at once: when it cannot be used, the good one before it stays in its
  // place, and a line of the log says so. Costs what the two configurations do not share, and a
  // look at each open challenge.
  //
  // Without `previous` a certificate is parsed again when `parsed_max` others were needed since;
  // with it what is parsed is held by both tables together.
  explicit CertificateTable(const config::ProxyConfig& config,
                            const CertificateTable* previous = nullptr,
                            std::size_t parsed_max = ParsedCertificates::kHeldMax);

  // By exact name, then by the wildcard of one label, then the default (""); only by exact name
  // where a host says so (VirtualHost::own_certificate_only). `name` is in lower case; empty for a
  // client that names no host. nullptr: the handshake must fail; another host's key is never used.
  const std::shared_ptr<const CertificateEntry>* find(std::string_view name) const;
  std::size_t size() const { return entries_.size(); }
  std::size_t parsed_count() const { return forms_->size(); }
  // What clients that ask for this name are asked to show, by the host that requests for it come
  // to: exact, then a wildcard of one label, then every other host. nullptr: nothing.
  const CertificateRequest* request_of(std::string_view name) const;
  // What TLS is spoken with clients that ask for this name, by the same host.
  config::TlsPolicy policy_of(std::string_view name) const;

 private:
  using Entry = std::shared_ptr<const CertificateEntry>;

  // An entry and the names that it is shown for, each with a line break behind it, in order:
  // mostly there is one.
  struct Shown {
    Entry entry{};
    std::string names{};
    bool operator==(const Shown&) const = default;
  };

  void follow_certificates(const config::ProxyConfig& next, const CertificateTable* previous);
  void follow_sni(const config::ProxyConfig& next);
  void follow_hosts(const config::ProxyConfig& next);
  // nullptr: it has no certificate any more.
  void show(std::string_view name, const Entry* entry);
  void keep(const std::string& id, Shown shown);
  const std::shared_ptr<const CertificateEntry>* find_configured(std::string_view name) const;
  void ask_clients(const config::ProxyConfig& next);
  void stand_in_for(const std::string& name, const CertificateTable* previous);
  Entry next_entry(const std::string& id, const std::shared_ptr<const config::Certificate>& source,
                   const CertificateTable* previous);

  std::shared_ptr<ParsedCertificates> forms_;
  config::ProxyConfig config_;      // that all of this is made of
  base::SharedMap<Shown> entries_;  // by id
  // What could not take the place of a good entry, by id, so that it is judged and told once.
  base::SharedMap<std::shared_ptr<const config::Certificate>> refused_;
  base::SharedTable<Entry> exact_;      // and "" for the default
  base::SharedTable<Entry> wildcards_;  // "shop.example" for "*.shop.example"
  base::SharedTable<Entry> stand_ins_;  // mostly empty
  // The hosts that take no other's certificate, exact ones and wildcards as above.
  struct Nothing {};
  base::SharedTable<Nothing> own_only_;
  base::SharedTable<Nothing> own_only_wildcards_;
  // By the ids of guards that ask clients for certificates.
  base::SharedMap<std::shared_ptr<const ClientAuthorities>> authorities_;
  // Of every host, the wildcards as above and "" for every other one; an empty request is none. All
  // empty where nobody is asked.
  base::SharedTable<CertificateRequest> requests_;
  base::SharedTable<CertificateRequest> wildcard_requests_;
  // Of hosts that are not intermediate, as above: mostly empty.
  base::SharedTable<config::TlsPolicy> policies_;
  base::SharedTable<config::TlsPolicy> wildcard_policies_;
};

}  // namespace proxy::tls
