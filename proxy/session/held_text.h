#pragma once

#include "proxy/admin/held_text.h"

namespace proxy::session {

using admin::HeldText;

}  // namespace proxy::session
