#include "operator/routing/field_map.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/key.h"
#include "base/x509.h"

namespace routing {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(FieldMap, KeepsNothingOfAConfigMapThatIsLargerThanAHeadMayBe) {
  kube::ConfigMap map;
  map.data["X-A"] = std::string(kFieldBytesMax - 3, 'a');
  EXPECT_EQ(read_field_map(map).fields, map.data);
  map.data["X-A"] += "a";
  EXPECT_THAT(read_field_map(map).problem, HasSubstr("16384 bytes"));
  EXPECT_THAT(read_field_map(map).fields, IsEmpty());
  map.data.clear();
  for (int i = 0; i <= 100; ++i) map.data["X-" + std::to_string(i)] = "1";
  EXPECT_THAT(read_field_map(map).problem, HasSubstr("100 keys"));
}

// A tool for trust puts one bundle into each of a thousand namespaces.
TEST(FieldMap, AuthoritiesThatManyConfigMapsHaveAreHeldOnce) {
  base::SelfSignedOptions options;
  options.names.common_name = "ca.example";
  options.names.dns_names = {"ca.example"};
  const auto key = base::PrivateKey::generate({}).value();
  kube::ConfigMap one, other;
  one.data["ca.crt"] = base::make_self_signed(key, options).value();
  other.data["ca.crt"] = "# ours\n" + one.data["ca.crt"];
  const FieldMap of_one = read_field_map(one);
  const FieldMap of_other = read_field_map(other);
  EXPECT_FALSE(of_one.authorities_pem->empty());
  EXPECT_EQ(&*of_one.authorities_pem, &*of_other.authorities_pem);
}

}  // namespace
}  // namespace routing
