#include <algorithm>
#include <limits>

#include "proxy/session/exchange.h"
#include "proxy/session/paced.h"
#include "proxy/session/response_guard.h"

// A response at the pace of its route. A tunnel has none, as in nginx: it is nobody's response.
namespace proxy::session {
namespace {

// Most heads are less. What of the body comes with one is in the count, so the pace makes up for
// it.
constexpr std::size_t kHeadBytes = 4u << 10;

}  // namespace

// How much of the response may be taken from its endpoint at once; 0: nothing, until the client has
// taken more or the pace lets it.
std::size_t Exchange::room_for_response(bool moves) {
  if (response_guard_ != nullptr) {
    if (response_guard_->stops_endpoint()) return 0;
    // It waits for whoever inspects it, not for its client, and what it may take is accounted: a
    // client that takes little would have less of it inspected than there is.
    if (response_guard_->holds()) return std::numeric_limits<std::size_t>::max();
  }
  return room_for_client(moves);
}

// How much the client takes at once, whoever it is from.
std::size_t Exchange::room_for_client(bool moves) {
  // What is moved must find nothing before it.
  if (downstream_->unsent() > (moves ? 0 : means_.options.unsent_bytes_high)) return 0;
  const std::size_t room = downstream_->room();
  if (paced_ == nullptr || stage_ == Stage::tunnel || room == 0) return room;
  const base::SteadyTime now = means_.loop.now();
  if (!paced_->pace) paced_->pace.emplace(paced_->settings, now);
  const std::size_t allowed = paced_->pace->allowed(response_bytes_, now);
  if (stage_ == Stage::requesting) return std::min(room, std::max(allowed, kHeadBytes));
  if (allowed == 0) {
    means_.loop.arm(paced_->timer, paced_->pace->wait(response_bytes_, now));
  }
  return std::min(room, allowed);
}

void Exchange::on_pace_due() {
  if (stage_ == Stage::over) return;
  on_downstream_drained();
}

}  // namespace proxy::session
