#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kube/resources/secret.h"
#include "operator/api/certificate.h"
#include "operator/certificate/secret_content.h"

// The Secret of a Certificate as server-side apply wants it: all that we own of it, and only that.
// Pure. With a present Secret the object carries its resourceVersion, so that nobody else's write
// in between is undone.
namespace certificate {

// Where a chain comes from.
struct Provenance {
  std::string order_url;
  std::string server;  // the directory URL
};

struct SecretMetadataOptions {
  bool owner_reference = false;
};

// The present pair, if any, with the key of the order under way beside it. The pair is written as
// two empty values when there is none, because kubernetes.io/tls wants both keys to exist.
nlohmann::json secret_with_next_key(const api::Certificate& certificate,
                                    const kube::Secret* present, const std::string& next_key_pem,
                                    SecretMetadataOptions options);

// The new pair; no next key any more.
nlohmann::json secret_with_chain(const api::Certificate& certificate, const kube::Secret* present,
                                 const std::string& chain_pem, const std::string& key_pem,
                                 const Provenance& from, SecretMetadataOptions options);

// The present content with the labels, annotations and owner of now.
nlohmann::json secret_with_new_metadata(const api::Certificate& certificate,
                                        const kube::Secret& present, SecretMetadataOptions options);

// Whether the Secret has the labels and annotations of spec.secretTemplate and the wanted owner.
bool has_wanted_metadata(const api::Certificate& certificate, const kube::Secret& secret,
                         SecretMetadataOptions options);

}  // namespace certificate
