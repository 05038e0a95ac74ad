#include "acme/order_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/origin.h"

// Whether what a server says of an order is about what was asked for.
namespace {

using testing::HasSubstr;

acme::Authorization authorization_of(const std::string& host, const std::string& type = "dns") {
  acme::Authorization authorization;
  authorization.identifier = {type, host};
  return authorization;
}

acme::Order order_for(const std::vector<acme::Identifier>& identifiers) {
  acme::Order order;
  order.identifiers = identifiers;
  return order;
}

struct Row {
  const char* what;
  std::vector<acme::Authorization> authorizations;
  const char* fault;  // empty: none
};

TEST(CheckAuthorizations, EachIsForOneNameOfTheOrderAndNoneIsThereTwice) {
  acme::Authorization wildcard = authorization_of("a.test");
  wildcard.is_wildcard = true;
  const Row rows[] = {
      {"none yet", {}, ""},
      {"both", {authorization_of("b.test"), authorization_of("a.test")}, ""},
      {"other case", {authorization_of("A.Test")}, ""},
      {"other spelling", {authorization_of("2001:DB8:0::1", "ip")}, ""},
      {"another's", {authorization_of("victim.test")}, "\"victim.test\" is for a name that"},
      {"ours and another's",
       {authorization_of("a.test"), authorization_of("victim.test")},
       "victim.test"},
      {"below ours", {authorization_of("x.a.test")}, "x.a.test"},
      {"above ours", {authorization_of("test")}, "\"test\""},
      {"ours as an address", {authorization_of("a.test", "ip")}, "a.test"},
      {"twice", {authorization_of("a.test"), authorization_of("a.test")}, "is there twice"},
      {"the wildcard of ours", {wildcard}, "a.test"},
  };
  const acme::Order order =
      order_for({{"dns", "a.test"}, {"dns", "b.test"}, {"ip", "2001:db8::1"}});
  for (const Row& row : rows) {
    const base::Status status = acme::check_authorizations(order, row.authorizations);
    if (*row.fault == '\0') {
      EXPECT_TRUE(status) << row.what;
      continue;
    }
    ASSERT_FALSE(status) << row.what;
    EXPECT_EQ(status.error().kind, base::ErrorKind::protocol);
    EXPECT_THAT(status.error().message, HasSubstr(row.fault)) << row.what;
  }
}

TEST(AreSameNames, CountsWhatIsThereTwice) {
  using Names = std::vector<acme::Identifier>;
  const Names names = {{"dns", "a.test"}, {"dns", "b.test"}};
  EXPECT_TRUE(acme::are_same_names(names, Names{{"dns", "B.test"}, {"dns", "a.test"}}));
  EXPECT_FALSE(acme::are_same_names(names, Names{{"dns", "a.test"}}));
  EXPECT_FALSE(
      acme::are_same_names(names, Names{{"dns", "a.test"}, {"dns", "b.test"}, {"dns", "b.test"}}));
  EXPECT_FALSE(acme::are_same_names(names, Names{{"dns", "a.test"}, {"ip", "b.test"}}));
}

TEST(OriginOf, IsSchemeHostAndPortAndEmptyForWhatCanBeReadInTwoWays) {
  const std::pair<const char*, const char*> rows[] = {
      {"https://ca.test/directory", "https://ca.test:443"},
      {"https://CA.Test:443/x?y#z", "https://ca.test:443"},
      {"https://ca.test:14000/dir", "https://ca.test:14000"},
      {"https://ca.test?x", "https://ca.test:443"},
      {"https://[2001:db8::1]/dir", "https://[2001:db8::1]:443"},
      {"https://[2001:db8::1]:8443/dir", "https://[2001:db8::1]:8443"},
      {"http://ca.test/", ""},
      {"https://ca.test@inner.test/", ""},
      {"https://ca.test:x@inner.test/", ""},
      {"https://ca.test\\@inner.test/", ""},
      {"https://ca.test:/", ""},
      {"https://ca.test:https/", ""},
      {"https://:443/", ""},
      {"https:///", ""},
      {"", ""},
  };
  for (const auto& [url, origin] : rows) EXPECT_EQ(acme::origin_of(url), origin) << url;
}

}  // namespace
