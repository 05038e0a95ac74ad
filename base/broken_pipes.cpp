#include "base/broken_pipes.h"

#include <csignal>

namespace base {

void ignore_broken_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace base
