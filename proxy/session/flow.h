#pragma once

#include "proxy/net/flow.h"

namespace proxy::session {

using net::Flow;

}  // namespace proxy::session
