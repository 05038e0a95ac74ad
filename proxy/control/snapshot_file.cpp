#include "proxy/control/snapshot_file.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/digest.h"
#include "proxy/config/limits.h"
#include "proxy/config/wire.h"
#include "proxy/control/sealing.h"

namespace proxy::control {
namespace {

using base::ErrorKind;

constexpr std::size_t kKeyBytesMax = 4096;
constexpr std::size_t kFileBytesMax = config::kDocumentBytesMax + (1u << 20);
// A clock that was set back a little is no reason to serve nothing.
constexpr std::chrono::minutes kAheadMax{5};

std::string why() {
  return std::strerror(errno);
}

// Where a file is or would be.
base::Status check_is_in_memory(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  struct statfs facts {};
  if (::statfs(directory.c_str(), &facts) != 0) {
    return base::failure(ErrorKind::invalid, directory + ": " + why());
  }
  const auto type = static_cast<unsigned long>(facts.f_type);
  if (type == TMPFS_MAGIC || type == RAMFS_MAGIC) return {};
  return base::failure(ErrorKind::invalid,
                       path +
                           " would be on a disk, and private keys with it: choose a directory "
                           "in memory (tmpfs; in a Pod an emptyDir with medium: Memory), or "
                           "give --snapshot-on-disk");
}

base::Result<std::string> read_all(int fd, std::size_t bytes_max) {
  std::string text;
  for (;;) {
    constexpr std::size_t kPiece = 1u << 20;
    const std::size_t before = text.size();
    if (before > bytes_max) return base::failure(ErrorKind::invalid, "it is too large");
    text.resize(before + kPiece);
    const ssize_t got = ::read(fd, text.data() + before, kPiece);
    if (got < 0) return base::failure(ErrorKind::invalid, "it cannot be read: " + why());
    text.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return text;
  }
}

base::Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0) return base::failure(ErrorKind::unavailable, why());
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

// Who writes it first owns it until he ends. conflict: another process does.
base::Status own(const std::string& path, base::Descriptor& lock) {
  const std::string name = path + ".lock";
  if (!lock.is_open()) {
    lock = base::Descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  if (lock.is_open() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (lock.is_open() && errno == EWOULDBLOCK) {
    return base::failure(ErrorKind::conflict, "another process keeps its state there");
  }
  return base::failure(ErrorKind::unavailable, name + ": " + why());
}

// For its owner alone, and whole or not at all. One process at a time: see own().
base::Status replace_file(const std::string& path, std::string_view text) {
  const std::string aside = path + ".new";
  ::unlink(aside.c_str());
  const base::Descriptor file(
      ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) return base::failure(ErrorKind::unavailable, why());
  auto written = write_all(file.get(), text);
  if (written && ::rename(aside.c_str(), path.c_str()) != 0) {
    written = base::failure(ErrorKind::unavailable, why());
  }
  if (!written) ::unlink(aside.c_str());
  return written;
}

// Whole, and the first one stays: two processes may come at once.
base::Status make_key(const std::string& path) {
  std::string aside = path + ".XXXXXX";
  const base::Descriptor file(::mkostemp(aside.data(), O_CLOEXEC));
  if (file.get() < 0) return base::failure(ErrorKind::invalid, why());
  auto made = write_all(file.get(), base::random_bytes(kSealSecretBytesMin));
  if (made && ::link(aside.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    made = base::failure(ErrorKind::invalid, why());
  }
  ::unlink(aside.c_str());
  return made;
}

base::Result<std::string> read_key(const SnapshotFileOptions& options) {
  const std::string& path = options.key_file;
  // A Secret's files are symbolic links.
  base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) {
    if (!options.may_be_on_disk) {
      if (auto status = check_is_in_memory(path); !status) return base::failure(status.error());
    }
    if (auto made = make_key(path); !made) {
      return base::failure(ErrorKind::invalid, path + " cannot be made: " + made.error().message);
    }
    file = base::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (file.get() < 0) return base::failure(ErrorKind::invalid, path + ": " + why());
  auto key = read_all(file.get(), kKeyBytesMax);
  if (!key) return base::failure(base::while_doing(path, key.error()));
  if (key->size() < kSealSecretBytesMin) {
    return base::failure(ErrorKind::invalid, path + " has " + std::to_string(key->size()) +
                                                 " bytes: a key has " +
                                                 std::to_string(kSealSecretBytesMin) + " to " +
                                                 std::to_string(kKeyBytesMax));
  }
  return key;
}

// "REST", without the line before it.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string text_of(const Snapshot& snapshot, std::uint32_t proxies) {
  return snapshot.revision + "\n" + std::to_string(proxies) + "\n" +
         config::config_to_compact_json(*snapshot.config);
}

base::Result<KeptState> state_in(const std::string& text) {
  std::string_view rest = text;
  const auto revision = take_line(rest);
  const auto proxies = take_line(rest);
  KeptState kept;
  if (!revision || !proxies ||
      std::from_chars(proxies->data(), proxies->data() + proxies->size(), kept.proxies).ec !=
          std::errc()) {
    return base::failure(ErrorKind::invalid, "it does not begin as it should");
  }
  // Whatever it says that is not known here makes it another version's, which may have guarded
  // something by it.
  auto config = config::config_from_json(rest, "");
  if (!config) return base::failure(std::move(config.error()));
  if (!config::is_revision_of(*config, std::string(*revision))) {
    return base::failure(ErrorKind::invalid, "it is not the configuration that it says it is");
  }
  auto valid = config::ValidConfig().changed_to(std::move(*config));
  if (!valid) return base::failure(std::move(valid.error()));
  kept.valid = std::move(*valid);
  kept.snapshot = make_snapshot(kept.valid.config(), std::string(*revision));
  return kept;
}

base::Result<SnapshotFile> SnapshotFile::open(const SnapshotFileOptions& options) {
  if (options.key_file.empty()) {
    return base::failure(ErrorKind::invalid,
                         "--snapshot-key-file is needed: private keys are not kept in the clear");
  }
  if (!options.may_be_on_disk) {
    if (auto status = check_is_in_memory(options.path); !status) {
      return base::failure(status.error());
    }
  }
  auto key = read_key(options);
  if (!key) return base::failure(key.error());
  return SnapshotFile(options, std::move(*key));
}

base::Result<KeptState> SnapshotFile::read(base::WallTime now) const {
  const base::Descriptor file(
      ::open(options_.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) {
    return base::failure(ErrorKind::not_found, "there is none");
  }
  if (file.get() < 0) return base::failure(ErrorKind::invalid, why());
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return base::failure(ErrorKind::invalid, why());
  if (!S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid() || (facts.st_mode & 077) != 0) {
    return base::failure(ErrorKind::invalid, "it is not a file of this user's alone");
  }
  const auto sealed = read_all(file.get(), kFileBytesMax);
  if (!sealed) return base::failure(sealed.error());
  auto unsealed = unseal(*sealed, secret_);
  if (!unsealed) return base::failure(std::move(unsealed.error()));
  if (now - unsealed->sealed_at > options_.age_max || unsealed->sealed_at - now > kAheadMax) {
    return base::failure(ErrorKind::invalid,
                         "it was live too long ago, or the clock has been set back");
  }
  return state_in(unsealed->text);
}

base::Status SnapshotFile::write(const Snapshot& snapshot, std::uint32_t proxies,
                                 base::WallTime now) const {
  base::Status written = own(options_.path, *lock_);
  if (written) written = replace(snapshot, proxies, now);
  if (written) return {};
  if (written.error().kind != ErrorKind::conflict) ::unlink(options_.path.c_str());
  return base::failure(base::while_doing("writing " + options_.path, written.error()));
}

base::Status SnapshotFile::replace(const Snapshot& snapshot, std::uint32_t proxies,
                                   base::WallTime now) const {
  const std::string text = text_of(snapshot, proxies);
  if (text.size() > config::kDocumentBytesMax) {
    return base::failure(ErrorKind::unavailable, "the configuration is too large");
  }
  return replace_file(options_.path, seal(text, secret_, now));
}

}  // namespace proxy::control
