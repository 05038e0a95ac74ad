#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>

#include "tests/integration/operator/installation.h"

// As behind a load balancer or CDN that answers port 80 itself and sends everybody to https.
namespace {

using integration::ingress_yaml;
using integration::Installation;
using integration::wait_until;

class Redirector {
 public:
  explicit Redirector(int https_port) {
    server_.Get(".*", [https_port](const httplib::Request& request, httplib::Response& response) {
      const std::string host = request.get_header_value("Host");
      response.set_redirect("https://" + host.substr(0, host.find(':')) + ":" +
                                std::to_string(https_port) + request.path,
                            301);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
  }
  ~Redirector() { server_.stop(); }
  int port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

TEST(RedirectInFront, AHostGetsItsFirstCertificateBehindARedirectToHttps) {
  Installation cluster;
  cluster.start_operator();
  cluster.start_proxies(1);
  const Redirector redirector(cluster.proxy_port(0, "https"));
  integration::Pebble::Options options;
  options.http_port = redirector.port();
  cluster.start_pebble(options);
  cluster.prepare_issuer();
  cluster.apply(ingress_yaml("www", "www.example.test"));
  EXPECT_TRUE(wait_until(std::chrono::seconds(30), [&] {
    const auto answer = cluster.fetch(0, "https://www.example.test/");
    return answer && answer->status == 200 && answer->body == "hello";
  })) << cluster.logs();
}

}  // namespace
