#include <string>
#include <utility>

#include "proxy/policy/mirror.h"
#include "proxy/reason/words.h"
#include "proxy/session/exchange.h"
#include "proxy/session/mirrored.h"

// A copy of a request for another cluster. It is sent when all of the request is here, after what
// was to be done for the request itself; neither its answer nor its failure has a say in that. What
// would be too much to keep meanwhile is not copied.
namespace proxy::session {
namespace {

// RFC 9110 §8.6: without a body these say so.
bool announces_no_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

void Exchange::begin_mirror(const Client& client, const router::Target& target) {
  const policy::Mirror& mirror = *target.rest().mirror;
  // What becomes of an upgraded connection is no request, and a call is over when both sides say
  // so.
  if (!offered_upgrade_.empty() || is_grpc_) return;
  const auto place = mirror.place_for(words_of(client, request_.host), request_.fields);
  if (!place) return;
  if (means_.mirrors.is_full()) {
    means_.counters.upstream_failures.add(reason::mirror_left_out);
    return;
  }
  mirrored_ = std::make_unique<Mirrored>(means_.mirrors, means_.counters.held.request_copies);
  mirrored_->cluster = means_.clusters.at(mirror.cluster());
  mirrored_->with_body = mirror.with_body();
  mirrored_->method = request_.method_text;
  mirrored_->proxy_header = proxy_header_for(client, mirrored_->cluster->config().proxy_protocol);
  http::RequestHead head;
  head.method = request_.method;
  head.method_text = request_.method_text;
  head.path = place->path;
  head.query = place->query;
  head.host = place->host;
  for (const http::Field& field : request_.fields) {
    if (!field.dropped) head.fields.push_back(field);
  }
  head.fields.push_back({.name = policy::Mirror::kField, .value = "1"});
  Client of_request = client;
  if (of_request.host.empty()) of_request.host = request_.host;
  constexpr std::size_t kHeadEnd = 2;  // the empty line
  std::string_view text = write_head(of_request, {}, head);
  text.remove_suffix(kHeadEnd);
  mirrored_->head = text;
  hold_mirror();
}

// It is dropped where it would hold too much.
void Exchange::hold_mirror() {
  if (mirrored_->share.hold(mirrored_->head.size() + mirrored_->body.size())) return;
  means_.counters.upstream_failures.add(reason::mirror_left_out);
  mirrored_.reset();
}

void Exchange::add_to_mirror(const upstream::Piece& piece) {
  if (!mirrored_->with_body) return;
  // Before it is kept: one piece may be larger than all that may be.
  if (mirrored_->body.size() + piece.size > Mirrors::kBytesOfOneMax) {
    means_.counters.upstream_failures.add(reason::mirror_left_out);
    mirrored_.reset();
    return;
  }
  mirrored_->body.append(piece.text());
  hold_mirror();
}

// All of the request is here. Where it was answered before, it had something wrong with it.
void Exchange::send_mirror() {
  const std::unique_ptr<Mirrored> copy = std::move(mirrored_);
  if (stage_ == Stage::over) return;
  std::string text = std::move(copy->head);
  if (copy->body.size() > 0 || announces_no_body(copy->method)) {
    text.append("Content-Length: ").append(std::to_string(copy->body.size())).append("\r\n");
  }
  text.append("\r\n").append(copy->body.view());
  copy->share.hold(0);  // from here on it counts as one that is under way
  means_.mirrors.send(copy->cluster, copy->method, text, copy->proxy_header);
}

}  // namespace proxy::session
