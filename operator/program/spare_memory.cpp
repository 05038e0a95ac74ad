#include "operator/program/spare_memory.h"

#include <fstream>
#include <stop_token>

#include <malloc.h>
#include <unistd.h>

#include "kube/pause.h"

namespace program {
namespace {

// To look costs a read; to release some milliseconds for a hundred megabytes.
constexpr std::chrono::seconds kEvery{5};

// Of this process; 0: it cannot be told.
std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  if (!(file >> all >> resident)) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

SpareMemory::SpareMemory()
    : thread_([](const std::stop_token& stop) {
        const kube::Pause pause = kube::real_pause();
        ReleasePace pace;
        while (pause(kEvery, stop)) {
          const std::size_t resident = resident_bytes();
          pace.note(resident);
          if (!pace.is_due(resident)) continue;
          malloc_trim(0);
          pace.note_released(resident_bytes());
        }
      }) {}

}  // namespace program
