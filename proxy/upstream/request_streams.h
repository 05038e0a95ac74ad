#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/admin/counters.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"
#include "proxy/http2/request_fields.h"
#include "proxy/net/area.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/cluster.h"
#include "proxy/upstream/request_stream.h"

namespace proxy::upstream {

class Http1RequestStream;
class Http2RequestStream;

// What a request asks of its stream. What this points to outlives the stream.
struct StreamWishes {
  const Cluster& cluster;      // of the endpoint: its protocol and its times
  http1::Question question{};  // what the response answers
  std::string_view preface{};  // that a connection of its own begins with
  // Of a gRPC call over HTTP/2: how long it may be silent once it is answered. 0: it is none.
  std::chrono::milliseconds call_idle{0};
};

// Where requests get their streams.
class StreamSource {
 public:
  // On a connection that is there and takes another request; nullptr: there is none.
  virtual RequestStream* take_ready(const std::shared_ptr<Endpoint>& endpoint,
                                    const StreamWishes& wishes, RequestStream::User& user) = 0;
  // On one that is to be made; nullptr: that failed at once (errno says why).
  virtual RequestStream* connect(const std::shared_ptr<Endpoint>& endpoint,
                                 const StreamWishes& wishes, RequestStream::User& user) = 0;

 protected:
  ~StreamSource() = default;
};

// One worker's streams. Those that were released are used again from the next turn on, when nobody
// on the stack is in them any more: a request makes none.
class RequestStreams final : public StreamSource {
 public:
  // Of the worker.
  struct Tools {
    net::Loop& loop;
    admin::WorkerCounters& counters;
    const http1::Limits& limits;  // of responses
    net::Area& area;              // that responses are read into
    std::string& gather;          // for what cannot be put together in place
    http2::RequestFields& fields;
  };

  explicit RequestStreams(const Tools& tools);
  ~RequestStreams();
  RequestStreams(const RequestStreams&) = delete;
  RequestStreams& operator=(const RequestStreams&) = delete;

  RequestStream* take_ready(const std::shared_ptr<Endpoint>& endpoint, const StreamWishes& wishes,
                            RequestStream::User& user) override;
  RequestStream* connect(const std::shared_ptr<Endpoint>& endpoint, const StreamWishes& wishes,
                         RequestStream::User& user) override;

  const Tools& tools() const { return tools_; }
  void give_back(Http1RequestStream& stream);
  void give_back(Http2RequestStream& stream);
  void on_turn_end();
  // Of what is not in use.
  void give_memory_back();

 private:
  template <class Stream>
  struct Kind {
    std::vector<std::unique_ptr<Stream>> spent, free;  // `spent`: since this turn began
  };
  template <class Stream>
  std::unique_ptr<Stream> take(Kind<Stream>& kind);
  // For the next request.
  template <class Stream>
  void keep(Kind<Stream>& kind, std::unique_ptr<Stream> stream);
  template <class Stream>
  void recycle(Kind<Stream>& kind);
  template <class Stream>
  void empty(Kind<Stream>& kind);

  Tools tools_;
  Kind<Http1RequestStream> http1_;
  Kind<Http2RequestStream> http2_;
};

}  // namespace proxy::upstream
