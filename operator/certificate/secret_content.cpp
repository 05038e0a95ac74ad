#include "operator/certificate/secret_content.h"

#include <algorithm>
#include <utility>

#include "base/certificate_chain.h"
#include "operator/api/certificate.h"

namespace certificate {

namespace {

using Chain = std::optional<base::CertificateChain>;

Chain read_chain(SecretContent& content) {
  if (content.chain_pem.empty()) return std::nullopt;
  auto chain = base::CertificateChain::read(content.chain_pem);
  if (!chain) {
    content.problem = std::string(kChainKey) + ": " + chain.error().message;
    return std::nullopt;
  }
  content.chain_length = static_cast<int>(chain->size());
  content.leaf = chain->leaf();
  content.view = chain->view();
  if (const base::Status servable = chain->check_tls(); !servable) {
    content.tls_problem = servable.error().message;
  }
  return *std::move(chain);
}

void read_key(const Chain& chain, SecretContent& content) {
  if (content.key_pem.empty()) return;
  if (chain) {
    const auto key = chain->read_key(content.key_pem);
    if (key) {
      content.key = key->spec;
      return;
    }
    content.pair_problem = key.error().message;
  }
  const auto key = base::PrivateKey::from_pem(content.key_pem);
  if (key) {
    content.key = key->spec();
    return;
  }
  content.pair_problem.clear();
  if (content.problem.empty()) {
    content.problem = std::string(kPrivateKeyKey) + ": " + key.error().message;
  }
}

bool is_marked(const kube::Secret& secret) {
  return std::any_of(secret.metadata.annotations.begin(), secret.metadata.annotations.end(),
                     [](const auto& annotation) {
                       return annotation.first.starts_with("gatehouse.dev/") ||
                              annotation.first.starts_with("cert-manager.io/");
                     });
}

}  // namespace

SecretContent read_content(const kube::Secret& secret) {
  SecretContent content;
  content.chain_pem = secret.value(kChainKey);
  content.key_pem = secret.value(kPrivateKeyKey);
  content.next_key_pem = secret.value(kNextPrivateKeyKey);
  content.order_url = secret.metadata.annotation(kOrderUrlAnnotation);
  content.issuer_name = secret.metadata.annotation(api::kIssuerNameAnnotation);
  content.issuer_kind = secret.metadata.annotation(api::kIssuerKindAnnotation);
  content.server = secret.metadata.annotation(kServerAnnotation);
  content.is_marked = is_marked(secret);
  read_key(read_chain(content), content);
  return content;
}

}  // namespace certificate
