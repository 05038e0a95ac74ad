#include "proxy/tls/certificate_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/ip_text.h"
#include "base/key.h"
#include "base/time_text.h"
#include "base/x509.h"
#include "proxy/http/host_name.h"
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
  for (const config::Route& route : host.routes) visit(route.policies->guards);
  for (const config::ExpressionRoute& route : host.expressions) visit(route.policies->guards);
  if (host.default_route) visit(host.default_route->policies->guards);
}

// A set of names as CertificateTable::Shown has it.
template <class Visit>
void for_each_name(std::string_view names, const Visit& visit) {
  while (!names.empty()) {
    const std::size_t end = names.find('\n');
    visit(names.substr(0, end));
    names.remove_prefix(end + 1);
  }
}

std::string names_without(std::string_view names, std::string_view name) {
  std::string others;
  others.reserve(names.size());
  for_each_name(names, [&](std::string_view one) {
    if (one != name) (others += one) += '\n';
  });
  return others;
}

std::string names_with(std::string_view names, std::string_view name) {
  std::string all;
  all.reserve(names.size() + name.size() + 1);
  bool is_in = false;
  const auto add = [&](std::string_view one) { (all += one) += '\n'; };
  for_each_name(names, [&](std::string_view one) {
    if (!is_in && one >= name) {
      add(name);
      is_in = true;
    }
    if (one != name) add(one);
  });
  if (!is_in) add(name);
  return all;
}

bool is_same(const std::shared_ptr<const config::Certificate>& a,
             const std::shared_ptr<const config::Certificate>& b) {
  return a == b || *a == *b;
}

}  // namespace

CertificateEntry::CertificateEntry(std::string id,
                                   std::shared_ptr<const config::Certificate> source,
                                   std::shared_ptr<ParsedCertificates> forms)
    : id_(std::move(id)), source_(std::move(source)), forms_(std::move(forms)) {}

CertificateEntry::CertificateEntry(std::string name, std::shared_ptr<ParsedCertificates> forms)
    : id_(std::move(name)), forms_(std::move(forms)) {}

CertificateEntry::~CertificateEntry() {
  forms_->forget(place_);
}

// With the lock.
base::Result<ParsedCertificates::Form> CertificateEntry::parse() const {
  if (!is_stand_in()) return parse_certificate(*source_, &forms_->issuers());
  if (made_ == nullptr) {
    auto made = make_stand_in(id_);
    if (!made) return base::failure(made.error());
    made_ = std::make_unique<const config::Certificate>(std::move(*made));
  }
  return parse_certificate(*made_);
}

void CertificateEntry::take(const ParsedCertificates::Form& form) const {
  // Read again it is the same, and others may be looking at what is known.
  if (known_.load(std::memory_order_relaxed) == Known::nothing) {
    fingerprint_ = form->fingerprint;
    known_.store(Known::usable, std::memory_order_release);
  }
  forms_->keep(place_, form);
}

ParsedCertificates::Form CertificateEntry::parsed() const {
  if (known_.load(std::memory_order_acquire) == Known::broken) return nullptr;
  if (ParsedCertificates::Form form = forms_->find(place_)) return form;
  const std::lock_guard lock(forms_->reading(place_));
  if (known_.load(std::memory_order_relaxed) == Known::broken) return nullptr;
  if (ParsedCertificates::Form form = forms_->find(place_)) return form;
  auto form = parse();
  if (form) {
    take(*form);
    return *form;
  }
  // One that could be read once has no fault of its own: there was no memory. This handshake fails,
  // and the next tries again.
  if (known_.load(std::memory_order_relaxed) == Known::usable) return nullptr;
  spdlog::error("certificate {} cannot be served, handshakes for its names are refused: {}", id_,
                form.error().message);
  known_.store(Known::broken, std::memory_order_release);
  return nullptr;
}

bool CertificateEntry::is_usable() const {
  const Known known = known_.load(std::memory_order_acquire);
  return known == Known::nothing ? parsed() != nullptr : known == Known::usable;
}

bool CertificateEntry::covers(std::string_view host) const {
  const ParsedCertificates::Form usable = parsed();
  return usable != nullptr && base::covers_host(usable->info(), host);
}

CertificateTable::CertificateTable(const config::ProxyConfig& config,
                                   const CertificateTable* previous, std::size_t parsed_max) {
  if (previous != nullptr) {
    *this = *previous;
  } else {
    forms_ = std::make_shared<ParsedCertificates>(parsed_max);
  }
  stand_ins_ = {};
  follow_certificates(config, previous);
  follow_sni(config);
  follow_hosts(config);
  ask_clients(config);
  config_ = config;
  for (const auto& [token, answer] : config.challenges) {
    stand_in_for(answer->host, previous);
    for (const config::OtherAnswer& other : answer->others) stand_in_for(other.host, previous);
  }
}

