#pragma once

#include <cstddef>

namespace base {

// Raises the limit on open files of this process as far as it goes; returns it.
std::size_t raise_open_files_limit();

}  // namespace base
