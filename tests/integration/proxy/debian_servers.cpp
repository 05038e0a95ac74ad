#include "tests/integration/proxy/debian_servers.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <utility>

#include <gtest/gtest.h>

#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/socket_stream.h"

namespace integration {
namespace {

using proxy::support::eventually;
using proxy::support::SocketStream;

constexpr const char* kNginx = "/usr/sbin/nginx";
constexpr const char* kHaproxy = "/usr/sbin/haproxy";

}  // namespace

bool DebianServers::has_nginx() {
  return std::filesystem::exists(kNginx);
}

bool DebianServers::has_haproxy() {
  return std::filesystem::exists(kHaproxy);
}

std::string DebianServers::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = folder_.path() / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
  return file.string();
}

std::unique_ptr<ChildProcess> DebianServers::start_nginx(int port,
                                                         const std::string& http_block) const {
  const std::string top = folder_.path().string();
  // Its workers are another user's.
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  std::string temporary;
  for (const char* what : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    temporary += std::string(what) + "_temp_path " + top + "/" + what + "; ";
  }
  const std::string configuration =
      write("nginx.conf", "daemon off; worker_processes 1; pid " + top +
                              "/pid; error_log stderr; events {} http { access_log off; " +
                              temporary + http_block + " }\n");
  return start({kNginx, "-c", configuration, "-p", top}, port);
}

std::unique_ptr<ChildProcess> DebianServers::start_haproxy(int port,
                                                           const std::string& configuration) const {
  return start({kHaproxy, "-db", "-f", write("haproxy.cfg", configuration)}, port);
}

std::unique_ptr<ChildProcess> DebianServers::start(const std::vector<std::string>& command,
                                                   int port) const {
  auto process = ChildProcess::start(
      {.command = command, .environment = {}, .output = folder_.path() / "log"});
  if (!process) return nullptr;
  const auto listens = [&] {
    return SocketStream::connect(static_cast<std::uint16_t>(port)).fd() >= 0;
  };
  EXPECT_TRUE(eventually(listens)) << (*process)->output();
  return std::move(*process);
}

}  // namespace integration
