// A keep-alive HTTPS load that counts what a client would notice: requests sent, requests that
// failed (no complete 2xx answer, whatever the reason), and the serial of each certificate seen.
// It runs until SIGTERM or --seconds, at a bounded rate, against loopback only.

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/digest.h"

namespace {

using std::chrono::steady_clock;

struct Settings {
  std::vector<std::string> targets;  // "127.0.0.1:8443"
  std::string host;
  std::string ca_file;
  std::string path = "/";
  std::string cookie;  // the name of the one that each client keeps; empty: none does
  int clients = 4;
  int requests_per_connection = 100;
  int requests_per_second = 500;  // of each client
  int seconds = 0;
};

struct Counts {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> slowest_us{0};
  std::atomic<std::uint64_t> cookies{0};  // that clients were given, each time anew
  std::mutex mutex;
  std::map<std::string, std::uint64_t> serials;  // serial -> connections that saw it
  std::map<std::string, std::uint64_t> reasons;

  void fail(const std::string& reason) {
    ++failed;
    const std::lock_guard lock(mutex);
    ++reasons[reason];
  }

  void took(steady_clock::duration time) {
    const auto us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
    std::uint64_t seen = slowest_us;
    while (us > seen && !slowest_us.compare_exchange_weak(seen, us)) {
    }
  }
};

std::atomic<bool> stopping{false};

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Connection = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "connection closed" : text;
}

std::string serial_of(BIO* connection) {
  SSL* ssl = nullptr;
  BIO_get_ssl(connection, &ssl);
  const std::unique_ptr<X509, decltype(&X509_free)> leaf(SSL_get1_peer_certificate(ssl), X509_free);
  if (leaf == nullptr) return "none";
  const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf.get());
  return base::hex_pairs(std::string_view(
      reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), ASN1_STRING_length(serial)));
}

Connection connect(SSL_CTX* context, const Settings& settings, const std::string& target,
                   Counts& counts) {
  Connection connection(BIO_new_ssl_connect(context), BIO_free_all);
  SSL* ssl = nullptr;
  BIO_get_ssl(connection.get(), &ssl);
  SSL_set_tlsext_host_name(ssl, settings.host.c_str());
  SSL_set1_host(ssl, settings.host.c_str());
  BIO_set_conn_hostname(connection.get(), target.c_str());
  if (BIO_do_connect(connection.get()) != 1 || BIO_do_handshake(connection.get()) != 1) {
    counts.fail("no verified TLS connection to " + target + ": " + openssl_reason());
    connection.reset();
    return connection;
  }
  ++counts.connections;
  const std::string serial = serial_of(connection.get());
  const std::lock_guard lock(counts.mutex);
  ++counts.serials[serial];
  return connection;
}

struct Answer {
  std::string failure;   // empty: it was complete and 2xx
  bool is_last = false;  // the server closes the connection behind it (RFC 9112 §9.6)
  std::string cookie{};  // "name=value", if it sets the one that is kept
};

// `lower`: the same head in lower case.
std::string cookie_of(const std::string& head, const std::string& lower, const std::string& name) {
  const std::string before = "\r\nset-cookie: ";
  for (auto at = lower.find(before); at != std::string::npos; at = lower.find(before, at + 1)) {
    const std::size_t begin = at + before.size();
    if (head.compare(begin, name.size() + 1, name + "=") != 0) continue;
    return head.substr(begin, head.find_first_of(";\r", begin) - begin);
  }
  return {};
}

// Reads one answer with a Content-Length.
Answer read_answer(BIO* connection, const std::string& cookie_name) {
  Answer answer;
  std::string data;
  char buffer[16384];
  std::size_t head_end = std::string::npos;
  std::size_t body_bytes = 0;
  while (true) {
    const int got = BIO_read(connection, buffer, sizeof buffer);
    if (got <= 0) return {"closed before the answer was complete: " + openssl_reason()};
    data.append(buffer, static_cast<std::size_t>(got));
    if (head_end == std::string::npos) {
      head_end = data.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      if (data.compare(0, 10, "HTTP/1.1 2") != 0) return {data.substr(0, data.find("\r\n"))};
      std::string head = data.substr(0, head_end);
      for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (!cookie_name.empty()) {
        answer.cookie = cookie_of(data.substr(0, head_end), head, cookie_name);
      }
      const auto length = head.find("\r\ncontent-length:");
      if (length == std::string::npos) return {"an answer without Content-Length"};
      body_bytes = std::stoul(head.substr(length + 17));
      answer.is_last = head.find("\r\nconnection: close") != std::string::npos;
    }
    if (data.size() >= head_end + 4 + body_bytes) return answer;
  }
}