void CertificateTable::follow_certificates(const config::ProxyConfig& next,
                                           const CertificateTable* previous) {
  config::ProxyConfig::Section<config::Certificate>::visit_differences(
      config_.certificates, next.certificates,
      [&](const std::string& id, const auto*, const auto* source) {
        refused_.erase(id);
        const auto known = entries_.find(id);
        Shown shown = known == entries_.end() ? Shown() : known->second;
        shown.entry = source == nullptr ? nullptr : next_entry(id, *source, previous);
        const Entry* const entry = source == nullptr ? nullptr : &shown.entry;
        for_each_name(shown.names, [&](std::string_view name) { show(name, entry); });
        keep(id, std::move(shown));
      });
}

void CertificateTable::follow_sni(const config::ProxyConfig& next) {
  decltype(config_.sni)::visit_differences(
      config_.sni, next.sni,
      [&](const std::string& name, const std::string* before, const std::string* after) {
        if (before != nullptr) {
          Shown shown = entries_.at(*before);
          shown.names = names_without(shown.names, name);
          keep(*before, std::move(shown));
        }
        if (after == nullptr) return show(name, nullptr);
        const auto known = entries_.find(*after);
        Shown shown = known == entries_.end() ? Shown() : known->second;
        shown.names = names_with(shown.names, name);
        show(name, shown.entry == nullptr ? nullptr : &shown.entry);  // validate() sees to it
        keep(*after, std::move(shown));
      });
}

void CertificateTable::keep(const std::string& id, Shown shown) {
  if (shown.entry == nullptr && shown.names.empty()) {
    entries_.erase(id);
  } else {
    entries_.insert_or_assign(id, std::move(shown));
  }
}

void CertificateTable::follow_hosts(const config::ProxyConfig& next) {
  config::ProxyConfig::Section<config::VirtualHost>::visit_differences(
      config_.hosts, next.hosts, [&](const std::string& name, const auto*, const auto* host) {
        const bool is_wildcard = name.starts_with("*.");
        auto& own_only = is_wildcard ? own_only_wildcards_ : own_only_;
        const std::string_view key = std::string_view(name).substr(is_wildcard ? 2 : 0);
        if (host != nullptr && (*host)->own_certificate_only) {
          own_only.set(key);
        } else {
          own_only.erase(key);
        }
        auto& policies = is_wildcard ? wildcard_policies_ : policies_;
        const config::TlsPolicy policy =
            host == nullptr ? config::TlsPolicy::intermediate : config::tls_policy_of(**host);
        if (policy == config::TlsPolicy::intermediate) {
          policies.erase(key);
        } else {
          policies.set(key, policy);
        }
      });
}

void CertificateTable::show(std::string_view name, const Entry* entry) {
  const bool is_wildcard = name.starts_with("*.");
  auto& table = is_wildcard ? wildcards_ : exact_;
  const std::string_view key = name.substr(is_wildcard ? 2 : 0);
  if (entry != nullptr) {
    table.set(key, *entry);
  } else {
    table.erase(key);
  }
}

void CertificateTable::ask_clients(const config::ProxyConfig& next) {
  using Hosts = config::ProxyConfig::Section<config::VirtualHost>;
  static const Hosts kNone;
  bool is_anew = authorities_.empty();
  config::ProxyConfig::Section<config::Guards>::visit_differences(
      config_.guards, next.guards,
      [&](const std::string& id, const auto* before, const auto* after) {
        // Ids are made of content, unless a person wrote them: then hosts stay that it concerns.
        is_anew = is_anew || (before != nullptr && after != nullptr);
        authorities_.erase(id);
        if (after == nullptr || !(*after)->client_certificates) return;
        authorities_.insert_or_assign(id, ClientAuthorities::of(*(*after)->client_certificates));
      });
  if (is_anew || authorities_.empty()) requests_ = wildcard_requests_ = {};
  if (authorities_.empty()) return;
  Hosts::visit_differences(
      is_anew ? kNone : config_.hosts, next.hosts,
      [&](const std::string& name, const auto*, const auto* host) {
        const bool is_wildcard = name.starts_with("*.");
        auto& requests = is_wildcard ? wildcard_requests_ : requests_;
        const std::string_view key = std::string_view(name).substr(is_wildcard ? 2 : 0);
        if (host == nullptr) return requests.erase(key);
        CertificateRequest request;
        for_each_guards_id(**host, [&](const std::string& id) {
          const auto found = id.empty() ? authorities_.end() : authorities_.find(id);
          if (found == authorities_.end()) return;
          if (std::find(request.begin(), request.end(), found->second) == request.end()) {
            request.push_back(found->second);
          }
        });
        requests.set(key, std::move(request));
      });
}

