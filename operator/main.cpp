// gatehouse-operator: flags, signals and exit statuses; `check` is a command of its own.
// program/runtime.cpp is the wiring.
//
// Exit statuses: 0 stopped by a signal; 1 leadership was lost, or stopping took too long; 2 a flag,
// file or port cannot be used, with one sentence about it.
#include <chrono>
#include <csignal>
#include <iostream>
#include <string_view>

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/log.h"
#include "kube/config.h"
#include "operator/check/command.h"
#include "operator/program/options.h"
#include "operator/program/runtime.h"
#include "operator/program/spare_memory.h"
#include "operator/program/stop_deadline.h"

namespace {

// Of the 30 s that a Pod has from SIGTERM to SIGKILL. It takes a second or two; whatever holds it
// up longer must not end in a kill without a word.
constexpr std::chrono::seconds kStopMax{20};

int refuse(const base::Error& error) {
  std::cerr << "gatehouse-operator: " << error.message << "\n";
  return 2;
}

// Blocked before any thread is made, so that only sigwait() gets them. SIGUSR1 is our own: a thread
// that wants the program to end says so by it.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// glibc gives threads that allocate at one moment heaps of their own, and keeps what each has
// freed: with our three dozen threads, which mostly wait, a third of the memory that we use.
//
// Pieces from a certain size on it has from the kernel, and gives back when they are freed; but it
// raises that size to that of each that is freed, up to 32 MiB. A listing, a page of metrics or a
// whole configuration, of megabytes each, would then be in the heap, between what stays.
void share_the_heap() {
  constexpr int kPieceFromKernel = 256 << 10;
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, kPieceFromKernel);
  mallopt(M_TRIM_THRESHOLD, 8 * kPieceFromKernel);  // else each end of the heap is given back
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "check") {
    return check::run(argc - 1, argv + 1, std::cin, std::cout, std::cerr, base::SystemClock());
  }
  const auto read = program::read_options(argc, argv);
  if (const int* status = std::get_if<int>(&read)) return *status;
  const auto& options = std::get<program::Options>(read);
  if (const auto log = base::configure_log(options.log_format, options.log_level); !log) {
    return refuse(log.error());
  }
  share_the_heap();
  const sigset_t signals = block_signals();

  const base::SystemClock clock;
  const auto config =
      kube::find_config(options.kubeconfig, options.context, kube::process_environment(), clock);
  if (!config) return refuse(config.error());
  spdlog::info("gatehouse-operator starts; the API server is {}", config->server);

  auto runtime = program::Runtime::start(options, *config, clock, [] { kill(getpid(), SIGUSR1); });
  if (!runtime) return refuse(runtime.error());
  const program::SpareMemory spare_memory;

  int signal = 0;
  sigwait(&signals, &signal);
  const bool is_lost = signal == SIGUSR1;
  if (is_lost) {
    spdlog::error(
        "leadership is lost: the Lease could not be renewed in time; ending, so that no work is "
        "done "
        "twice");
  } else {
    spdlog::info("stopping, as signal {} asks", signal);
  }
  // A second signal ends it at once.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const program::StopDeadline deadline(kStopMax, [] {
    spdlog::error("stopping has taken {} s; ending without waiting longer", kStopMax.count());
    spdlog::default_logger()->flush();
    _exit(1);
  });
  runtime->reset();
  spdlog::info("gatehouse-operator has stopped");
  return is_lost ? 1 : 0;
}
