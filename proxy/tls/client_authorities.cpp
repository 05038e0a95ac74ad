#include "proxy/tls/client_authorities.h"

#include <map>
#include <utility>

#include <openssl/err.h>
#include <spdlog/spdlog.h>

#include "base/authorities.h"
#include "base/digest.h"

namespace proxy::tls {
namespace {

void free_names(STACK_OF(X509_NAME) * names) {
  sk_X509_NAME_pop_free(names, X509_NAME_free);
}

// Of the content: each part has its own length in it, so that none runs into the other.
std::string key_of(const config::ClientCertificates& config) {
  return base::sha256(base::sha256(config.trusted_pem) + base::sha256(config.revoked_pem));
}

base::Status fill(X509_STORE* store, STACK_OF(X509_NAME) * names, const std::string& trusted,
                  const std::string& revoked) {
  if (auto usable = base::check_authorities(trusted, revoked); !usable) return usable;
  const auto authorities = base::read_authorities(trusted);
  if (!authorities) return base::failure(authorities.error());
  for (const base::X509Ptr& one : *authorities) {
    X509_NAME* const name = X509_NAME_dup(X509_get_subject_name(one.get()));
    if (X509_STORE_add_cert(store, one.get()) != 1 || name == nullptr ||
        sk_X509_NAME_push(names, name) <= 0) {
      X509_NAME_free(name);
      return base::failure(base::ErrorKind::invalid, base::take_openssl_error());
    }
  }
  if (revoked.empty()) return {};
  const auto lists = base::read_revocation_lists(revoked);
  if (!lists) return base::failure(lists.error());
  for (const base::X509CrlPtr& list : *lists) {
    if (X509_STORE_add_crl(store, list.get()) != 1) {
      return base::failure(base::ErrorKind::invalid, base::take_openssl_error());
    }
  }
  // As nginx has it: every authority of a chain must have a list that is of now.
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

}  // namespace

std::shared_ptr<const ClientAuthorities> ClientAuthorities::of(
    const config::ClientCertificates& config) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const ClientAuthorities>> known;
  const std::string key = key_of(config);
  const std::lock_guard lock(mutex);
  const auto found = known.find(key);
  if (found != known.end()) {
    if (auto held = found->second.lock()) return held;
  }
  // Once in so many that looking at all of them costs each next to nothing.
  static std::size_t sweep_at = 64;
  if (known.size() >= sweep_at) {
    std::erase_if(known, [](const auto& one) { return one.second.expired(); });
    sweep_at = 64 + 2 * known.size();
  }
  auto made = std::make_shared<const ClientAuthorities>(config.trusted_pem, config.revoked_pem);
  known[key] = made;
  return made;
}

ClientAuthorities::ClientAuthorities(std::string trusted_pem, std::string revoked_pem)
    : trusted_pem_(std::move(trusted_pem)),
      revoked_pem_(std::move(revoked_pem)),
      names_(sk_X509_NAME_new_null(), free_names) {}

X509_STORE* ClientAuthorities::store() const {
  std::call_once(once_, [this] { read(); });
  return store_.get();
}

const STACK_OF(X509_NAME) * ClientAuthorities::names() const {
  std::call_once(once_, [this] { read(); });
  return names_.get();
}

void ClientAuthorities::read() const {
  ERR_clear_error();
  base::OpensslPtr<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  if (store == nullptr || names_ == nullptr) return;
  const auto filled = fill(store.get(), names_.get(), trusted_pem_, revoked_pem_);
  ERR_clear_error();
  if (filled) {
    store_ = std::move(store);
  } else {
    spdlog::error(
        "authorities for certificates of clients cannot be used, so routes with them are closed: "
        "{}",
        filled.error().message);
  }
}

}  // namespace proxy::tls
