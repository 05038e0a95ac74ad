// gatehouse-fake-apiserver: the in-memory Kubernetes API server as a program.

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include "tests/fakes/api_server/server.h"

namespace {

using fakes::api_server::Server;
using fakes::api_server::ServerOptions;

// The first "count" parts may not hold the separator; the last takes the rest.
std::vector<std::string> split(const std::string& text, char separator, std::size_t count) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (parts.size() + 1 < count) {
    const std::size_t end = text.find(separator, begin);
    if (end == std::string::npos) break;
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::optional<ServerOptions::KnownUser> user_of(const std::string& text) {
  const auto parts = split(text, ':', 3);
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty()) return std::nullopt;
  ServerOptions::KnownUser user{parts[0], parts[1], {}};
  if (parts.size() == 3) user.groups = split(parts[2], ',', 100);
  return user;
}

std::optional<ServerOptions::KnownServiceAccount> service_account_of(const std::string& text) {
  const auto parts = split(text, ':', 3);
  if (parts.size() != 3) return std::nullopt;
  const auto names = split(parts[0], '/', 2);
  if (names.size() != 2 || parts[1].empty() || parts[2].empty()) return std::nullopt;
  return ServerOptions::KnownServiceAccount{names[0], names[1], parts[1], parts[2]};
}

// Whole or not at all: a reader that waits for the file never sees half of it.
bool write_file(const std::string& path, const std::string& content) {
  const std::string aside = path + ".new";
  {
    std::ofstream out(aside, std::ios::trunc);
    chmod(aside.c_str(), 0600);
    out << content;
    if (!out.flush()) return false;
  }
  std::error_code error;
  std::filesystem::rename(aside, path, error);
  return !error;
}

int fail(const std::string& why) {
  std::cerr << "gatehouse-fake-apiserver: " << why << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"An in-memory Kubernetes API server on loopback, for tests and demonstrations."};
  ServerOptions options;
  std::string kubeconfig_out;
  std::string ca_out;
  std::vector<std::string> users;
  std::vector<std::string> service_accounts;
  std::vector<std::string> manifests;
  unsigned bookmark_seconds = 60;
  app.add_option("--port", options.port, "Port on 127.0.0.1; 0 picks a free one");
  app.add_option("--kubeconfig-out", kubeconfig_out, "Write an admin's kubeconfig here");
  app.add_option("--ca-out", ca_out, "Write the CA certificate here (PEM)");
  app.add_option("--user", users, "A user, NAME:TOKEN[:GROUP,GROUP]; may be repeated");
  app.add_option("--service-account", service_accounts,
                 "A token for TokenReview, NAMESPACE/NAME:TOKEN:AUDIENCE; may be repeated");
  app.add_option("--bookmark-interval", bookmark_seconds, "Seconds between bookmarks of a watch");
  app.add_option("--apply", manifests, "A YAML file to apply at the start; may be repeated");
  CLI11_PARSE(app, argc, argv);

  options.bookmark_interval = std::chrono::seconds(bookmark_seconds);
  for (const std::string& text : users) {
    auto user = user_of(text);
    if (!user) return fail("--user wants NAME:TOKEN[:GROUPS]");
    options.users.push_back(std::move(*user));
  }
  for (const std::string& text : service_accounts) {
    auto account = service_account_of(text);
    if (!account) return fail("--service-account wants NAMESPACE/NAME:TOKEN:AUDIENCE");
    options.service_accounts.push_back(std::move(*account));
  }

  // Blocked before any thread is made, so that sigwait below gets them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  auto server = Server::start(std::move(options));
  if (!server) return fail(server.error().message);
  for (const std::string& path : manifests) {
    std::ifstream in(path);
    std::ostringstream content;
    content << in.rdbuf();
    if (!in) return fail("Cannot read " + path);
    if (const auto applied = (*server)->apply_yaml(content.str()); !applied) {
      return fail(path + ": " + applied.error().message);
    }
  }
  if (!ca_out.empty() && !write_file(ca_out, (*server)->ca_pem())) {
    return fail("Cannot write " + ca_out);
  }
  if (!kubeconfig_out.empty() && !write_file(kubeconfig_out, (*server)->kubeconfig())) {
    return fail("Cannot write " + kubeconfig_out);
  }
  std::cout << "The in-memory API server listens at " << (*server)->url() << std::endl;
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
