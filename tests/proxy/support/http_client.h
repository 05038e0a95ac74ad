#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tests/proxy/support/socket_stream.h"

namespace proxy::support {

struct HttpAnswer {
  int status = 0;                             // 0: there was no complete head
  bool complete = false;                      // the body came to its proper end
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
  std::string trailer;  // lines after the last chunk
  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

// HTTP/1 over a stream, for tests: says raw bytes, reads answers by their framing.
class HttpClient {
 public:
  explicit HttpClient(SocketStream stream) : stream_(std::move(stream)) {}
  static HttpClient connect(std::uint16_t port, std::string_view ip = "127.0.0.1") {
    return HttpClient(SocketStream::connect(port, ip));
  }

  bool send(std::string_view bytes) { return stream_.send(bytes); }
  HttpAnswer read_answer(bool head_method = false);
  // "GET path" with this Host.
  HttpAnswer get(const std::string& path, const std::string& host = "shop.test");
  // True once something came that is not read yet; false: the end, or nothing came in time.
  bool wait_for_bytes() { return !pending_.empty() || fill(); }
  // What came and was not read as an answer, then what follows up to `size` bytes in all.
  std::string read_bytes(std::size_t size);
  SocketStream& stream() { return stream_; }

 private:
  bool fill();
  bool read_line(std::string& line);
  void read_chunks(HttpAnswer& answer);

  SocketStream stream_;
  std::string pending_;
};

}  // namespace proxy::support
