#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/result.h"

// Owners for OpenSSL's types, so that nobody frees by hand. Not for headers that others include
// widely: they take OpenSSL's headers with them.
namespace base {

template <auto free_function>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};

template <class T, auto free_function>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter<free_function>>;

using BioPtr = OpensslPtr<BIO, BIO_free_all>;
using BignumPtr = OpensslPtr<BIGNUM, BN_free>;
using EvpMdCtxPtr = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using EvpPkeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using EvpPkeyCtxPtr = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using SslCtxPtr = OpensslPtr<SSL_CTX, SSL_CTX_free>;
using SslPtr = OpensslPtr<SSL, SSL_free>;
using X509Ptr = OpensslPtr<X509, X509_free>;
using X509ReqPtr = OpensslPtr<X509_REQ, X509_REQ_free>;
using X509ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using GeneralNamesPtr = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;

// Empties this thread's OpenSSL error queue and says what its oldest entry was: the cause, as in
// "asn1: wrong tag". A sentence of its own when the queue was empty.
std::string take_openssl_error();

// The certificate of the first CERTIFICATE block; what follows it is not looked at.
Result<X509Ptr> parse_first_certificate(std::string_view pem);

// All that BIO collected in memory.
std::string read_memory_bio(BIO* bio);

}  // namespace base
