#include "proxy/session/first_stage.h"

#include <utility>

#include "proxy/reason/words.h"
#include "proxy/session/buffers.h"

namespace proxy::session {
namespace {

using Finding = FirstStage::Finding;

bool has_passages(const router::RouteTable* routes) {
  return routes != nullptr && routes->has_passages();
}

// RFC 8446 §5.1: a record is its type, a version, its length in two bytes, and so many more. What
// cannot be the first one of a handshake counts as whole, for OpenSSL to say what is wrong with it.
bool is_whole_record(std::string_view bytes) {
  constexpr char kHandshake = 22;
  constexpr std::size_t kHeader = 5;
  constexpr std::size_t kLengthMax = 1u << 14;
  if (bytes.front() != kHandshake) return true;
  if (bytes.size() < kHeader) return false;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t length = static_cast<std::size_t>(at(3)) << 8 | at(4);
  return length > kLengthMax || bytes.size() >= kHeader + length;
}

Finding judge(std::string_view all, tls::ClientHelloReader& hello,
              const router::RouteTable* routes) {
  using Outcome = tls::ClientHelloReader::Outcome;
  if (!has_passages(routes)) {
    return is_whole_record(all) ? Finding::tls_here : Finding::needs_more;
  }
  const Outcome outcome = hello.read(all);
  if (outcome == Outcome::needs_more) return Finding::needs_more;
  const bool passes =
      outcome == Outcome::complete && routes->find_passage(tls::server_name_of(all)) != nullptr;
  return passes ? Finding::passes : Finding::tls_here;
}

}  // namespace

client::ProxyHeader FirstStage::look_for_header(std::string_view in_socket) {
  using Outcome = client::ProxyHeader::Outcome;
  client::ProxyHeader header = client::read_proxy_header(in_socket);
  // No record of TLS and no request begins as a header does: this is not guessed.
  const bool is_absent = header.problem == reason::no_proxy_header;
  if (is_absent && header_ == HeaderRule::may_come) {
    header = client::ProxyHeader{.outcome = Outcome::complete};
  }
  header_has_begun_ = header.outcome != Outcome::complete && !in_socket.empty();
  if (header.outcome == Outcome::complete) awaits_ = after_header();
  return header;
}

std::size_t FirstStage::bytes_max(const router::RouteTable* routes) {
  return has_passages(routes) ? tls::ClientHelloReader::kBytesMax : Buffers::kReadBytes;
}

Finding FirstStage::look(std::string_view came, const router::RouteTable* routes) {
  const bool came_in_pieces = kept_ != nullptr;
  if (came_in_pieces) kept_->bytes.append(came);
  tls::ClientHelloReader hello = came_in_pieces ? kept_->hello : tls::ClientHelloReader();
  const Finding finding = judge(came_in_pieces ? kept_->bytes.view() : came, hello, routes);
  if (finding != Finding::needs_more) awaits_ = Awaits::nothing;
  if (finding == Finding::tls_here) return finding;
  if (!came_in_pieces) {
    kept_ = std::make_unique<Kept>(gauge_);
    kept_->bytes.assign(came);
  }
  kept_->hello = hello;
  return finding;
}

std::string FirstStage::take() {
  const std::unique_ptr<Kept> kept = std::move(kept_);
  return kept == nullptr ? std::string() : kept->bytes.take();
}

}  // namespace proxy::session
