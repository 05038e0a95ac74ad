#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

// One RFC 7468 block.
struct PemBlock {
  std::string label;  // "CERTIFICATE", "PRIVATE KEY", ...
  std::string der;
};

// All blocks in order. Text between blocks is allowed and dropped; a block that does not end, does
// not decode, or is over 1 MiB is ErrorKind::invalid. No blocks is an empty list.
Result<std::vector<PemBlock>> read_pem(std::string_view text);
std::string write_pem(const PemBlock& block);

}  // namespace base
