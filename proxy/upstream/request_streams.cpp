#include "proxy/upstream/request_streams.h"

#include <cerrno>
#include <utility>

#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/http1_request_stream.h"
#include "proxy/upstream/http2_connection.h"
#include "proxy/upstream/http2_request_stream.h"

namespace proxy::upstream {
namespace {

// As many as a worker keeps exchanges for.
constexpr std::size_t kFreeMax = 512;

}  // namespace

RequestStreams::RequestStreams(const Tools& tools) : tools_(tools) {}

RequestStreams::~RequestStreams() = default;

RequestStream* RequestStreams::take_ready(const std::shared_ptr<Endpoint>& endpoint,
                                          const StreamWishes& wishes, RequestStream::User& user) {
  if (wishes.cluster.config().speaks_http2) {
    Http2Connection* const carrier = endpoint->http2_with_room();
    if (carrier == nullptr) return nullptr;
    tools_.counters.upstream_reused.add();
    Http2RequestStream* const stream = take(http2_).release();
    stream->begin(*carrier, wishes, user);
    return stream;
  }
  if (!endpoint->has_idle()) return nullptr;
  std::unique_ptr<Http1RequestStream> stream = take(http1_);
  if (stream->begin_on_idle(*endpoint, wishes, user)) return stream.release();
  keep(http1_, std::move(stream));
  return nullptr;
}

RequestStream* RequestStreams::connect(const std::shared_ptr<Endpoint>& endpoint,
                                       const StreamWishes& wishes, RequestStream::User& user) {
  const config::Cluster& config = wishes.cluster.config();
  if (config.speaks_http2) {
    Http2Connection* const carrier =
        Endpoint::connect_http2(endpoint, tools_.loop, config.connect_timeout, config.send_timeout);
    if (carrier == nullptr) return nullptr;
    Http2RequestStream* const stream = take(http2_).release();
    stream->begin(*carrier, wishes, user);
    return stream;
  }
  std::unique_ptr<Http1RequestStream> stream = take(http1_);
  if (stream->begin_on_new(endpoint, wishes, user)) return stream.release();
  const int why = errno;
  keep(http1_, std::move(stream));
  errno = why;  // what the caller answers by
  return nullptr;
}

void RequestStreams::give_back(Http1RequestStream& stream) {
  http1_.spent.emplace_back(&stream);
}

void RequestStreams::give_back(Http2RequestStream& stream) {
  http2_.spent.emplace_back(&stream);
}

void RequestStreams::on_turn_end() {
  if (!http1_.spent.empty()) recycle(http1_);
  if (!http2_.spent.empty()) recycle(http2_);
}

void RequestStreams::give_memory_back() {
  empty(http1_);
  empty(http2_);
}

template <class Stream>
std::unique_ptr<Stream> RequestStreams::take(Kind<Stream>& kind) {
  if (kind.free.empty()) return std::make_unique<Stream>(*this);
  std::unique_ptr<Stream> stream = std::move(kind.free.back());
  kind.free.pop_back();
  tools_.counters.held.pools.subtract(stream->kept_bytes());
  return stream;
}

template <class Stream>
void RequestStreams::keep(Kind<Stream>& kind, std::unique_ptr<Stream> stream) {
  if (kind.free.size() == kFreeMax) return;
  tools_.counters.held.pools.add(stream->kept_bytes());
  kind.free.push_back(std::move(stream));
}

template <class Stream>
void RequestStreams::recycle(Kind<Stream>& kind) {
  for (auto& stream : kind.spent) {
    stream->reset();
    keep(kind, std::move(stream));
  }
  kind.spent.clear();
}

template <class Stream>
void RequestStreams::empty(Kind<Stream>& kind) {
  for (const auto& stream : kind.free) tools_.counters.held.pools.subtract(stream->kept_bytes());
  kind.free.clear();
}

}  // namespace proxy::upstream
