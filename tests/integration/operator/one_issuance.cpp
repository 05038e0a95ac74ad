#include "tests/integration/operator/one_issuance.h"

#include <nlohmann/json.hpp>

#include "base/x509.h"
#include "tests/fakes/api_server/base64.h"

namespace integration {
namespace {

using nlohmann::json;
using std::chrono::seconds;

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

AtTheServer OneIssuance::at_the_server() {
  const std::string log = cluster_.pebble().output();
  return {count_of(log, "accounts in memory"), count_of(log, "Added order \""),
          count_of(log, "Issued certificate serial ")};
}

json OneIssuance::certificate(const std::string& name) {
  return cluster_.get("/apis/gatehouse.dev/v1alpha1/namespaces/default/certificates/" + name +
                      "-tls");
}

bool OneIssuance::is_told_to_be_served(const std::string& name) {
  const json object = certificate(name);
  return has_condition(object, "Ready") && has_condition(object, "Serving");
}

bool OneIssuance::is_served(const std::string& host) {
  return wait_until(seconds(30), [&] {
    const auto answer = cluster_.fetch(0, "https://" + host + "/");
    return answer && answer->status == 200;
  });
}

void OneIssuance::expect_one_issuance(const std::string& name, const std::string& host,
                                      const AtTheServer& before, int orders_max) {
  ASSERT_TRUE(is_served(host)) << cluster_.logs();
  ASSERT_TRUE(wait_until(seconds(30), [&] { return is_told_to_be_served(name); }))
      << certificate(name).dump(1) << cluster_.logs();
  const AtTheServer after = at_the_server();
  EXPECT_EQ(after.certificates - before.certificates, 1);
  EXPECT_GE(after.orders - before.orders, 1);
  EXPECT_LE(after.orders - before.orders, orders_max);

  const json status = certificate(name)["status"];
  EXPECT_EQ(status.value("revision", 0), 1) << status.dump(1);
  EXPECT_FALSE(status.contains("order")) << status.dump(1);
  const json secret = cluster_.get("/api/v1/namespaces/default/secrets/" + name + "-tls");
  EXPECT_EQ(secret["metadata"]["annotations"]["gatehouse.dev/order-url"], status["lastOrderURL"]);
  const auto part = [&](const char* key) {
    return fakes::api_server::from_base64(secret["data"].value(key, "")).value_or("");
  };
  EXPECT_TRUE(base::check_key_pair(part("tls.crt"), part("tls.key")));
  EXPECT_EQ(secret["data"].size(), 2u) << "no spare key is left";
}

}  // namespace integration
