#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/child_process.h"

namespace integration {

// Debian's nginx and haproxy as a user starts them, on ports of 127.0.0.1 that find_free_port()
// gave, for as long as what is returned lives. Called by one thread, the test's own.
class DebianServers {
 public:
  static bool has_nginx();
  static bool has_haproxy();

  // A file for what is started, below this folder; its path.
  std::string write(const std::string& name, const std::string& text) const;
  // nginx with this text in its http block. Returns once something listens on the port; a test
  // where nothing does has failed, with what the program said. nullptr: it could not be started.
  std::unique_ptr<ChildProcess> start_nginx(int port, const std::string& http_block) const;
  // haproxy with this configuration; likewise.
  std::unique_ptr<ChildProcess> start_haproxy(int port, const std::string& configuration) const;
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

 private:
  std::unique_ptr<ChildProcess> start(const std::vector<std::string>& command, int port) const;

  TemporaryFolder folder_;
};

}  // namespace integration
