#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/openssl.h"
#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"
#include "tests/support/test_authority.h"

// Annotations as the operator compiles them, and what they do to requests at a running proxy.
namespace ingress_test {

using ingress::Compiled;
using proxy::support::HttpAnswer;
using proxy::support::HttpClient;
using proxy::support::RunningEngine;
using proxy::support::ScriptedBackend;
using proxy::support::SeenRequest;
using proxy::support::SocketStream;
using proxy::support::tls_server;

inline const std::string kNginx = "nginx.ingress.kubernetes.io/";
inline const std::string kHost = "shop.test";

inline base::SslCtxPtr tls_server(const std::string& name) {
  return tls_server(proxy::support::issue({name}));
}

// The Secret shop/tls with a certificate for these hosts, as it is served.
inline void add_certificate(ViewBuilder& builder, const std::vector<std::string>& hosts) {
  builder.secret("shop/tls", hosts);
  routing::TlsSecret tls = *builder.view.secrets.at({"shop", "tls"});
  tls.material = std::make_shared<const proxy::config::Certificate>(proxy::support::issue(hosts));
  builder.view.secrets[{"shop", "tls"}] = std::make_shared<const routing::TlsSecret>(tls);
}

// One backend stands behind every Service, and says what it was asked for.
class ServedRequests : public ::testing::Test {
 protected:
  static bool say_path(SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.path));
  }

  void serve(ViewBuilder builder) { serve(std::move(builder), backend_.port()); }
  // `others`: who stands behind a cluster in its place, by the cluster's id.
  void serve(ViewBuilder builder, std::uint16_t port,
             const std::map<std::string, std::uint16_t>& others = {}) {
    const Compiled compiled = ingress::compile(builder.service("shop/web", 80, {"127.0.0.1"}).view);
    proxy::config::ProxyConfig config = compiled.config;
    for (const auto& [id, cluster] : compiled.config.clusters) {
      proxy::config::Cluster here = *cluster;
      const auto other = others.find(id);
      here.endpoints = {{"127.0.0.1", other == others.end() ? port : other->second}};
      config.clusters[id] = std::make_shared<const proxy::config::Cluster>(std::move(here));
    }
    ASSERT_TRUE(proxy_.publish(config));
  }

  // What it asks for, with these endpoints behind its clusters.
  void serve_by(const ViewBuilder& builder, const std::vector<std::uint16_t>& ports) {
    const Compiled compiled = ingress::compile(builder.view);
    proxy::config::ProxyConfig config = compiled.config;
    for (const auto& [id, cluster] : compiled.config.clusters) {
      proxy::config::Cluster here = *cluster;
      here.endpoints.clear();
      for (const std::uint16_t port : ports) here.endpoints.push_back({"127.0.0.1", port});
      std::sort(here.endpoints.begin(), here.endpoints.end());
      config.clusters[id] = std::make_shared<const proxy::config::Cluster>(std::move(here));
    }
    ASSERT_TRUE(proxy_.publish(config));
  }

  HttpAnswer get(const std::string& path) {
    return HttpClient::connect(proxy_.http()).get(path, kHost);
  }
  // By a client with this certificate; nullptr: with none.
  HttpAnswer get_showing(const ::support::Issued* shown, const std::string& path = "/") {
    SocketStream stream = SocketStream::connect(proxy_.https());
    SocketStream::TlsWishes wishes;
    wishes.server_name = kHost;
    if (shown != nullptr) {
      wishes.chain_pem = shown->chain_pem;
      wishes.key_pem = shown->key_pem;
    }
    EXPECT_EQ(stream.start_tls(wishes), "");
    return HttpClient(std::move(stream)).get(path, kHost);
  }
  // What the backend was asked for, or the status.
  std::string asked(const std::string& path) {
    const HttpAnswer answer = get(path);
    return answer.status == 200 ? answer.body : std::to_string(answer.status);
  }

  ScriptedBackend backend_{say_path};
  RunningEngine proxy_;
};

}  // namespace ingress_test
