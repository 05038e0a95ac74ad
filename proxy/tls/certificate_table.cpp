#include "proxy/tls/certificate_table.h"

#include <spdlog/spdlog.h>

#include "base/time_text.h"
#include "base/x509.h"
#include "proxy/tls/parsed_certificate.h"

namespace proxy::tls {
namespace {

bool is_same(const std::shared_ptr<const config::Certificate>& a,
             const std::shared_ptr<const config::Certificate>& b) {
  return a == b || *a == *b;
}

}  // namespace

CertificateEntry::CertificateEntry(std::string id,
                                   std::shared_ptr<const config::Certificate> source)
    : id_(std::move(id)), source_(std::move(source)) {}

CertificateEntry::~CertificateEntry() = default;

const ParsedCertificate* CertificateEntry::parsed() const {
  std::call_once(once_, [this] {
    auto parsed = parse_certificate(*source_);
    if (parsed) {
      parsed_ = std::make_unique<const ParsedCertificate>(std::move(*parsed));
    } else {
      spdlog::error("certificate {} cannot be served, handshakes for its names are refused: {}",
                    id_, parsed.error().message);
    }
  });
  return parsed_.get();
}

bool CertificateEntry::covers(std::string_view host) const {
  const ParsedCertificate* usable = parsed();
  return usable != nullptr && base::covers_host(usable->info, host);
}

CertificateTable::CertificateTable(const config::ProxyConfig& config,
                                   const CertificateTable* previous) {
  entries_.reserve(config.certificates.size());
  for (const auto& [id, source] : config.certificates) {
    const auto* kept = previous == nullptr ? nullptr : kept_entry(id, source, *previous);
    entries_.emplace(id, kept != nullptr ? *kept : std::make_shared<CertificateEntry>(id, source));
  }
  for (const auto& [name, id] : config.sni) {
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) continue;  // validate() does not let this through
    if (name.starts_with("*.")) {
      wildcards_.emplace(name.substr(2), entry->second);
    } else {
      exact_.emplace(name, entry->second);
    }
  }
}

// The entry of `previous` that goes on under this id: its content is the same, or the new content
// is no use. nullptr: there is none, or the new one takes its place.
const std::shared_ptr<const CertificateEntry>* CertificateTable::kept_entry(
    const std::string& id, const std::shared_ptr<const config::Certificate>& source,
    const CertificateTable& previous) {
  const auto held = previous.entries_.find(id);
  if (held == previous.entries_.end()) return nullptr;
  if (is_same(held->second->source(), source)) return &held->second;
  const auto refused = previous.refused_.find(id);
  if (refused == previous.refused_.end() || !is_same(refused->second, source)) {
    const auto parsed = parse_certificate(*source);
    if (parsed || held->second->parsed() == nullptr) return nullptr;
    spdlog::error(
        "certificate {} was changed to one that cannot be served: {}; the one before it "
        "stays in place, until {} ({})",
        id, parsed.error().message, base::to_rfc3339(held->second->parsed()->info.not_after),
        held->second->parsed()->info.serial);
  }
  refused_.emplace(id, source);
  return &held->second;
}

const std::shared_ptr<const CertificateEntry>* CertificateTable::find(std::string_view name) const {
  if (const auto found = exact_.find(name); found != exact_.end()) return &found->second;
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos && dot > 0) {
    const auto found = wildcards_.find(name.substr(dot + 1));
    if (found != wildcards_.end()) return &found->second;
  }
  const auto fallback = exact_.find(std::string_view());
  return fallback == exact_.end() ? nullptr : &fallback->second;
}

std::string normal_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string normal(name);
  for (char& c : normal) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return normal;
}

}  // namespace proxy::tls
