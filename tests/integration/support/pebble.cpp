#include "tests/integration/support/pebble.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/curl_transport.h"
#include "base/key.h"

namespace integration {
namespace {

using nlohmann::json;
using std::filesystem::path;

std::string local(int port) {
  return "127.0.0.1:" + std::to_string(port);
}

base::Status write_file(const path& file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  if (out.flush()) return {};
  return base::failure(base::ErrorKind::invalid, "cannot write " + file.string());
}

std::string end_of(const std::string& text) {
  constexpr std::size_t kShown = 1500;
  return text.size() <= kShown ? text : text.substr(text.size() - kShown);
}

bool is_program(const path& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored);
}

}  // namespace

std::optional<std::string> Pebble::newer_program() {
  if (const char* named = std::getenv("GATEHOUSE_PEBBLE_NEW")) {
    return is_program(named) ? std::optional<std::string>(named) : std::nullopt;
  }
  path folder;
  if (const char* bin = std::getenv("GOBIN"); bin != nullptr && *bin != '\0') {
    folder = bin;
  } else if (const char* go = std::getenv("GOPATH"); go != nullptr && *go != '\0') {
    folder = path(go) / "bin";
  } else if (const char* home = std::getenv("HOME")) {
    folder = path(home) / "go" / "bin";  // Go's default GOPATH
  }
  const path program = folder / "pebble";
  if (folder.empty() || !is_program(program)) return std::nullopt;
  return program.string();
}

base::Result<std::unique_ptr<Pebble>> Pebble::start(Options options) {
  if (!is_program(options.program)) {
    return base::failure(base::ErrorKind::unavailable, options.program + " is not installed");
  }
  // A free port may be taken before the program listens on it: then once more, with others.
  base::Status up;
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::unique_ptr<Pebble> pebble(new Pebble(options));
    up = pebble->make_certificate();
    if (up) up = pebble->start_dns();
    if (up) up = pebble->start_pebble();
    if (up) up = pebble->wait_until_ready();
    if (up) return pebble;
  }
  return base::failure(base::while_doing("starting " + options.program, up.error()));
}

std::string Pebble::directory_url() const {
  return "https://" + local(port_) + "/dir";
}
std::string Pebble::management_url() const {
  return "https://" + local(management_port_);
}

base::Result<std::string> Pebble::root_pem() const {
  base::CurlOptions trusting;
  trusting.ca_pem = ca_pem_;
  base::HttpRequest request;
  request.url = management_url() + "/roots/0";
  const auto response = base::make_curl_transport(trusting)->send(request, {});
  if (!response) return base::failure(response.error());
  return response->body;
}

base::Status Pebble::make_certificate() {
  const auto ca_key = base::PrivateKey::generate({});
  const auto key = base::PrivateKey::generate({});
  if (!ca_key) return base::failure(ca_key.error());
  if (!key) return base::failure(key.error());
  base::SelfSignedOptions ca;
  ca.names = {"Pebble's own CA", {}, {}};
  ca.is_ca = true;
  auto ca_pem = base::make_self_signed(*ca_key, ca);
  if (!ca_pem) return base::failure(ca_pem.error());
  base::SelfSignedOptions leaf;
  leaf.names = {"", {"localhost", "pebble"}, {"127.0.0.1"}};
  const auto leaf_pem = base::sign_leaf(*key, leaf, *ca_pem, *ca_key);
  if (!leaf_pem) return base::failure(leaf_pem.error());
  ca_pem_ = std::move(*ca_pem);
  if (auto written = write_file(folder_.path() / "cert.pem", *leaf_pem); !written) return written;
  return write_file(folder_.path() / "key.pem", key->to_pem());
}

