#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/proxy/support/socket_stream.h"

struct nghttp2_session;

namespace proxy::support {

// HTTP/2 over a TLS stream, for tests: blocking, by libnghttp2's client side.
class Http2Client {
 public:
  struct Answer {
    int status = 0;
    std::map<std::string, std::string> fields;
    std::string body;
    bool ended = false;                // END_STREAM came
    std::uint32_t error = UINT32_MAX;  // of RST_STREAM; UINT32_MAX while the stream is open
    bool is_closed() const { return error != UINT32_MAX; }
  };

  struct Windows {
    std::int32_t window = 65'535;  // of each stream, and of the connection
    bool opens_windows = true;     // again when something was read; else by give_window() alone
  };
  explicit Http2Client(SocketStream stream) : Http2Client(std::move(stream), Windows{}) {}
  Http2Client(SocketStream stream, const Windows& windows);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // Sends the head, and the body when there is one; returns the stream.
  int request(const std::vector<std::pair<std::string, std::string>>& fields,
              const std::string& body = {}, bool endless_body = false);
  int get(const std::string& path, const std::string& authority = "shop.test");
  // Reads until this stream is closed, or the connection is.
  const Answer& wait(int stream);
  // Reads until the connection ends or `until` is so.
  template <class Until>
  void read_until(Until until) {
    while (!until() && turn()) {
    }
  }
  const Answer& answer(int stream) { return answers_[stream]; }  // so far
  // Bytes that were received from the stream by other means.
  bool take(std::string_view bytes);
  void give_window(int stream, std::int32_t bytes);  // to it and to the connection
  void reset(int stream);
  // More of an endless body; `last`: it ends with this.
  void say(int stream, const std::string& data, bool last = false);
  // The end of an endless body, with these fields after it.
  void finish(int stream, const std::vector<std::pair<std::string, std::string>>& trailer);
  void ping();
  std::size_t unsent_body(int stream) const { return bodies_.at(stream).size(); }
  bool flush();
  bool got_goaway() const { return got_goaway_; }
  bool is_over() const { return is_over_; }
  // One flush and one read. False: the connection is over.
  bool turn();
  SocketStream& stream() { return stream_; }

 private:
  friend struct ClientCallbacks;
  SocketStream stream_;
  nghttp2_session* session_ = nullptr;
  std::map<int, Answer> answers_;
  std::map<int, std::string> bodies_;
  std::set<int> ended_bodies_;
  std::map<int, std::vector<std::pair<std::string, std::string>>> trailers_;
  bool got_goaway_ = false;
  bool is_over_ = false;
};

}  // namespace proxy::support
