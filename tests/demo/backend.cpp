// A small HTTP backend for the demo and the integration tests: it answers every path with its name
// and the headers that tell what the proxy did, and prints its port. With a certificate it speaks
// HTTPS. Below /verify it is an auth server: whoever has a cookie `user` is let in under that name,
// with 200, and nobody else, with 401.

#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>
#include <httplib.h>

namespace {

std::string describe(const std::string& name, const httplib::Request& request) {
  std::string text = "hello from " + name + "\n" + request.method + " " + request.target + "\n";
  for (const char* header :
       {"Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP",
        "X-Request-ID", "X-Auth-Request-User", "ssl-client-verify", "ssl-client-subject-dn"}) {
    if (request.has_header(header)) {
      text += std::string(header) + ": " + request.get_header_value(header) + "\n";
    }
  }
  return text;
}

void verify(const httplib::Request& request, httplib::Response& response) {
  const std::string cookie = request.get_header_value("Cookie");
  const std::string prefix = "user=";
  if (cookie.compare(0, prefix.size(), prefix) != 0) {
    response.status = 401;
    return;
  }
  response.set_header("X-Auth-Request-User", cookie.substr(prefix.size()));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A small HTTP backend that answers every path with its name.");
  std::string name = "backend";
  std::string address = "127.0.0.1";
  int port = 0;
  app.add_option("--name", name, "what it calls itself")->capture_default_str();
  app.add_option("--address", address, "IPv4 address to listen on")->capture_default_str();
  app.add_option("--port", port, "port of that address; 0 picks a free one")->capture_default_str();
  std::string chain_file;
  std::string key_file;
  CLI::Option* const chain =
      app.add_option("--tls-cert-file", chain_file, "PEM; HTTPS in place of HTTP");
  app.add_option("--tls-private-key-file", key_file, "PEM")->needs(chain);
  CLI11_PARSE(app, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::unique_ptr<httplib::Server> served =
      chain_file.empty()
          ? std::make_unique<httplib::Server>()
          : std::make_unique<httplib::SSLServer>(chain_file.c_str(), key_file.c_str());
  httplib::Server& server = *served;
  if (!server.is_valid()) {
    std::cerr << "demo-backend: no certificate with its key in " << chain_file << " and "
              << key_file << "\n";
    return 1;
  }
  server.new_task_queue = [] { return new httplib::ThreadPool(64); };
  server.set_keep_alive_max_count(1'000'000);
  server.set_keep_alive_timeout(120);
  server.set_tcp_nodelay(true);
  const auto answer = [&](const httplib::Request& request, httplib::Response& response) {
    response.set_content(describe(name, request), "text/plain");
  };
  server.Get("/verify.*", verify);
  server.Get(".*", answer);
  server.Post(".*", answer);

  if (port == 0) {
    port = server.bind_to_any_port(address);
  } else if (!server.bind_to_port(address, port)) {
    port = -1;
  }
  if (port < 0) {
    std::cerr << "demo-backend: cannot listen on " << address << "\n";
    return 1;
  }
  std::cout << port << std::endl;

  std::thread stopper([&] {
    int received = 0;
    sigwait(&signals, &received);
    server.stop();
  });
  if (!server.listen_after_bind()) pthread_kill(stopper.native_handle(), SIGTERM);
  stopper.join();
  return 0;
}
