#include "tests/fakes/acme_server/https_front.h"

#include <utility>

#include "base/key.h"

namespace fakes {
namespace {

struct Identity {
  std::string ca_pem;
  base::HttpServer::TlsIdentity leaf;
};

base::Result<Identity> make_identity() {
  const auto ca_key = base::PrivateKey::generate({});
  if (!ca_key) return base::failure(ca_key.error());
  base::SelfSignedOptions ca;
  ca.names.common_name = "CA of a fake ACME server";
  ca.names.dns_names = {"ca.test"};
  ca.is_ca = true;
  const auto ca_pem = base::make_self_signed(*ca_key, ca);
  if (!ca_pem) return base::failure(ca_pem.error());
  const auto key = base::PrivateKey::generate({});
  if (!key) return base::failure(key.error());
  base::SelfSignedOptions leaf;
  leaf.names.dns_names = {"localhost"};
  leaf.names.ip_addresses = {"127.0.0.1"};
  const auto leaf_pem = base::sign_leaf(*key, leaf, *ca_pem, *ca_key);
  if (!leaf_pem) return base::failure(leaf_pem.error());
  return Identity{*ca_pem, {*leaf_pem, key->to_pem()}};
}

// As AcmeServer is asked in process: with the names of headers as clients of ours write them.
base::HttpRequest request_to(const std::string& base_url, base::ServedRequest served) {
  base::HttpRequest request;
  request.method = std::move(served.method);
  request.url = base_url + served.path;
  for (const auto& [lower, name] :
       {std::pair("user-agent", "User-Agent"), std::pair("content-type", "Content-Type"),
        std::pair("accept", "Accept")}) {
    const auto header = served.headers.find(lower);
    if (header != served.headers.end()) request.headers.emplace(name, header->second);
  }
  request.body = std::move(served.body);
  return request;
}

}  // namespace

base::Result<std::unique_ptr<AcmeFront>> AcmeFront::start(const base::Clock& clock,
                                                          AcmeServer::Options options) {
  auto identity = make_identity();
  if (!identity) return base::failure(std::move(identity.error()));
  std::unique_ptr<AcmeFront> front(new AcmeFront);
  front->ca_pem_ = identity->ca_pem;
  base::HttpServer::Options http;
  http.name = "a fake ACME server";
  http.tls = [leaf = identity->leaf] { return leaf; };
  // Nobody knows the port before the server is there.
  auto listening = base::HttpServer::listen(
      http, [self = front.get()](base::ServedRequest served, base::Respond respond) {
        const std::string base_url = "https://localhost:" + std::to_string(self->http_->port());
        auto answer = self->server_->send(request_to(base_url, std::move(served)), {});
        if (answer) respond(std::move(*answer));
      });
  if (!listening) return base::failure(std::move(listening.error()));
  front->http_ = std::move(*listening);
  options.base_url = "https://localhost:" + std::to_string(front->http_->port());
  front->server_ = std::make_unique<AcmeServer>(clock, std::move(options));
  return front;
}

}  // namespace fakes