void run_client(int number, SSL_CTX* context, const Settings& settings, Counts& counts) {
  const std::string head = "GET " + settings.path + " HTTP/1.1\r\nHost: " + settings.host + "\r\n";
  std::string request = head + "\r\n";
  const auto pace = std::chrono::nanoseconds(1'000'000'000) / settings.requests_per_second;
  auto next = steady_clock::now();
  std::size_t turn = static_cast<std::size_t>(number);
  while (!stopping) {
    const std::string& target = settings.targets[turn++ % settings.targets.size()];
    Connection connection = connect(context, settings, target, counts);
    if (connection == nullptr) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (int i = 0; connection != nullptr && i < settings.requests_per_connection && !stopping;
         ++i) {
      next = std::max(next + pace, steady_clock::now());
      std::this_thread::sleep_until(next);
      ++counts.sent;
      const auto begin = steady_clock::now();
      const Answer answer =
          BIO_write(connection.get(), request.data(), static_cast<int>(request.size())) <= 0
              ? Answer{"could not send: " + openssl_reason()}
              : read_answer(connection.get(), settings.cookie);
      counts.took(steady_clock::now() - begin);
      if (!answer.cookie.empty()) {
        ++counts.cookies;
        request = head + "Cookie: " + answer.cookie + "\r\n\r\n";
      }
      if (!answer.failure.empty()) counts.fail(answer.failure);
      if (!answer.failure.empty() || answer.is_last) connection.reset();
    }
  }
}

Context make_context(const std::string& ca_file) {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) != 1) context.reset();
  return context;
}

void print(Counts& counts) {
  const std::lock_guard lock(counts.mutex);
  std::cout << "requests sent:  " << counts.sent << " on " << counts.connections << " connections\n"
            << "failed:         " << counts.failed << "\n"
            << "slowest:        " << counts.slowest_us / 1000 << " ms\n"
            << "cookies given:  " << counts.cookies << "\n";
  for (const auto& [reason, count] : counts.reasons) {
    std::cout << "  " << count << " x " << reason << "\n";
  }
  std::cout << "serials seen:   " << counts.serials.size() << "\n";
  for (const auto& [serial, count] : counts.serials) {
    std::cout << "  " << serial << " on " << count << " connections\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A keep-alive HTTPS load that counts failures and certificates. Stops on SIGTERM.");
  Settings settings;
  app.add_option("--target", settings.targets, "address:port, several times")->required();
  app.add_option("--host", settings.host, "server name and Host")->required();
  app.add_option("--ca-file", settings.ca_file, "CA certificates in PEM")->required();
  app.add_option("--path", settings.path, "request target")->capture_default_str();
  app.add_option("--cookie", settings.cookie, "name of the cookie that each client keeps");
  app.add_option("--clients", settings.clients, "connections at a time")->check(CLI::Range(1, 64));
  app.add_option("--requests-per-connection", settings.requests_per_connection,
                 "then it connects again")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", settings.requests_per_second, "requests a second of each client")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--seconds", settings.seconds, "stop after this time; 0: on SIGTERM");
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);
  const auto stop = [](int) { stopping = true; };
  std::signal(SIGTERM, stop);
  std::signal(SIGINT, stop);

  const Context context = make_context(settings.ca_file);
  if (context == nullptr) {
    std::cerr << "demo-load: cannot read CA certificates from " << settings.ca_file << "\n";
    return 2;
  }
  Counts counts;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < settings.clients; ++i) {
      clients.emplace_back([&, i] { run_client(i, context.get(), settings, counts); });
    }
    const auto end = steady_clock::now() + std::chrono::seconds(settings.seconds);
    while (!stopping) {
      if (settings.seconds > 0 && steady_clock::now() >= end) stopping = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  print(counts);
  return counts.failed == 0 && counts.sent > 0 ? 0 : 1;
}
