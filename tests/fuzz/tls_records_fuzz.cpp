#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/tls/record_layer.h"

// A client after its handshake that has the keys and says what it likes: whatever is in its
// records, and whatever is none, means the same however the bytes arrive and in whatever room they
// are read; and what is kept of it is bounded.
namespace {

using namespace proxy::tls;

void require(bool holds) {
  if (!holds) std::abort();
}

RecordCiphers& ciphers() {
  static const std::unique_ptr<RecordCiphers> made = RecordCiphers::make(4);
  return *made;
}

TrafficSecret secret_of(unsigned char byte) {
  TrafficSecret secret;
  secret.bytes.fill(byte);
  return secret;
}

class Client {
 public:
  explicit Client(CipherSuite suite) : keys_(suite, RecordKeys::Use::seals) {
    require(ciphers().expansion().derive_keys(secret_, keys_));
  }
  ~Client() { ciphers().forget(keys_); }

  // `inner`: content, type and padding.
  std::string sealed(std::string_view inner) {
    if (inner.empty()) return {};
    std::string record(inner.size() - 1 + RecordCiphers::kOverhead, '\0');
    require(ciphers().seal(keys_, static_cast<ContentType>(inner.back()),
                           inner.substr(0, inner.size() - 1), record.data()));
    return record;
  }
  void advance() {
    ciphers().forget(keys_);
    require(ciphers().expansion().advance(keys_.suite, secret_));
    require(ciphers().expansion().derive_keys(secret_, keys_));
  }

 private:
  TrafficSecret secret_ = secret_of(1);
  RecordKeys keys_;
};

// What the input says, on the wire: a byte for what comes, a length for that, and its bytes.
std::string on_the_wire(CipherSuite suite, std::string_view input) {
  Client client(suite);
  std::string all;
  while (input.size() >= 2 && all.size() < (64u << 10)) {
    const auto kind = static_cast<unsigned char>(input[0]);
    const std::string_view bytes = input.substr(2, static_cast<unsigned char>(input[1]));
    input.remove_prefix(2 + bytes.size());
    switch (kind % 7) {
      case 0:  // data
        all += client.sealed(std::string(bytes) + '\x17');
        break;
      case 1:  // whatever it is
        all += client.sealed(bytes);
        break;
      case 2:  // KeyUpdate
        all += client.sealed(std::string("\x18\0\0\1", 4) + (kind & 0x80 ? '\1' : '\0') + '\x16');
        client.advance();
        break;
      case 3:  // not protected at all
        all += bytes;
        break;
      case 4:  // a message, or a part of one
        all += client.sealed(std::string(bytes) + '\x16');
        break;
      case 5:
        all += client.sealed(std::string(bytes) + '\x15');
        break;
      case 6:  // much
        all += client.sealed(std::string((kind >> 3) * 529u, 'm') + '\x17' +
                             std::string(bytes.size(), '\0'));
        break;
    }
  }
  return all;
}

struct Heard {
  std::string data;
  std::string said;
  std::string_view failure;
  bool is_closed = false;
  bool operator==(const Heard&) const = default;
};

Heard hear(CipherSuite suite, std::string_view wire, std::size_t step, std::size_t room,
           std::size_t records_max) {
  RecordLayer layer(ciphers(),
                    {.suite = suite, .client_secret = secret_of(1), .server_secret = secret_of(2)});
  Heard heard;
  // In memory of exactly these sizes, for AddressSanitizer.
  auto out = std::make_unique<char[]>(room);
  for (std::size_t at = 0; at < wire.size(); at += step) {
    const std::string_view part = wire.substr(at, step);
    auto copy = std::make_unique<char[]>(part.size());
    part.copy(copy.get(), part.size());
    std::string_view left(copy.get(), part.size());
    for (;;) {
      const std::size_t before = left.size();
      const bool had_rest = layer.has_rest();
      std::size_t records = records_max;
      const std::size_t count = layer.read(left, out.get(), room, records, heard.said);
      require(count <= room && records <= records_max);
      heard.data.append(out.get(), count);
      // A record, as it grows; or what was in one.
      require(layer.bytes() <= sizeof layer + 2 * (RecordLayer::kContentBytesMax + 512));
      const bool has_ended = layer.is_closed_by_peer() || !layer.failure_reason().empty();
      if (has_ended && !layer.has_rest()) break;
      if (left.empty() && !layer.has_rest()) break;
      require(count > 0 || records > 0 || left.size() < before || had_rest != layer.has_rest());
    }
  }
  heard.failure = layer.failure_reason();
  heard.is_closed = layer.is_closed_by_peer();
  if (heard.failure.empty()) require(layer.write("answer", heard.said));
  layer.write_close_notify(heard.said);
  require(!layer.write("more", heard.said));
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto suite = static_cast<CipherSuite>(data[0] % 3);
  const std::size_t room = 1 + data[1] * std::size_t{97};
  const std::size_t step = 1 + data[2] * std::size_t{61};
  const std::string wire = on_the_wire(suite, {reinterpret_cast<const char*>(data) + 3, size - 3});
  const Heard at_once =
      hear(suite, wire, wire.size() + 1, wire.size() + RecordLayer::kContentBytesMax + 1, 10'000);
  require(hear(suite, wire, step, room, 3) == at_once);
  return 0;
}
