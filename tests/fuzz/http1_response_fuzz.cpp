#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http1/body_decoder.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/response_parser.h"

// Responses: however the bytes arrive the verdict is the same, and what is delivered is read by a
// strict parser with the framing that was meant.
namespace {

using namespace proxy::http;
using namespace proxy::http1;

void require(bool holds) {
  if (!holds) std::abort();
}

const Limits kLimits{.request_line_bytes_max = 512, .head_bytes_max = 2048, .fields_max = 16};

std::string parse_in_steps(std::string_view bytes, std::size_t step, Question question,
                           ResponseHead& head, std::unique_ptr<char[]>& storage) {
  ResponseParser parser(kLimits);
  auto outcome = ResponseParser::Outcome::needs_more;
  for (std::size_t n = 0; n < bytes.size() && outcome == ResponseParser::Outcome::needs_more;) {
    n = n + step < bytes.size() ? n + step : bytes.size();
    auto copy = std::make_unique<char[]>(n);
    bytes.copy(copy.get(), n);
    outcome = parser.parse({copy.get(), n}, question, head);
    storage = std::move(copy);
  }
  if (outcome == ResponseParser::Outcome::needs_more) return "needs more";
  if (outcome == ResponseParser::Outcome::failed) return std::string(reason_of(parser.failure()));
  return "complete " + std::to_string(parser.head_bytes());
}

void check_delivered(const ResponseHead& head, Question question, std::uint8_t client_version) {
  Delivery delivery;
  delivery.client_minor_version = client_version;
  delivery.framing = downstream_framing(head, client_version);
  delivery.keep_alive = delivery.framing != Framing::until_close;
  delivery.date = "Sat, 21 Nov 2026 12:00:00 GMT";
  const std::size_t bound = response_head_bound(head, delivery);
  const auto out = std::make_unique<char[]>(bound);
  const std::string_view written(out.get(),
                                 write_response_head(head, delivery, {out.get(), bound}));
  const Limits wide{.request_line_bytes_max = 4096, .head_bytes_max = 16384, .fields_max = 64};
  ResponseParser parser(wide);
  ResponseHead again;
  require(parser.parse(written, question, again) == ResponseParser::Outcome::complete);
  require(parser.head_bytes() == written.size());
  require(again.status == head.status && again.reason == head.reason);
  require(again.framing == delivery.framing);
  require(again.content_length == head.content_length);
  // What came folded or disguised does not go out so.
  require(again.unfolded.empty());
  for (const Field& field : again.fields) require(!field.dropped);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1 + data[0] % 16;
  const Question question{.head_method = (data[0] & 0x10) != 0,
                          .offered_upgrade = (data[0] & 0x20) != 0 ? "websocket, SPDY/3.1" : ""};
  const auto client_version = static_cast<std::uint8_t>((data[0] & 0x40) != 0 ? 0 : 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  ResponseHead whole_head, stepped_head;
  std::unique_ptr<char[]> whole_storage, stepped_storage;
  const std::string whole =
      parse_in_steps(bytes, bytes.size(), question, whole_head, whole_storage);
  require(whole == parse_in_steps(bytes, step, question, stepped_head, stepped_storage));
  if (!whole.starts_with("complete")) return 0;
  require(whole_head.framing == stepped_head.framing &&
          whole_head.keep_alive == stepped_head.keep_alive &&
          whole_head.content_length == stepped_head.content_length &&
          whole_head.fields.size() == stepped_head.fields.size());
  for (std::size_t i = 0; i < whole_head.fields.size(); ++i) {
    require(whole_head.fields[i].value == stepped_head.fields[i].value);
  }
  check_delivered(whole_head, question, client_version);
  return 0;
}
