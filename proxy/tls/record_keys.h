#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace proxy::tls {

// The cipher suites of TLS 1.3 that a server of ours speaks (RFC 8446 §B.4).
enum class CipherSuite : std::uint8_t {
  aes_128_gcm_sha256,
  aes_256_gcm_sha384,
  chacha20_poly1305_sha256
};
std::size_t key_bytes(CipherSuite suite);
// Of its hash, which is the size of its secrets.
std::size_t hash_bytes(CipherSuite suite);

// A traffic secret (RFC 8446 §7.1) of whatever suite, of which the rest is zero. It wipes what it
// held.
struct TrafficSecret {
  static constexpr std::size_t kBytesMax = 48;  // SHA-384

  TrafficSecret() = default;
  TrafficSecret(const TrafficSecret&) = default;
  TrafficSecret& operator=(const TrafficSecret&) = default;
  ~TrafficSecret();

  std::array<unsigned char, kBytesMax> bytes{};
};

// What records of one direction are protected with (RFC 8446 §7.3), and how many there were. It
// stays where it is: RecordCiphers know it by its place.
struct RecordKeys {
  static constexpr std::size_t kKeyBytesMax = 32;
  static constexpr std::size_t kNonceBytes = 12;
  static constexpr std::uint16_t kNoPlace = 0xffff;
  using Nonce = std::array<unsigned char, kNonceBytes>;
  enum class Use : std::uint8_t { seals, opens };

  RecordKeys(CipherSuite its_suite, Use its_use) : suite(its_suite), use(its_use) {}
  RecordKeys(const RecordKeys&) = delete;
  RecordKeys& operator=(const RecordKeys&) = delete;
  ~RecordKeys() { wipe(); }
  void wipe();

  // Of the next record (RFC 8446 §5.3).
  Nonce nonce() const;

  std::array<unsigned char, kKeyBytesMax> key{};
  Nonce iv{};
  CipherSuite suite;
  Use use;
  std::uint16_t place = kNoPlace;  // RecordCiphers'
  std::uint64_t sequence = 0;
};

// HKDF-Expand-Label (RFC 8446 §7.1) over what OpenSSL was asked for once: to find its functions
// takes longer than to use them. Keeps no secret. One thread.
class KeyExpansion {
 public:
  KeyExpansion();
  ~KeyExpansion();
  KeyExpansion(const KeyExpansion&) = delete;
  KeyExpansion& operator=(const KeyExpansion&) = delete;
  // False: this OpenSSL has no such functions, and nothing else may be called.
  bool is_usable() const { return sha256_ != nullptr && sha384_ != nullptr; }

  // With an empty context, into as many bytes as one hash has at most. False: no memory.
  bool expand(CipherSuite suite, const TrafficSecret& secret, std::string_view label,
              std::span<unsigned char> out);
  // The keys of a secret, for the first record. False: no memory.
  bool derive_keys(const TrafficSecret& secret, RecordKeys& keys);
  // The secret that follows by a KeyUpdate (RFC 8446 §7.2). False: no memory.
  bool advance(CipherSuite suite, TrafficSecret& secret);

 private:
  struct Deleter {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Hmac = std::unique_ptr<evp_mac_ctx_st, Deleter>;
  static Hmac make(const char* hash);

  Hmac sha256_;
  Hmac sha384_;
};

}  // namespace proxy::tls
