#pragma once

#include <memory>
#include <string>

#include "proxy/config/model.h"

namespace proxy::config {

// certificate_hash() of a shared certificate, computed once in its life: hashing 10,000 unchanged
// certificates again for every changed endpoint would be 50 MB each time. Any thread.
std::string hash_once(const std::shared_ptr<const Certificate>& certificate);

}  // namespace proxy::config
