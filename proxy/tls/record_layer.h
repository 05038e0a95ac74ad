#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/byte_queue.h"
#include "proxy/tls/control_messages.h"
#include "proxy/tls/record_ciphers.h"
#include "proxy/tls/record_keys.h"

namespace proxy::tls {

// RFC 8446 §6: those that are told apart here.
enum class Alert : std::uint8_t {
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  illegal_parameter = 47,
  decode_error = 50,
  internal_error = 80,
  user_canceled = 90
};

// All that is left of TLS 1.3 on the server's side when the handshake is over (RFC 8446 §4.6.3, §5,
// §6): records of data, KeyUpdates and alerts. Some 400 bytes, and what came of a record that is
// not whole yet. Bytes in, bytes out; what there is to say to the client is appended to `output`.
// One thread, that of the ciphers, which outlive it.
class RecordLayer {
 public:
  static constexpr std::size_t kContentBytesMax = 1u << 14;
  // RFC 8446 §5.5 allows 2^24.5 full records for a key of AES-GCM.
  static constexpr std::uint64_t kRecordsPerKey = 1u << 24;

  // Where the handshake has left it.
  struct Start {
    CipherSuite suite = CipherSuite::aes_128_gcm_sha256;
    TrafficSecret client_secret{};
    TrafficSecret server_secret{};
    std::uint64_t records_sent = 0;  // with keys of this secret: tickets
    // Less where the client has asked for that (RFC 6066 §4).
    std::size_t content_bytes_max = kContentBytesMax;
    std::uint64_t records_per_key = kRecordsPerKey;
  };
  RecordLayer(RecordCiphers& ciphers, const Start& start);
  ~RecordLayer();
  RecordLayer(const RecordLayer&) = delete;
  RecordLayer& operator=(const RecordLayer&) = delete;

  // Opens records until the ciphertext is used up, `out` has no room for the next or `records`
  // were read, takes what it used off the ciphertext's front, and returns the number of bytes;
  // `records` then says how many records there were, with data or without. What came of the last
  // one is kept.
  std::size_t read(std::string_view& ciphertext, char* out, std::size_t size, std::size_t& records,
                   std::string& output);
  // There is more to read without ciphertext.
  bool has_rest() const { return holds_data_ || holds_record(); }
  bool is_closed_by_peer() const { return is_closed_by_peer_; }
  // Empty: it has not failed.
  std::string_view failure_reason() const { return failure_reason_; }

  // Seals in records as large as they may be. False: it has failed, or said close_notify.
  bool write(std::string_view data, std::string& output);
  void write_close_notify(std::string& output);

  // What it takes, with what it holds.
  std::size_t bytes() const { return sizeof *this + held_.capacity(); }

 private:
  bool is_open() const { return !is_closed_by_peer_ && failure_reason_.empty(); }
  bool holds_record() const;
  // The next record, whole; empty: there is none yet, or none can follow.
  std::string_view next_record(std::string_view& ciphertext, std::string& output);
  bool check_header(std::string_view header, std::string& output);
  std::size_t take_held(char* out, std::size_t size);
  // Of a record's inner plaintext; returns the data in it.
  std::string_view take_inner(std::string_view inner, std::string& output);
  void take_handshake(std::string_view content, std::string& output);
  void take_key_update(bool is_answered, std::string& output);
  void take_alert(std::string_view content, std::string& output);
  void note_control_message();
  bool seal(ContentType type, std::string_view content, std::string& output);
  bool send_key_update(std::string& output);
  bool advance(TrafficSecret& secret, RecordKeys& keys);
  void refuse(Alert alert, std::string& output);
  void fail(std::string_view reason);

  RecordCiphers& ciphers_;
  TrafficSecret client_secret_, server_secret_;
  RecordKeys client_keys_, server_keys_;
  std::uint64_t records_per_key_;
  // A record that is not whole, or was not opened yet; or data that found no room.
  base::ByteQueue held_;
  ControlMessages control_messages_;
  std::string_view failure_reason_;
  std::uint16_t content_bytes_max_;
  // Of a KeyUpdate that came in several records.
  std::uint8_t message_bytes_ = 0;
  std::uint8_t empty_records_ = 0;  // one after another
  bool holds_data_ = false;
  bool is_closed_by_peer_ = false;
  bool has_said_close_ = false;
};

}  // namespace proxy::tls
