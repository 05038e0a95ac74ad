#pragma once

#include <cstdint>
#include <memory>

#include "proxy/control/snapshot.h"
#include "proxy/control/snapshot_file.h"
#include "proxy/control/snapshot_pace.h"

namespace proxy::control {

// Passes everything on to another sink, and keeps the state that is live there in a file. Writing
// is done by a thread of its own, so nobody waits for it; a failure is said once, until it has
// worked again. What has changed and is not written yet when this ends is written then.
class SnapshotKeeper : public ConfigSink {
 public:
  // `next` must outlive it.
  static std::unique_ptr<SnapshotKeeper> start(SnapshotFile file, ConfigSink& next,
                                               const SnapshotPace::Times& times);

  struct Counts {
    std::uint64_t written = 0;
    std::uint64_t failed = 0;
  };
  virtual Counts counts() const = 0;  // any thread
};

}  // namespace proxy::control
