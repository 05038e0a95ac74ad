#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/installation.h"

// auth-type, auth-secret: from a Secret that people write to what clients get.
namespace {

using integration::Installation;
using integration::wait_until;
using std::chrono::seconds;

// Of "myPassword", of bcrypt and of apr1, from Apache's documentation.
constexpr const char* kBcrypt = "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC";
constexpr const char* kApr1 = "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/";

class Passwords : public testing::Test {
 protected:
  Passwords() {
    cluster_.start_operator();
    cluster_.start_proxies(1);
    cluster_.apply(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: gatehouse}\n"
        "spec: {controller: gatehouse.dev/ingress-controller}\n");
  }

  void apply_users(const std::string& lines) {
    cluster_.apply(
        "apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata: {namespace: default, name: users}\n"
        "stringData: {auth: \"" +
        lines + "\"}\n");
  }
  void apply_ingress() {
    cluster_.apply(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: www\n"
        "  namespace: default\n  annotations:\n"
        "    nginx.ingress.kubernetes.io/auth-type: basic\n"
        "    nginx.ingress.kubernetes.io/auth-secret: users\n"
        "spec:\n  ingressClassName: gatehouse\n  rules:\n    - host: www.example.test\n"
        "      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: www, port: "
        "{name: http}}}}]}\n");
  }
  int status_for(const std::string& user, const std::string& password) {
    httplib::Client client("127.0.0.1", cluster_.proxy_port(0, "http"));
    httplib::Headers headers = {{"Host", "www.example.test"}};
    if (!user.empty()) headers.insert(httplib::make_basic_authentication_header(user, password));
    const auto answer = client.Get("/", headers);
    return answer ? answer->status : 0;
  }
  bool comes_to(int status, const std::string& user, const std::string& password) {
    return wait_until(seconds(30), [&] { return status_for(user, password) == status; });
  }
  bool is_told(const std::string& what) {
    return wait_until(seconds(30), [&] {
      for (const auto& event : cluster_.events("default")) {
        if (event["reason"] != "AnnotationRefused") continue;
        if (event["note"].get<std::string>().find(what) != std::string::npos) return true;
      }
      return false;
    });
  }

  Installation cluster_;
};

TEST_F(Passwords, OpenWhatAnIngressGuardsAndFollowTheirSecret) {
  apply_ingress();
  ASSERT_TRUE(comes_to(503, "", "")) << cluster_.logs();
  EXPECT_TRUE(is_told("names the Secret default/users, which does not exist")) << cluster_.logs();
  apply_users(std::string("ann:") + kBcrypt);
  ASSERT_TRUE(comes_to(401, "", "")) << cluster_.logs();
  EXPECT_EQ(status_for("ann", "myPassword"), 200);
  EXPECT_EQ(status_for("ann", "mypassword"), 401);
  EXPECT_EQ(status_for("bob", "myPassword"), 401);
  apply_users(std::string("bob:") + kApr1);
  ASSERT_TRUE(comes_to(200, "bob", "myPassword")) << cluster_.logs();
  EXPECT_EQ(status_for("ann", "myPassword"), 401) << "though she was right a moment ago";
  apply_users("bob:sesame");
  ASSERT_TRUE(comes_to(503, "bob", "myPassword")) << cluster_.logs();
  EXPECT_TRUE(is_told("in line 1 for the user \"bob\" has a password in plain text"));
  EXPECT_EQ(cluster_.logs().find("sesame"), std::string::npos);
  EXPECT_EQ(cluster_.logs().find(kBcrypt), std::string::npos);
}

}  // namespace
