#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/key.h"
#include "operator/routing/tls_secret.h"

namespace routing {
namespace {

std::shared_ptr<const kube::Secret> a_secret(const std::string& chain, const std::string& key) {
  kube::Secret secret;
  secret.data["tls.crt"] = chain;
  secret.data["tls.key"] = key;
  return std::make_shared<const kube::Secret>(std::move(secret));
}

std::shared_ptr<const kube::Secret> a_pair(const std::string& host) {
  const auto key = base::PrivateKey::generate({});
  base::SelfSignedOptions options;
  options.names.dns_names = {host};
  return a_secret(base::make_self_signed(*key, options).value(), key->to_pem());
}

TEST(TlsSecretCache, ReadsManyAsItReadsEachAndEachContentOnce) {
  const auto b = a_pair("b.example");
  const TlsSecretCache::Secrets secrets = {
      a_pair("a.example"), b, std::make_shared<const kube::Secret>(*b), a_secret("x", "y")};
  TlsSecretCache cache;
  const auto known = cache.read(*secrets[0]);
  for (const unsigned threads : {0u, 1u, 3u, 9u}) {
    const auto held = cache.read_all(secrets, threads);
    EXPECT_EQ(held.size(), 3u) << threads;
    EXPECT_EQ(cache.read(*secrets[0]), known);
    const auto read = cache.read(*secrets[1]);
    EXPECT_EQ(cache.read(*secrets[2]), read);
    ASSERT_EQ(read->state, TlsSecret::State::usable) << read->problem;
    EXPECT_EQ(read->material->chain_pem, read_tls_secret(*b).material->chain_pem);
    EXPECT_EQ(cache.read(*secrets[3])->state, TlsSecret::State::broken);
  }
  // What nobody held was read each time.
  EXPECT_EQ(cache.readings(), 1u + 4u * 2u);
}

}  // namespace
}  // namespace routing
