#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/installation.h"

// auth-url and what goes with it, as most people have it: oauth2-proxy itself asks a provider who
// somebody is, behind the same proxy that asks oauth2-proxy.
namespace {

using integration::ChildProcess;
using integration::Installation;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;

constexpr const char* kHost = "app.example.test";

// $GATEHOUSE_OAUTH2_PROXY, as .ci/go-program prints it.
std::optional<std::string> oauth2_proxy() {
  const char* program = std::getenv("GATEHOUSE_OAUTH2_PROXY");
  if (program == nullptr || *program == '\0') return std::nullopt;
  return program;
}

// A server of the test's own on a port of 127.0.0.1; ends with this object.
class LocalServer {
 public:
  httplib::Server& routes() { return server_; }
  void start() {
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~LocalServer() { server_.stop(); }
  int port() const { return port_; }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

std::string service(const std::string& name, int port) {
  return "apiVersion: v1\nkind: Service\nmetadata: {namespace: default, name: " + name +
         "}\nspec: {ports: [{name: http, port: 80}]}\n---\n"
         "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: default, "
         "name: " +
         name + "-1, labels: {kubernetes.io/service-name: " + name +
         "}}\naddressType: IPv4\nendpoints: [{addresses: [127.0.0.1], conditions: {ready: true}}]\n"
         "ports: [{name: http, port: " +
         std::to_string(port) + "}]\n";
}

std::string ingress(const std::string& name, const std::string& path,
                    const std::string& annotations = "") {
  return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: " + name +
         "\n  namespace: default\n  annotations:\n    gatehouse.dev/ssl-redirect: \"false\"\n" +
         annotations + "spec:\n  ingressClassName: gatehouse\n  rules:\n    - host: " + kHost +
         "\n      http: {paths: [{path: " + path +
         ", pathType: Prefix, backend: {service: {name: " + name + ", port: {name: http}}}}]}\n";
}

class Oauth2Proxy : public testing::Test {
 protected:
  void SetUp() override {
    const auto program = oauth2_proxy();
    if (!program) GTEST_SKIP() << "no oauth2-proxy: set GATEHOUSE_OAUTH2_PROXY";
    cluster_.start_operator();
    cluster_.start_proxies(1);
    serve_provider();
    serve_application();
    start_oauth2_proxy(*program);
    cluster_.apply(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: gatehouse}\n"
        "spec: {controller: gatehouse.dev/ingress-controller}\n");
    cluster_.apply(service("app", application_.port()));
    cluster_.apply(service("oauth2-proxy", oauth2_proxy_port_));
    cluster_.apply(ingress("oauth2-proxy", "/oauth2"));
    cluster_.apply(
        ingress("app", "/",
                "    nginx.ingress.kubernetes.io/auth-url: \"http://$host/oauth2/auth\"\n"
                "    nginx.ingress.kubernetes.io/auth-signin: "
                "\"http://$host/oauth2/start?rd=$escaped_request_uri\"\n"
                "    nginx.ingress.kubernetes.io/auth-response-headers: X-Auth-Request-Email\n"));
    ASSERT_TRUE(wait_until(seconds(30), [&] { return ask("/oauth2/start").status == 302; }))
        << log();
    ASSERT_TRUE(wait_until(seconds(30), [&] { return ask("/reports?year=1").status == 302; }))
        << log();
  }

  // A provider that knows one person: who comes is sent back with a code at once.
  void serve_provider() {
    provider_.routes().Get("/login", [](const httplib::Request& asked, httplib::Response& answer) {
      answer.set_redirect(asked.get_param_value("redirect_uri") + "?code=c0de&state=" +
                          httplib::detail::encode_query_param(asked.get_param_value("state")));
    });
    provider_.routes().Post("/token", [](const httplib::Request& asked, httplib::Response& answer) {
      if (asked.get_param_value("code") != "c0de") {
        answer.status = 403;
        return;
      }
      answer.set_content(R"({"access_token": "t0ken", "token_type": "bearer", "expires_in": 600})",
                         "application/json");
    });
    provider_.routes().Get("/account", [](const httplib::Request&, httplib::Response& answer) {
      answer.set_content(R"({"account": {"email": "ann@example.test"}})", "application/json");
    });
    provider_.start();
  }

  // Says who it was told that its client is.
  void serve_application() {
    application_.routes().Get(".*", [](const httplib::Request& asked, httplib::Response& answer) {
      answer.set_content("hello " + asked.get_header_value("X-Auth-Request-Email"), "text/plain");
    });
    application_.start();
  }

  void start_oauth2_proxy(const std::string& program) {
    oauth2_proxy_port_ = integration::find_free_port();
    ChildProcess::Options options;
    options.output = cluster_.path("oauth2-proxy.log");
    options.command = {program,
                       "--provider=digitalocean",
                       "--login-url=" + provider_.url("/login"),
                       "--redeem-url=" + provider_.url("/token"),
                       "--profile-url=" + provider_.url("/account"),
                       "--validate-url=" + provider_.url("/account"),
                       "--client-id=gatehouse",
                       "--client-secret=secret",
                       "--cookie-secret=0123456789abcdef0123456789abcdef",
                       "--cookie-secure=false",
                       "--email-domain=*",
                       "--reverse-proxy=true",
                       "--trusted-proxy-ip=127.0.0.1/32",
                       "--set-xauthrequest=true",
                       "--skip-provider-button=true",
                       "--upstream=static://202",
                       "--http-address=127.0.0.1:" + std::to_string(oauth2_proxy_port_)};
    auto process = ChildProcess::start(options);
    ASSERT_TRUE(process) << process.error().message;
    oauth2_proxy_ = std::move(*process);
  }

  httplib::Response ask(const std::string& target, const httplib::Headers& more = {}) {
    httplib::Client client("127.0.0.1", cluster_.proxy_port(0, "http"));
    client.set_read_timeout(seconds(30));
    httplib::Headers fields = {{"Host", kHost}};
    fields.insert(more.begin(), more.end());
    const auto answer = client.Get(target, fields);
    return answer ? *answer : httplib::Response{};
  }

  // What a browser does with a redirect: the way within its host, or the provider's answer.
  static std::string target_of(const std::string& location) {
    const std::size_t host = location.find("://");
    if (host == std::string::npos) return location;
    const std::size_t path = location.find('/', host + 3);
    return path == std::string::npos ? "/" : location.substr(path);
  }
  static std::string cookies_of(const httplib::Response& answer) {
    std::string all;
    const auto [first, last] = answer.headers.equal_range("Set-Cookie");
    for (auto each = first; each != last; ++each) {
      if (!all.empty()) all += "; ";
      all += each->second.substr(0, each->second.find(';'));
    }
    return all;
  }
  std::string log() const { return cluster_.logs() + oauth2_proxy_->output(); }

  Installation cluster_;
  LocalServer provider_, application_;
  int oauth2_proxy_port_ = 0;
  std::unique_ptr<ChildProcess> oauth2_proxy_;
};

TEST_F(Oauth2Proxy, SignsSomebodyInAndTellsTheApplicationWhoThatIs) {
  const auto refused = ask("/reports?year=1", {{"X-Auth-Request-Email", "root@example.test"}});
  ASSERT_EQ(refused.status, 302) << log();
  const std::string signin = refused.get_header_value("Location");
  // cpp-httplib decodes what is escaped in a field, as the way back is.
  EXPECT_EQ(signin, "http://app.example.test/oauth2/start?rd=/reports?year=1");

  const auto started = ask(target_of(signin));
  ASSERT_EQ(started.status, 302) << log();
  const std::string login = started.get_header_value("Location");
  ASSERT_TRUE(login.starts_with(provider_.url("/login"))) << login;
  const auto at_provider = httplib::Client("127.0.0.1", provider_.port()).Get(target_of(login));
  ASSERT_TRUE(at_provider);
  ASSERT_EQ(at_provider->status, 302);

  const auto signed_in =
      ask(target_of(at_provider->get_header_value("Location")), {{"Cookie", cookies_of(started)}});
  ASSERT_EQ(signed_in.status, 302) << signed_in.body << log();
  EXPECT_EQ(target_of(signed_in.get_header_value("Location")), "/reports?year=1");

  const std::string session = cookies_of(signed_in);
  const auto answered =
      ask("/reports?year=1", {{"Cookie", session}, {"X-Auth-Request-Email", "root@example.test"}});
  EXPECT_EQ(answered.status, 200) << log();
  EXPECT_EQ(answered.body, "hello ann@example.test");

  std::string forged = session;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(ask("/reports?year=1", {{"Cookie", forged}}).status, 302);
}

TEST_F(Oauth2Proxy, ClosesTheApplicationWhenItIsGone) {
  oauth2_proxy_.reset();
  EXPECT_GE(ask("/reports").status, 500);
}

}  // namespace
