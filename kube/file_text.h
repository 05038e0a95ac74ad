#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace kube {

// A whole small file: a token, a certificate, a kubeconfig. invalid: it cannot be read, or has more
// than bytes_max; the message names the path and the system's reason.
base::Result<std::string> read_file_text(const std::string& path, std::size_t bytes_max = 1u << 20);

}  // namespace kube
