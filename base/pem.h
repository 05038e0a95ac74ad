#pragma once

#include <cstddef>
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

inline constexpr std::size_t kPemBlockBytesMax = 1u << 20;  // of one block's DER
inline constexpr std::size_t kPemTextBytesMax = 8u << 20;   // a CA bundle is a quarter of a MiB
inline constexpr std::size_t kPemBlocksMax = 1000;          // the public CAs are about 150

// All blocks in order. Text between blocks is allowed and dropped; a block that does not end, does
// not decode, or is over a limit above is ErrorKind::invalid. No blocks is an empty list.
Result<std::vector<PemBlock>> read_pem(std::string_view text);
std::string write_pem(const PemBlock& block);

}  // namespace base
