#include "proxy/session/request_hash.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using config::HashPart;
using config::HashSource;

const std::vector<http::Field> kFields = {
    {"X-User-Id", "u1"}, {"Cookie", "a=b; Route=r1"}, {"cookie", "late=l"}, {"X-Empty", ""}};

std::optional<std::uint64_t> hash(const std::vector<HashPart>& parts, Distinction request) {
  return hash_of(parts, request);
}
Distinction request(std::string_view path, std::string_view query,
                    std::string_view address = "192.0.2.1", std::string_view host = "shop.test",
                    const std::vector<http::Field>& fields = kFields) {
  return {path, query, address, host, fields};
}

TEST(RequestHash, IsOfWhatIsNamedAndOfNothingElse) {
  const std::vector<HashPart> uri{{HashSource::request_uri}};
  EXPECT_EQ(hash(uri, request("/a", "?b")), hash(uri, request("/a", "?b", "192.0.2.9", "x.test")));
  EXPECT_NE(hash(uri, request("/a", "?b")), hash(uri, request("/a", "?c")));
  EXPECT_NE(hash(uri, request("/a", "")), hash(uri, request("/b", "")));
  const std::vector<HashPart> address{{HashSource::client_address}};
  EXPECT_EQ(hash(address, request("/a", "")), hash(address, request("/b", "?c")));
  EXPECT_NE(hash(address, request("/a", "")), hash(address, request("/a", "", "192.0.2.2")));
}

TEST(RequestHash, AHostIsTheSameInAnyCaseAndWithAnyPort) {
  const std::vector<HashPart> parts{{HashSource::host}};
  const auto of = [&](std::string_view host) {
    return hash(parts, request("/", "", "192.0.2.1", host));
  };
  EXPECT_EQ(of("shop.test"), of("SHOP.test:8443"));
  EXPECT_EQ(of("[::1]"), of("[::1]:80"));
  EXPECT_NE(of("[::1]"), of("[::2]"));
  EXPECT_NE(of("shop.test"), of("other.test"));
  EXPECT_EQ(of(""), std::nullopt);
}

TEST(RequestHash, FieldsCookiesAndArgumentsAreFoundByNameInAnyCase) {
  const auto of = [](HashSource source, const std::string& name, std::string_view query = "") {
    return hash({{source, name}}, request("/", query));
  };
  EXPECT_NE(of(HashSource::field, "x_user_id"), std::nullopt);
  EXPECT_EQ(of(HashSource::field, "x_user"), std::nullopt);
  EXPECT_EQ(of(HashSource::field, "x_empty"), std::nullopt);
  EXPECT_NE(of(HashSource::cookie, "route"), std::nullopt);
  EXPECT_NE(of(HashSource::cookie, "late"), std::nullopt);
  EXPECT_EQ(of(HashSource::cookie, "rout"), std::nullopt);
  EXPECT_EQ(of(HashSource::argument, "id", "?ID=7&x=1"), of(HashSource::argument, "id", "?y&id=7"));
  EXPECT_NE(of(HashSource::argument, "id", "?id=7"), of(HashSource::argument, "id", "?id=8"));
  for (const char* query : {"", "?", "?&&", "?id", "?id=", "?xid=1", "?=1"}) {
    EXPECT_EQ(of(HashSource::argument, "id", query), std::nullopt) << query;
  }
}

TEST(RequestHash, PartsDoNotRunIntoEachOther) {
  const std::vector<HashPart> parts{{HashSource::argument, "a"}, {HashSource::argument, "b"}};
  EXPECT_NE(hash(parts, request("/", "?a=xy&b=z")), hash(parts, request("/", "?a=x&b=yz")));
  EXPECT_NE(hash(parts, request("/", "?a=x")), hash(parts, request("/", "?b=x")));
}

}  // namespace
}  // namespace proxy::session
