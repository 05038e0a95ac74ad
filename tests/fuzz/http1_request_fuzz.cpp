#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http1/body_decoder.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"

// Requests: however the bytes arrive the verdict is the same, and what is forwarded is read by a
// strict parser exactly as what was received.
namespace {

using namespace proxy::http;
using namespace proxy::http1;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Parsed {
  RequestParser::Outcome outcome;
  std::size_t head_bytes;
  Failure failure;
};

const Limits kLimits{.request_line_bytes_max = 512, .head_bytes_max = 2048, .fields_max = 16};

// In exact-size copies that grow by `step`, so that every read past the end is seen.
Parsed parse_in_steps(std::string_view bytes, std::size_t step, RequestHead& head,
                      std::unique_ptr<char[]>& storage) {
  RequestParser parser(kLimits);
  auto outcome = RequestParser::Outcome::needs_more;
  for (std::size_t n = 0; n < bytes.size() && outcome == RequestParser::Outcome::needs_more;) {
    n = n + step < bytes.size() ? n + step : bytes.size();
    auto copy = std::make_unique<char[]>(n);
    bytes.copy(copy.get(), n);
    outcome = parser.parse({copy.get(), n}, head);
    storage = std::move(copy);
  }
  return {outcome, parser.head_bytes(), parser.failure()};
}

void check_same(const RequestHead& a, const RequestHead& b) {
  require(a.method_text == b.method_text && a.path == b.path && a.query == b.query &&
          a.host == b.host && a.chunked == b.chunked && a.content_length == b.content_length &&
          a.keep_alive == b.keep_alive && a.upgrade == b.upgrade &&
          a.fields.size() == b.fields.size());
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    require(a.fields[i].name == b.fields[i].name && a.fields[i].value == b.fields[i].value &&
            a.fields[i].dropped == b.fields[i].dropped);
  }
}

// For a parser that drops every mark of a name: is there one framing field at most, and ours?
void check_lenient_framing(std::string_view written, const RequestHead& head) {
  std::string length, encoding;
  while (!written.empty()) {
    const std::string_view line = written.substr(0, written.find("\r\n"));
    written.remove_prefix(std::min(written.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string bare;
    for (const char c : line.substr(0, colon)) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        bare += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    if (bare == "contentlength") length += line.substr(colon + 1);
    if (bare == "transferencoding") encoding += line.substr(colon + 1);
  }
  require(encoding == (head.chunked ? " chunked" : ""));
  require(length == (head.content_length ? " " + std::to_string(*head.content_length) : ""));
}

// The body as it is forwarded ends for a strict decoder where it ended here, with the same bytes.
void check_forwarded_body(const RequestHead& head, std::string_view body) {
  if (!head.chunked) return;
  BodyDecoder decoder = BodyDecoder::for_request(head);
  std::string data, forwarded;
  while (!body.empty() && !decoder.is_done()) {
    const auto piece = decoder.next(body);
    if (piece.failure != Failure::none) return;
    body.remove_prefix(piece.consumed);
    data += piece.data;
    if (piece.data.empty()) continue;
    char size[kChunkHeadBytesMax];
    forwarded.append(size, write_chunk_head(piece.data.size(), size));
    forwarded.append(piece.data).append(kChunkEnd);
  }
  if (!decoder.is_done()) return;
  forwarded += kLastChunk;
  BodyDecoder again = BodyDecoder::for_request(head);
  std::string read;
  std::string_view left = forwarded;
  while (!left.empty() && !again.is_done()) {
    const auto piece = again.next(left);
    require(piece.failure == Failure::none);
    read += piece.data;
    left.remove_prefix(piece.consumed);
  }
  require(again.is_done() && left.empty() && read == data);
}

void check_forwarded(const RequestHead& head) {
  const Forwarding forwarding{.client_address = "203.0.113.9",
                              .scheme = "https",
                              .port = "443",
                              .request_id = "id",
                              .peer_is_trusted = head.path.size() % 2 == 0};
  const std::size_t bound = request_head_bound(head, forwarding);
  const auto out = std::make_unique<char[]>(bound);
  const std::string_view written(out.get(),
                                 write_request_head(head, forwarding, {out.get(), bound}));
  check_lenient_framing(written, head);
  const Limits wide{.request_line_bytes_max = 4096, .head_bytes_max = 16384, .fields_max = 64};
  RequestParser parser(wide);
  RequestHead again;
  require(parser.parse(written, again) == RequestParser::Outcome::complete);
  require(parser.head_bytes() == written.size());
  require(again.method_text == head.method_text && again.path == head.path &&
          again.query == head.query && again.host == head.host && again.chunked == head.chunked &&
          again.content_length == head.content_length && again.upgrade == head.upgrade);
}

void check_body(const RequestHead& head, std::string_view body, std::size_t step) {
  BodyDecoder whole = BodyDecoder::for_request(head);
  BodyDecoder stepped = whole;
  const auto read = [](BodyDecoder& decoder, std::string_view input, std::size_t piece_bytes) {
    std::string data;
    while (!input.empty() && !decoder.is_done()) {
      const auto piece = decoder.next(input.substr(0, piece_bytes));
      data += piece.data;
      if (piece.failure != Failure::none) return data + "failed";
      require(piece.consumed > 0);
      input.remove_prefix(piece.consumed);
    }
    return data + (decoder.is_done() ? "done " + std::to_string(input.size()) : "open");
  };
  require(read(whole, body, body.size()) == read(stepped, body, step));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (bytes.empty()) return 0;

  RequestHead whole_head, stepped_head;
  std::unique_ptr<char[]> whole_storage, stepped_storage;
  const Parsed whole = parse_in_steps(bytes, bytes.size(), whole_head, whole_storage);
  const Parsed stepped = parse_in_steps(bytes, step, stepped_head, stepped_storage);
  require(whole.outcome == stepped.outcome && whole.failure == stepped.failure);
  if (whole.outcome != RequestParser::Outcome::complete) return 0;
  require(whole.head_bytes == stepped.head_bytes);
  check_same(whole_head, stepped_head);
  check_forwarded(whole_head);
  check_body(whole_head, bytes.substr(whole.head_bytes), step);
  check_forwarded_body(whole_head, bytes.substr(whole.head_bytes));
  return 0;
}
