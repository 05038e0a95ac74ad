#pragma once

#include "proxy/session/memory_watermark.h"

namespace proxy::session {

// What new work a worker may take, as it was told.
struct Standing {
  MemoryWatermark::Level memory = MemoryWatermark::Level::enough;
  bool announces_drain = false;  // clients are told to go elsewhere

  // There is no memory for requests that are yet to begin.
  bool has_little_memory() const { return memory != MemoryWatermark::Level::enough; }
  // Nor for clients.
  bool has_no_memory() const { return memory == MemoryWatermark::Level::none; }
};

}  // namespace proxy::session
