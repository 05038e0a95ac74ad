#include "proxy/tls/certificate_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/ip_text.h"
#include "base/key.h"
#include "base/time_text.h"
#include "base/x509.h"
#include "proxy/tls/client_authorities.h"
#include "proxy/tls/parsed_certificate.h"

namespace proxy::tls {
namespace {

// A P-256 key and one signature of it: some 50 microseconds.
base::Result<config::Certificate> make_stand_in(const std::string& name) {
  const auto key = base::PrivateKey::generate({});
  if (!key) return base::failure(key.error());
  base::SelfSignedOptions options;
  // What a person sees who looks at it.
  options.names.common_name = "no certificate yet";
  options.names.dns_names = {name};
  // Orders end within a week (RFC 8555 §7.1.3: at `expires`).
  options.lifetime = std::chrono::hours(24 * 30);
  auto chain = base::make_self_signed(*key, options);
  if (!chain) return base::failure(chain.error());
  return config::Certificate{std::move(*chain), key->to_pem()};
}

template <class Visit>
void for_each_guards_id(const config::VirtualHost& host, const Visit& visit) {
  for (const config::Route& route : host.routes) visit(route.policies.guards);
  for (const config::ExpressionRoute& route : host.expressions) visit(route.policies.guards);
  if (host.default_route) visit(host.default_route->policies.guards);
}

bool is_same(const std::shared_ptr<const config::Certificate>& a,
             const std::shared_ptr<const config::Certificate>& b) {
  return a == b || *a == *b;
}

}  // namespace

CertificateEntry::CertificateEntry(std::string id,
                                   std::shared_ptr<const config::Certificate> source)
    : id_(std::move(id)), source_(std::move(source)) {}

CertificateEntry::CertificateEntry(std::string name) : id_(std::move(name)) {}

CertificateEntry::~CertificateEntry() = default;

base::Result<ParsedCertificate> CertificateEntry::parse() const {
  if (!is_stand_in()) return parse_certificate(*source_);
  const auto made = make_stand_in(id_);
  if (!made) return base::failure(made.error());
  return parse_certificate(*made);
}

const ParsedCertificate* CertificateEntry::parsed() const {
  std::call_once(once_, [this] {
    auto parsed = parse();
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
  for (const auto& [name, host] : config.hosts) {
    if (!host->own_certificate_only) continue;
    if (name.starts_with("*.")) {
      own_only_wildcards_.insert(name.substr(2));
    } else {
      own_only_.insert(name);
    }
  }
  ask_clients(config);
  for (const auto& [token, answer] : config.challenges) {
    stand_in_for(answer->host, previous);
    for (const config::OtherAnswer& other : answer->others) stand_in_for(other.host, previous);
  }
}

void CertificateTable::ask_clients(const config::ProxyConfig& config) {
  ByName<std::shared_ptr<const ClientAuthorities>> by_guards;
  for (const auto& [id, guards] : config.guards) {
    if (!guards->client_certificates) continue;
    by_guards.emplace(id, ClientAuthorities::of(*guards->client_certificates));
  }
  if (by_guards.empty()) return;
  for (const auto& [name, host] : config.hosts) {
    const bool is_wildcard = name.starts_with("*.");
    auto& requests = is_wildcard ? wildcard_requests_ : requests_;
    CertificateRequest& request = requests[is_wildcard ? name.substr(2) : name];
    for_each_guards_id(*host, [&](const std::string& id) {
      const auto found = id.empty() ? by_guards.end() : by_guards.find(id);
      if (found == by_guards.end()) return;
      if (std::find(request.begin(), request.end(), found->second) == request.end()) {
        request.push_back(found->second);
      }
    });
  }
}

const CertificateRequest* CertificateTable::request_of(std::string_view name) const {
  if (requests_.empty() && wildcard_requests_.empty()) return nullptr;
  const auto of = [](const CertificateRequest& request) {
    return request.empty() ? nullptr : &request;
  };
  if (const auto found = requests_.find(name); found != requests_.end()) return of(found->second);
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos && dot > 0) {
    const auto found = wildcard_requests_.find(name.substr(dot + 1));
    if (found != wildcard_requests_.end()) return of(found->second);
  }
  const auto any = requests_.find(std::string_view());
  return any == requests_.end() ? nullptr : of(any->second);
}

void CertificateTable::stand_in_for(const std::string& name, const CertificateTable* previous) {
  // An address is no server name (RFC 6066 §3): who asks for one asks for none, as everybody may.
  if (stand_ins_.size() == kStandInsMax || base::ip_bytes_from_text(name)) return;
  const auto* const configured = find_configured(name);
  if (configured != nullptr && (*configured)->parsed() != nullptr) return;
  if (previous != nullptr) {
    const auto held = previous->stand_ins_.find(name);
    if (held != previous->stand_ins_.end()) {
      stand_ins_.emplace(name, held->second);
      return;
    }
  }
  stand_ins_.emplace(name, std::make_shared<CertificateEntry>(name));
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
  if (!stand_ins_.empty()) {
    const auto found = stand_ins_.find(name);
    if (found != stand_ins_.end()) return &found->second;
  }
  return find_configured(name);
}

const std::shared_ptr<const CertificateEntry>* CertificateTable::find_configured(
    std::string_view name) const {
  if (const auto found = exact_.find(name); found != exact_.end()) return &found->second;
  if (own_only_.contains(name)) return nullptr;
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos && dot > 0) {
    const auto found = wildcards_.find(name.substr(dot + 1));
    if (found != wildcards_.end()) return &found->second;
    if (own_only_wildcards_.contains(name.substr(dot + 1))) return nullptr;
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
