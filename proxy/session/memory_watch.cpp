#include "proxy/session/memory_watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace proxy::session {
namespace {

// A gigabyte a second, which is what a network card brings, is a tenth of one between two looks.
constexpr std::chrono::milliseconds kLook{100};
// Of the limit, one in so many parts is the least that there is to be won.
constexpr std::uint64_t kWorthOf = 8;

std::optional<std::uint64_t> number_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;  // "max", or no such file
}

// The number behind this word in a file of lines "word number".
std::uint64_t number_of(const std::filesystem::path& path, std::string_view word) {
  std::ifstream file(path);
  std::string name;
  std::uint64_t number = 0;
  while (file >> name >> number) {
    if (name == word) return number;
  }
  return 0;
}

// "/kubepods/pod1/c2" of "0::/kubepods/pod1/c2"; in a container's own namespace it is "/".
std::string group_of_process(const std::filesystem::path& proc) {
  constexpr std::string_view kVersion2 = "0::/";
  std::ifstream file(proc / "cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kVersion2)) return line.substr(kVersion2.size());
  }
  return {};
}

}  // namespace

MemoryAccount MemoryAccount::find(std::uint64_t limit, const std::filesystem::path& proc,
                                  const std::filesystem::path& groups) {
  MemoryAccount account;
  account.proc_ = proc;
  account.limit_ = limit;
  if (limit != 0) return account;
  // A limit of a group above holds for this one, too; the nearest is the one that was meant.
  std::filesystem::path below = group_of_process(proc);
  for (;;) {
    if (const auto found = number_in(groups / below / "memory.max")) {
      account.limit_ = *found;
      account.group_ = groups / below;
      return account;
    }
    if (below.empty()) return account;
    below = below.parent_path();
  }
}

// What is in memory and is no file's, as the process itself has it.
std::uint64_t MemoryAccount::resident() const {
  std::ifstream file(proc_ / "statm");
  std::uint64_t size = 0, resident = 0, of_files = 0;
  if (!(file >> size >> resident >> of_files)) return 0;
  return (resident - std::min(resident, of_files)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

MemoryUse MemoryAccount::use() const {
  if (!group_) return {resident(), limit_};
  // Sockets' buffers and all else that the kernel has for the process is in it, as it is in what
  // the kernel kills for.
  const std::uint64_t all = number_in(*group_ / "memory.current").value_or(0);
  const std::uint64_t files = number_of(*group_ / "memory.stat", "file");
  const std::uint64_t used = all - std::min(all, files);
  // In a container of its own it is alone. What others of its group have is not its to give back,
  // and where it has little itself, nothing is won by sending anybody away.
  const std::uint64_t anonymous = number_of(*group_ / "memory.stat", "anon");
  const std::uint64_t others = anonymous - std::min(anonymous, resident());
  const std::uint64_t own = used - std::min(used, others);
  if (own < limit_ / kWorthOf || others >= limit_) return {own, limit_};
  return {own, limit_ - others};
}

MemoryWatch::MemoryWatch(MemoryAccount account, std::function<void(MemoryUse)> told) {
  if (account.limit() == 0) return;
  thread_ = std::jthread(
      [account = std::move(account), told = std::move(told)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          told(account.use());
          never.wait_for(lock, stop, kLook, [] { return false; });
        }
      });
}

}  // namespace proxy::session
