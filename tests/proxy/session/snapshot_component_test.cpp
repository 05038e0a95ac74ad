// A proxy that takes the place of one that is gone, while no operator answers.
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/base64url.h"
#include "base/openssl.h"
#include "proxy/control/control_client.h"
#include "proxy/control/snapshot_keeper.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"
#include "tests/support/temporary_directory.h"

namespace proxy::support {
namespace {

class NoOperator final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token) override {
    return base::failure(base::ErrorKind::unavailable, request.url + ": connection refused");
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    return base::failure(base::ErrorKind::invalid, "the control API is not a stream");
  }
};

class Restart : public ::testing::Test {
 protected:
  Restart() {
    directory_.write("key", std::string(32, 's'));
    directory_.write("token", "token");
    directory_.write("ca", "-----BEGIN CERTIFICATE-----\n" + base::base64_encode("CA") +
                               "\n-----END CERTIFICATE-----\n");
  }
  control::SnapshotFile file() const {
    return control::SnapshotFile::open({.path = directory_.path("state"),
                                        .key_file = directory_.path("key"),
                                        .may_be_on_disk = true})
        .value();
  }
  std::unique_ptr<control::ControlClient> follow_nobody(RunningEngine& proxy) {
    auto kept = file().read(std::chrono::system_clock::now());
    auto started = control::ControlClient::start_with(
        {"https://operator.test:9443", directory_.path("ca"), directory_.path("token")},
        [](const std::string&) { return std::make_unique<NoOperator>(); }, proxy.engine(),
        kept ? std::optional(std::move(*kept)) : std::nullopt);
    return std::move(started.value());
  }
  // By a process that ends afterwards.
  void serve_and_end(const config::ProxyConfig& config) {
    RunningEngine before;
    const auto keeper = control::SnapshotKeeper::start(file(), before.engine(), {});
    ASSERT_TRUE(keeper->publish(control::make_snapshot(config)));
  }

  ::support::TemporaryDirectory directory_;
};

TEST_F(Restart, ServesAtOnceWhatWasServedBeforeOverBothPorts) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  auto config = shop({backend.port()});
  const config::Certificate certificate = issue({"shop.test"});
  add_certificate(config, "shop.test", certificate);
  serve_and_end(config);
  RunningEngine after;
  EXPECT_FALSE(after.engine().ready());
  const auto client = follow_nobody(after);
  EXPECT_TRUE(after.engine().ready());
  EXPECT_EQ(HttpClient::connect(after.http()).get("/").body, "hello");
  SocketStream stream = SocketStream::connect(after.https());
  ASSERT_EQ(stream.start_tls({"shop.test", ""}), "");
  const base::X509Ptr shown(SSL_get1_peer_certificate(stream.ssl()));
  const base::X509Ptr issued = base::parse_first_certificate(certificate.chain_pem.text()).value();
  EXPECT_EQ(X509_cmp(shown.get(), issued.get()), 0);
  EXPECT_EQ(HttpClient(std::move(stream)).get("/").body, "hello");
}

TEST_F(Restart, WithAFileThatIsBrokenItWaitsAsIfThereWereNone) {
  serve_and_end(shop({1}));
  std::ofstream(directory_.path("state"), std::ios::app) << "x";
  RunningEngine after;
  const auto client = follow_nobody(after);
  EXPECT_FALSE(after.engine().ready());
}

}  // namespace
}  // namespace proxy::support
