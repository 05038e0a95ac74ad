#pragma once

#include <memory>
#include <string>

#include "proxy/admin/held_text.h"
#include "proxy/policy/error_pages.h"
#include "proxy/session/exchange.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// What an exchange keeps for as long as a page may stand in place of its response: the request's
// head is gone by then. Asked for once, and never for its own failure.
struct Exchange::ErrorPage {
  explicit ErrorPage(admin::Counter& gauge) : head(gauge) {}

  std::shared_ptr<const policy::ErrorPages> pages;
  std::shared_ptr<upstream::Cluster> cluster;
  admin::HeldText head;      // of the request for it, but for X-Code and the empty line
  std::string proxy_header;  // that its connection begins with; mostly empty
  // Once it is asked for: what it stands for.
  bool is_asked_for = false;
  int status = 0;
  std::string reason;        // of the proxy's own answer; empty: an endpoint has answered
  std::string authenticate;  // WWW-Authenticate of a response that a client is to answer
};

}  // namespace proxy::session
