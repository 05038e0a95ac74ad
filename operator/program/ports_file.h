#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"

namespace program {

// {"control": 41233, ...}: whole or not at all, so that who waits for the file never reads half of
// it.
base::Status write_ports_file(const std::string& path,
                              const std::map<std::string, std::uint16_t>& ports);

}  // namespace program
