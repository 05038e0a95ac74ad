#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http2/server_session.h"

// The server's side of HTTP/2: whatever a client says, what is owed to it and kept for it is
// bounded by what it said, and the session ends in order.
namespace {

using namespace proxy::http2;

void require(bool holds) {
  if (!holds) std::abort();
}

const Limits kLimits{.concurrent_streams_max = 8,
                     .fields = {.bytes_max = 2'000, .fields_max = 20},
                     .resets_burst = 20,
                     .idle_frames_burst = 50};

class Source;

// Answers as the path says: "/b..." with a body in two parts, "/i..." with an interim head first,
// "/r..." with a reset, and everything else with a head alone.
class FuzzedStream final : public Stream {
 public:
  explicit FuzzedStream(Source& source) : source_(source) {}
  void on_head(RequestText& text, bool) override;
  void on_fields_too_large(RequestText& text) override;
  void on_data(std::string_view data, bool) override;
  void on_sent() override;
  void on_stream_closed(std::string_view) override { require(is_open_ && !(is_open_ = false)); }

 private:
  void respond(bool with_body);

  Source& source_;
  bool is_open_ = true;
  bool gives_body_ = false;
};

class Source final : public StreamSource {
 public:
  std::unique_ptr<Stream> make_stream() override { return std::make_unique<FuzzedStream>(*this); }
  void recycle_stream(std::unique_ptr<Stream>) override {}
  base::SteadyTime now() const override { return base::SteadyTime(std::chrono::seconds(1'000)); }

  ServerSession* session = nullptr;
};

const std::vector<nghttp2_nv>& fields(std::string_view status) {
  static std::string name = ":status", text;
  static std::vector<nghttp2_nv> list(1);
  text = status;
  list[0] = {reinterpret_cast<std::uint8_t*>(name.data()),
             reinterpret_cast<std::uint8_t*>(text.data()), name.size(), text.size(),
             NGHTTP2_NV_FLAG_NONE};
  return list;
}

void FuzzedStream::respond(bool with_body) {
  source_.session->respond(*this, fields("200"), with_body);
  if (with_body) source_.session->append_body(*this, std::string(3'000, 'b'), false);
  gives_body_ = with_body;
}

void FuzzedStream::on_head(RequestText& text, bool) {
  const std::string_view head = text.finish();
  require(head.size() <= kLimits.fields.bytes_max + 64);
  if (text.path().starts_with("/r")) {
    source_.session->reset(*this, ServerSession::Why::internal_error);
    return;
  }
  if (text.path().starts_with("/i")) source_.session->respond_interim(*this, fields("103"));
  respond(text.path().starts_with("/b"));
}

void FuzzedStream::on_fields_too_large(RequestText& text) {
  require(text.capacity() < 4 * kLimits.fields.bytes_max + 4'096);
  if (!gives_body_) source_.session->respond(*this, fields("431"), false);
}

void FuzzedStream::on_data(std::string_view data, bool) {
  if (!data.empty()) source_.session->consume(*this);
}

void FuzzedStream::on_sent() {
  if (!std::exchange(gives_body_, false)) return;
  source_.session->append_body(*this, std::string(3'000, 'b'), true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Source source;
  const std::unique_ptr<ServerSession> session = ServerSession::create(kLimits, source);
  require(session != nullptr);
  source.session = session.get();
  const std::size_t step = 1 + data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Most inputs are more interesting with a preface.
  bool goes_on = session->receive(NGHTTP2_CLIENT_MAGIC);
  std::string out;
  while (goes_on && !bytes.empty()) {
    const std::string piece(bytes.substr(0, step * step));
    bytes.remove_prefix(piece.size());
    // Received in steps of a little work each, it is all taken in the end.
    for (std::string_view left = piece; goes_on && !left.empty();) {
      const auto received = session->receive(left, step % 32 + 1);
      require(received.bytes > 0 && received.bytes <= left.size());
      left.remove_prefix(received.bytes);
      goes_on = received.is_sound;
    }
    require(session->fields_held() <= kLimits.concurrent_streams_max * kLimits.fields.bytes_max);
    // A frame of nine bytes may ask for an answer, or for a reset; a head for a few more.
    require(session->owed() <= 4'096 + 64 * piece.size());
    require(session->stream_count() <= kLimits.concurrent_streams_max);
    require(session->bodies_queued() <= kLimits.concurrent_streams_max * 6'000);
    out.clear();
    goes_on = session->send(out, 64u << 10) && goes_on && !session->is_over();
    session->tell_sent();
  }
  return 0;
}
