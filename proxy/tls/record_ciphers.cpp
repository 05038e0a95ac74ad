#include "proxy/tls/record_ciphers.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>

namespace proxy::tls {
namespace {

// RFC 8446 §5.2: what every record of this version says of itself that is protected.
constexpr unsigned char kVersion[] = {3, 3};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void RecordCiphers::CipherDeleter::operator()(evp_cipher_st* cipher) const {
  EVP_CIPHER_free(cipher);
}

void RecordCiphers::ContextDeleter::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

std::unique_ptr<RecordCiphers> RecordCiphers::make(std::size_t places) {
  std::unique_ptr<RecordCiphers> made(new RecordCiphers(places));
  if (!made->is_usable()) made.reset();
  return made;
}

RecordCiphers::RecordCiphers(std::size_t places)
    : aes_128_gcm_(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr)),
      aes_256_gcm_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
      chacha20_poly1305_(EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr)),
      places_max_(std::clamp<std::size_t>(places, 1, RecordKeys::kNoPlace)) {}

RecordCiphers::~RecordCiphers() = default;

bool RecordCiphers::is_usable() const {
  return expansion_.is_usable() && aes_128_gcm_ != nullptr && aes_256_gcm_ != nullptr &&
         chacha20_poly1305_ != nullptr;
}

const evp_cipher_st* RecordCiphers::cipher_of(CipherSuite suite) const {
  switch (suite) {
    case CipherSuite::aes_128_gcm_sha256:
      return aes_128_gcm_.get();
    case CipherSuite::aes_256_gcm_sha384:
      return aes_256_gcm_.get();
    case CipherSuite::chacha20_poly1305_sha256:
      break;
  }
  return chacha20_poly1305_.get();
}

std::uint16_t RecordCiphers::find_place() {
  if (!free_.empty()) {
    const std::uint16_t found = free_.back();
    free_.pop_back();
    return found;
  }
  if (places_.size() < places_max_) {
    places_.emplace_back();
    return static_cast<std::uint16_t>(places_.size() - 1);
  }
  next_ = (next_ + 1) % places_.size();
  return static_cast<std::uint16_t>(next_);
}

evp_cipher_ctx_st* RecordCiphers::take(RecordKeys& keys) {
  // RFC 8446 §5.3: it must not wrap.
  if (keys.sequence == std::numeric_limits<std::uint64_t>::max()) return nullptr;
  const RecordKeys::Nonce nonce = keys.nonce();
  if (keys.place < places_.size() && places_[keys.place].owner == &keys) {
    EVP_CIPHER_CTX* const context = places_[keys.place].context.get();
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), -1) == 1 ? context
                                                                                        : nullptr;
  }
  keys.place = find_place();
  Place& place = places_[keys.place];
  place.owner = &keys;
  const bool has_cipher = place.context != nullptr && place.suite == keys.suite;
  if (place.context == nullptr) place.context.reset(EVP_CIPHER_CTX_new());
  place.suite = keys.suite;
  EVP_CIPHER_CTX* const context = place.context.get();
  // A cipher that stays is not named: it would be made anew.
  const bool is_set_up =
      context != nullptr && EVP_CipherInit_ex(context, has_cipher ? nullptr : cipher_of(keys.suite),
                                              nullptr, keys.key.data(), nonce.data(),
                                              keys.use == RecordKeys::Use::seals ? 1 : 0) == 1;
  if (is_set_up) return context;
  place.owner = nullptr;
  place.context.reset();
  free_.push_back(std::exchange(keys.place, RecordKeys::kNoPlace));
  return nullptr;
}

void RecordCiphers::forget(RecordKeys& keys) {
  const std::uint16_t at = std::exchange(keys.place, RecordKeys::kNoPlace);
  if (at >= places_.size() || places_[at].owner != &keys) return;
  Place& place = places_[at];
  place.owner = nullptr;
  // Another key in its place is cheaper than to wipe it and to make the cipher again.
  constexpr unsigned char kNothing[RecordKeys::kKeyBytesMax] = {};
  if (EVP_CipherInit_ex(place.context.get(), nullptr, nullptr, kNothing, kNothing, -1) != 1) {
    place.context.reset();
  }
  free_.push_back(at);
}

bool RecordCiphers::seal(RecordKeys& keys, ContentType type, std::string_view content, char* out) {
  EVP_CIPHER_CTX* const context = take(keys);
  auto* const record = reinterpret_cast<unsigned char*>(out);
  unsigned char* const sealed = record + kHeaderBytes;
  const std::size_t size = content.size() + 1 + kTagBytes;
  record[0] = static_cast<unsigned char>(ContentType::application_data);
  record[1] = kVersion[0];
  record[2] = kVersion[1];
  record[3] = static_cast<unsigned char>(size >> 8);
  record[4] = static_cast<unsigned char>(size);
  const auto inner_type = static_cast<unsigned char>(type);
  int written = 0;
  const bool is_sealed =
      context != nullptr &&
      EVP_EncryptUpdate(context, nullptr, &written, record, kHeaderBytes) == 1 &&
      (content.empty() || EVP_EncryptUpdate(context, sealed, &written, bytes_of(content),
                                            static_cast<int>(content.size())) == 1) &&
      EVP_EncryptUpdate(context, sealed + content.size(), &written, &inner_type, 1) == 1 &&
      EVP_EncryptFinal_ex(context, sealed + content.size() + 1, &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, sealed + content.size() + 1) ==
          1;
  if (context != nullptr) ++keys.sequence;  // no number protects two records
  if (!is_sealed) ERR_clear_error();
  return is_sealed;
}

bool RecordCiphers::open(RecordKeys& keys, std::string_view record, char* out) {
  if (record.size() < kHeaderBytes + kTagBytes) return false;
  EVP_CIPHER_CTX* const context = take(keys);
  const std::size_t size = record.size() - kHeaderBytes - kTagBytes;
  const unsigned char* const sealed = bytes_of(record) + kHeaderBytes;
  auto* const opened = reinterpret_cast<unsigned char*>(out);
  int written = 0;
  const bool is_opened =
      context != nullptr &&
      EVP_DecryptUpdate(context, nullptr, &written, bytes_of(record), kHeaderBytes) == 1 &&
      (size == 0 ||
       EVP_DecryptUpdate(context, opened, &written, sealed, static_cast<int>(size)) == 1) &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes,
                          const_cast<unsigned char*>(sealed + size)) == 1 &&
      EVP_DecryptFinal_ex(context, opened + size, &written) == 1;
  if (is_opened) ++keys.sequence;
  if (!is_opened) ERR_clear_error();
  return is_opened;
}

}  // namespace proxy::tls
