#pragma once

#include <string>

#include "base/result.h"

namespace kube {

// invalid: the text (PEM) holds no certificate that a server's could be verified against; said at
// the start, since every request would fail with a riddle of the TLS library's.
base::Status check_ca_bundle(const std::string& pem);

}  // namespace kube
