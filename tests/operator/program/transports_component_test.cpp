#include <string>

#include <gtest/gtest.h>

#include "base/http_server.h"
#include "operator/program/part_options.h"

// How much of an answer is read from servers that are not ours to trust: it is held in memory.
namespace {

class Transports : public testing::Test {
 protected:
  // What comes of an answer of so many bytes.
  base::Result<base::HttpResponse> ask(base::HttpTransport& transport, std::size_t bytes) {
    auto server = base::HttpServer::listen(
        {}, [bytes](const base::ServedRequest&, const base::Respond& respond) {
          respond(base::HttpResponse{200, {}, std::string(bytes, 'x')});
        });
    if (!server) return base::failure(server.error());
    base::HttpRequest request;
    request.url = "http://127.0.0.1:" + std::to_string((*server)->port()) + "/";
    return transport.send(request, {});
  }
};

TEST_F(Transports, AnAcmeServersAnswerIsReadAsFarAsTheClientTakesIt) {
  const std::size_t most = issuer::kAnswerBytesMax;
  const auto transport = program::acme_transports()("");
  EXPECT_TRUE(ask(*transport, most));
  const auto endless = ask(*transport, most + 1);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().kind, base::ErrorKind::protocol);
}

TEST_F(Transports, AProxysAnswerToAChallengeIsShort) {
  const auto transport = program::probe_transport();
  EXPECT_TRUE(ask(*transport, 1000));
  EXPECT_FALSE(ask(*transport, 1u << 20));
}

}  // namespace
