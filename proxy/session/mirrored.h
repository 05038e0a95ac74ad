#pragma once

#include <memory>
#include <string>

#include "proxy/admin/held_text.h"
#include "proxy/session/exchange.h"
#include "proxy/session/mirrors.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// The copy of a request, until all of that is here.
struct Exchange::Mirrored {
  Mirrored(Mirrors& mirrors, admin::Counter& gauge) : body(gauge), share(mirrors) {}

  std::shared_ptr<upstream::Cluster> cluster;
  std::string method;
  std::string head;  // without its framing and the empty line
  admin::HeldText body;
  bool with_body = true;
  std::string proxy_header;  // that its connection begins with; mostly empty
  Mirrors::Share share;
};

}  // namespace proxy::session
