#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "proxy/config/valid_config.h"
#include "proxy/control/snapshot.h"

namespace proxy::control {

struct SnapshotFileOptions {
  std::string path;
  // What it is sealed with: at least kSealSecretBytesMin bytes. Made where it is not there.
  std::string key_file;
  // One that was live longer ago is not used.
  std::chrono::seconds age_max{3600};
  // Both may be where a reboot finds them again.
  bool may_be_on_disk = false;
};

// A state that was live in a process before this one.
struct KeptState {
  std::shared_ptr<const Snapshot> snapshot;
  config::ValidConfig valid{};  // the snapshot's
  std::uint32_t proxies = 1;    // see ConfigSink::on_proxies()
};

// The state that a proxy served last, private keys and all, sealed in a file for whoever takes its
// place (docs/decisions/0117-a-restart-serves-at-once.md). It is readable for its owner alone,
// replaced as a whole, and gone when it cannot be. One process writes it at a time, from its first
// write until the last copy of this is gone; any may read it. One thread.
class SnapshotFile {
 public:
  // Looks at where the files are, and reads the key or makes it. invalid, with a sentence: the path
  // is on a disk, or the key cannot be used.
  static base::Result<SnapshotFile> open(const SnapshotFileOptions& options);

  // not_found: there is none. invalid, with a sentence: it is not to be used.
  base::Result<KeptState> read(base::WallTime now) const;
  // conflict: another process writes it, and it is as that one has left it. On any other error the
  // one before is gone, too: it is not what is served.
  base::Status write(const Snapshot& snapshot, std::uint32_t proxies, base::WallTime now) const;

  const std::string& path() const { return options_.path; }
  std::chrono::seconds age_max() const { return options_.age_max; }

 private:
  SnapshotFile(SnapshotFileOptions options, std::string secret)
      : options_(std::move(options)), secret_(std::move(secret)) {}
  base::Status replace(const Snapshot& snapshot, std::uint32_t proxies, base::WallTime now) const;

  SnapshotFileOptions options_;
  std::string secret_;
  std::shared_ptr<base::Descriptor> lock_ = std::make_shared<base::Descriptor>();
};

// What stands in it, in the clear: the revision, the number of proxies and the configuration.
std::string text_of(const Snapshot& snapshot, std::uint32_t proxies);
// invalid, with a sentence: the configuration is not one that could be served here, or not the one
// that the revision is of.
base::Result<KeptState> state_in(const std::string& text);

}  // namespace proxy::control
