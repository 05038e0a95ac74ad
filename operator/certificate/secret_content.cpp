#include "operator/certificate/secret_content.h"

#include <algorithm>

#include "operator/api/certificate.h"

namespace certificate {

namespace {

void read_chain(SecretContent& content) {
  if (content.chain_pem.empty()) return;
  auto chain = base::read_chain(content.chain_pem);
  if (chain) {
    content.chain_length = static_cast<int>(chain->size());
    content.leaf = std::move(chain->front());
    content.view = base::view_certificate(content.chain_pem).value_or(base::CertificateView{});
  } else {
    content.problem = std::string(kChainKey) + ": " + chain.error().message;
  }
}

void read_key(SecretContent& content) {
  if (content.key_pem.empty()) return;
  auto key = base::PrivateKey::from_pem(content.key_pem);
  if (key) {
    content.private_key = *std::move(key);
  } else if (content.problem.empty()) {
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
  read_chain(content);
  read_key(content);
  if (content.leaf && content.private_key) {
    const base::Status pair = base::check_key_pair(content.chain_pem, content.key_pem);
    if (!pair) content.pair_problem = pair.error().message;
  }
  return content;
}

}  // namespace certificate