const CertificateRequest* CertificateTable::request_of(std::string_view name) const {
  if (requests_.empty() && wildcard_requests_.empty()) return nullptr;
  const auto of = [](const CertificateRequest& request) {
    return request.empty() ? nullptr : &request;
  };
  if (const auto* const found = requests_.find(name)) return of(*found);
  if (const std::string_view domain = http::wildcard_domain(name); !domain.empty()) {
    if (const auto* const found = wildcard_requests_.find(domain)) return of(*found);
  }
  const auto* const any = requests_.find(std::string_view());
  return any == nullptr ? nullptr : of(*any);
}

config::TlsPolicy CertificateTable::policy_of(std::string_view name) const {
  if (policies_.empty() && wildcard_policies_.empty()) return config::TlsPolicy::intermediate;
  if (const config::TlsPolicy* const exact = policies_.find(name)) return *exact;
  const config::TlsPolicy* const any = policies_.find(std::string_view());
  if (wildcard_policies_.empty() && any == nullptr) return config::TlsPolicy::intermediate;
  // A host that says nothing itself is no other's.
  if (config_.hosts.contains(name)) return config::TlsPolicy::intermediate;
  if (const std::string_view domain = http::wildcard_domain(name); !domain.empty()) {
    if (const config::TlsPolicy* const wildcard = wildcard_policies_.find(domain)) return *wildcard;
    if (any != nullptr && config_.hosts.contains("*." + std::string(domain))) {
      return config::TlsPolicy::intermediate;
    }
  }
  return any == nullptr ? config::TlsPolicy::intermediate : *any;
}

void CertificateTable::stand_in_for(const std::string& name, const CertificateTable* previous) {
  // An address is no server name (RFC 6066 §3): who asks for one asks for none, as everybody may.
  if (stand_ins_.size() == kStandInsMax || base::ip_bytes_from_text(name)) return;
  const auto* const configured = find_configured(name);
  if (configured != nullptr && (*configured)->is_usable()) return;
  if (previous != nullptr) {
    if (const Entry* const held = previous->stand_ins_.find(name)) {
      stand_ins_.set(name, *held);
      return;
    }
  }
  if (stand_ins_.contains(name)) return;
  stand_ins_.set(name, std::make_shared<const CertificateEntry>(name, forms_));
}

// The entry of `previous` goes on under this id where its content is the same, or the new content
// is no use.
CertificateTable::Entry CertificateTable::next_entry(
    const std::string& id, const std::shared_ptr<const config::Certificate>& source,
    const CertificateTable* previous) {
  auto fresh = [&] { return std::make_shared<const CertificateEntry>(id, source, forms_); };
  if (previous == nullptr) return fresh();
  const auto known = previous->entries_.find(id);
  Entry held = known == previous->entries_.end() ? nullptr : known->second.entry;
  if (held == nullptr) return fresh();
  if (is_same(held->source(), source)) return held;
  const auto refused = previous->refused_.find(id);
  if (refused == previous->refused_.end() || !is_same(refused->second, source)) {
    const auto form = parse_certificate(*source, &forms_->issuers());
    if (form) {
      auto entry = fresh();
      entry->take(*form);
      return entry;
    }
    const ParsedCertificates::Form before = held->parsed();
    if (before == nullptr) return fresh();
    spdlog::error(
        "certificate {} was changed to one that cannot be served: {}; the one before it "
        "stays in place, until {} ({})",
        id, form.error().message, base::to_rfc3339(before->info().not_after),
        before->info().serial);
  }
  refused_.insert_or_assign(id, source);
  return held;
}

const std::shared_ptr<const CertificateEntry>* CertificateTable::find(std::string_view name) const {
  if (!stand_ins_.empty()) {
    if (const Entry* const found = stand_ins_.find(name)) return found;
  }
  return find_configured(name);
}

const std::shared_ptr<const CertificateEntry>* CertificateTable::find_configured(
    std::string_view name) const {
  if (const Entry* const found = exact_.find(name)) return found;
  if (own_only_.contains(name)) return nullptr;
  if (const std::string_view domain = http::wildcard_domain(name); !domain.empty()) {
    if (const Entry* const found = wildcards_.find(domain)) return found;
    if (own_only_wildcards_.contains(domain)) return nullptr;
  }
  return exact_.find(std::string_view());
}

}  // namespace proxy::tls
