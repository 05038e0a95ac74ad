#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include "proxy/session/memory_watermark.h"

namespace proxy::session {

// Where the kernel says how much memory this process may have and has: its control group (version
// 2), the nearest one with a limit; else it is measured by what the process itself has resident.
class MemoryAccount {
 public:
  // `limit` in bytes: whatever the group's is; 0: that of the group. The paths are for tests.
  static MemoryAccount find(std::uint64_t limit, const std::filesystem::path& proc = "/proc/self",
                            const std::filesystem::path& groups = "/sys/fs/cgroup");

  std::uint64_t limit() const { return limit_; }  // 0: there is none
  // Now; what the kernel would give back by itself (the cache of files) is not in it, nor what
  // other processes of the group have, which is not in the limit either then. What cannot be read
  // is 0.
  MemoryUse use() const;

 private:
  std::uint64_t resident() const;

  std::uint64_t limit_ = 0;
  std::optional<std::filesystem::path> group_;
  std::filesystem::path proc_;
};

// Tells how much memory is used, some times a second, on a thread of its own. Without a limit it
// does nothing.
class MemoryWatch {
 public:
  // `told` is called by that thread until this is destroyed.
  MemoryWatch(MemoryAccount account, std::function<void(MemoryUse)> told);

 private:
  std::jthread thread_;
};

}  // namespace proxy::session