base::Status Pebble::write_config() {
  json pebble = {
      {"listenAddress", local(port_)},
      {"managementListenAddress", local(management_port_)},
      {"certificate", (folder_.path() / "cert.pem").string()},
      {"privateKey", (folder_.path() / "key.pem").string()},
      {"httpPort", options_.http_port},
      {"tlsPort", find_free_port()},
      {"ocspResponderURL", ""},
      {"externalAccountBindingRequired", !options_.external_keys.empty()},
      {"retryAfter",
       {{"authz", options_.retry_after.count()}, {"order", options_.retry_after.count()}}}};
  if (!options_.external_keys.empty()) pebble["externalAccountMACKeys"] = options_.external_keys;
  json profile = {{"description", "The only profile"}, {"validityPeriod", 7776000}};
  if (options_.certificate_lifetime) {
    profile["validityPeriod"] = options_.certificate_lifetime->count();
    pebble["certificateValidityPeriod"] = options_.certificate_lifetime->count();
  }
  pebble["profiles"]["default"] = profile;
  return write_file(folder_.path() / "config.json", json{{"pebble", pebble}}.dump(2));
}

// Version 2.4.0 calls it -dns01; later ones renamed it.
base::Result<std::string> Pebble::find_dns_flag(const std::string& program) {
  const path help = folder_.path() / "help.txt";
  auto asked = ChildProcess::start({{program, "-h"}, {}, help});
  if (!asked) return base::failure(asked.error());
  const auto deadline = std::chrono::steady_clock::now() + options_.start_timeout;
  while ((*asked)->is_running() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const std::string text = (*asked)->output();
  for (const std::string flag : {"-dnsserver", "-dns01"}) {
    if (text.find(flag + " ") != std::string::npos) return flag;
  }
  return base::failure(base::ErrorKind::unavailable, program + " has no flag for DNS:\n" + text);
}

base::Status Pebble::start_dns() {
  dns_port_ = find_free_port();
  const path program = path(options_.program).parent_path() / "pebble-challtestsrv";
  const auto flag = find_dns_flag(program.string());
  if (!flag) return base::failure(flag.error());
  std::vector<std::string> command = {
      program.string(), *flag, local(dns_port_), "-management", local(find_free_port()),
      "-defaultIPv6",   ""};
  for (const char* unused : {"-http01", "-https01", "-tlsalpn01"}) {
    command.insert(command.end(), {unused, ""});
  }
  if (*flag == "-dnsserver") command.insert(command.end(), {"-doh", ""});
  auto dns = ChildProcess::start({command, {}, folder_.path() / "dns.log"});
  if (!dns) return base::failure(dns.error());
  dns_ = std::move(*dns);
  return {};
}

base::Status Pebble::start_pebble() {
  port_ = find_free_port();
  management_port_ = find_free_port();
  if (options_.http_port == 0) options_.http_port = find_free_port();
  if (auto written = write_config(); !written) return written;
  std::map<std::string, std::string> environment = {
      {"PEBBLE_WFE_NONCEREJECT", std::to_string(options_.bad_nonce_percent)},
      {"PEBBLE_AUTHZREUSE", std::to_string(options_.reuse_percent)},
      {"PEBBLE_ALTERNATE_ROOTS", std::to_string(options_.alternate_roots)},
      {"PEBBLE_VA_NOSLEEP", options_.sleeps ? "0" : "1"}};
  auto pebble =
      ChildProcess::start({{options_.program, "-config", (folder_.path() / "config.json").string(),
                            "-dnsserver", local(dns_port_)},
                           environment,
                           folder_.path() / "pebble.log"});
  if (!pebble) return base::failure(pebble.error());
  pebble_ = std::move(*pebble);
  return {};
}

base::Status Pebble::wait_until_ready() {
  base::CurlOptions trusting;
  trusting.ca_pem = ca_pem_;
  const auto transport = base::make_curl_transport(trusting);
  base::HttpRequest request;
  request.url = directory_url();
  request.timeout = std::chrono::seconds(2);
  const auto deadline = std::chrono::steady_clock::now() + options_.start_timeout;
  std::string last;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto response = transport->send(request, {});
    if (response && response->status == 200 && dns_->is_running()) return {};
    last = response ? "HTTP " + std::to_string(response->status) : response.error().message;
    if (!pebble_->is_running() || !dns_->is_running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return base::failure(
      base::ErrorKind::unavailable,
      "it does not come up (" + last + "):\n" + end_of(dns_->output()) + end_of(pebble_->output()));
}

}  // namespace integration
