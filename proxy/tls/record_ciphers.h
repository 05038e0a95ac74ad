#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/tls/record_keys.h"

struct evp_cipher_st;      // OpenSSL's EVP_CIPHER
struct evp_cipher_ctx_st;  // EVP_CIPHER_CTX

namespace proxy::tls {

// RFC 8446 §5.1.
enum class ContentType : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23
};

// The ciphers that records of one worker's connections are sealed and opened with. A cipher that is
// set up for one key takes a kilobyte, which a connection at rest has no use for; to set it up
// takes a fifth of a microsecond. So there are some, and whoever uses one keeps it until all
// others have had their turn. One thread.
class RecordCiphers {
 public:
  static constexpr std::size_t kHeaderBytes = 5;
  static constexpr std::size_t kTagBytes = 16;
  // What a record is larger than its content.
  static constexpr std::size_t kOverhead = kHeaderBytes + 1 + kTagBytes;
  // Two for each connection that is busy.
  static constexpr std::size_t kPlaces = 256;

  // nullptr: this OpenSSL has not what it takes.
  static std::unique_ptr<RecordCiphers> make(std::size_t places = kPlaces);
  ~RecordCiphers();
  RecordCiphers(const RecordCiphers&) = delete;
  RecordCiphers& operator=(const RecordCiphers&) = delete;

  KeyExpansion& expansion() { return expansion_; }

  // Writes a whole record of content.size() + kOverhead bytes, and counts it. False: it cannot be,
  // and the keys must not be used again.
  bool seal(RecordKeys& keys, ContentType type, std::string_view content, char* out);
  // Writes the content of a whole record, with the type and the padding behind it (RFC 8446 §5.2):
  // record.size() - kHeaderBytes - kTagBytes bytes, and counts it. False: it is not what was
  // sealed, and what was written is worth nothing.
  bool open(RecordKeys& keys, std::string_view record, char* out);
  // Before keys change or end: no cipher is left that knows them.
  void forget(RecordKeys& keys);

 private:
  struct CipherDeleter {
    void operator()(evp_cipher_st* cipher) const;
  };
  struct ContextDeleter {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Cipher = std::unique_ptr<evp_cipher_st, CipherDeleter>;
  struct Place {
    std::unique_ptr<evp_cipher_ctx_st, ContextDeleter> context;
    CipherSuite suite{};
    const RecordKeys* owner = nullptr;
  };

  explicit RecordCiphers(std::size_t places);
  bool is_usable() const;
  const evp_cipher_st* cipher_of(CipherSuite suite) const;
  // Set up for the next record of these keys; nullptr: no memory.
  evp_cipher_ctx_st* take(RecordKeys& keys);
  std::uint16_t find_place();

  KeyExpansion expansion_;
  Cipher aes_128_gcm_, aes_256_gcm_, chacha20_poly1305_;
  std::size_t places_max_;
  std::vector<Place> places_;
  std::vector<std::uint16_t> free_;  // of places_
  std::size_t next_ = 0;             // of places_, to be taken from its owner
};

}  // namespace proxy::tls
