// `check --cluster` against an API server.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/check/command.h"
#include "tests/fakes/api_server/server.h"
#include "tests/support/temporary_directory.h"

namespace check {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CheckCluster : public ::testing::Test {
 protected:
  int check(const std::vector<const char*>& more = {}) {
    std::ofstream(kubeconfig_) << server_->kubeconfig();
    const base::SystemClock clock;
    std::istringstream in;
    std::ostringstream out, err;
    std::vector<const char*> argv = {"check", "--cluster", "--kubeconfig", kubeconfig_.c_str()};
    argv.insert(argv.end(), more.begin(), more.end());
    const int status = run(static_cast<int>(argv.size()), argv.data(), in, out, err, clock);
    said_ = out.str() + err.str();
    return status;
  }

  std::unique_ptr<fakes::api_server::Server> server_ = fakes::api_server::Server::start({}).value();
  ::support::TemporaryDirectory directory_;
  std::string kubeconfig_ = directory_.path("kubeconfig");
  std::string said_;
};

constexpr const char* kIngress = R"(
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: default}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
)";

TEST_F(CheckCluster, SaysWhatWouldBecomeOfItsIngressesAndWritesNothing) {
  ASSERT_TRUE(server_->apply_yaml(kIngress));
  server_->forget_writes();
  EXPECT_EQ(check(), 1);
  // Nothing is assumed of a cluster.
  EXPECT_THAT(said_, AllOf(HasSubstr("\nrefused  default/web  shop.example"),
                           HasSubstr("ServiceNotFound")));
  EXPECT_THAT(server_->writes(), IsEmpty());

  ASSERT_TRUE(server_->apply_yaml(R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints: [{addresses: [10.0.0.7]}]
)"));
  EXPECT_EQ(check(), 0) << said_;
}

TEST_F(CheckCluster, OfOneClassThoseOfGatehouseCountBesideIt) {
  ASSERT_TRUE(server_->apply_yaml(R"(
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: nginx
  annotations: {ingressclass.kubernetes.io/is-default-class: "true"}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge}
spec: {controller: gatehouse.dev/ingress-controller}
)"));
  const auto put = [&](const std::string& name, const std::string& class_line) {
    ASSERT_TRUE(server_->apply_yaml(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name +
        ", namespace: default}\nspec:\n  " + class_line +
        "defaultBackend: {service: {name: web, port: {number: 80}}}\n"));
  };
  put("named", "ingressClassName: nginx\n  ");
  put("by-default", "");
  put("ours", "ingressClassName: edge\n  ");
  put("of-others", "ingressClassName: alb\n  ");
  check({"--ingress-class", "nginx"});
  EXPECT_THAT(said_, AllOf(HasSubstr("default/named"), HasSubstr("default/by-default"),
                           HasSubstr("default/ours"), Not(HasSubstr("default/of-others")),
                           HasSubstr("Ingresses: 3;")));
  check();
  EXPECT_THAT(said_, HasSubstr("Ingresses: 4;"));
}

TEST_F(CheckCluster, AClusterThatDoesNotAnswerIsAProblem) {
  const std::string kubeconfig = server_->kubeconfig();
  server_.reset();
  std::ofstream(kubeconfig_) << kubeconfig;
  const base::SystemClock clock;
  std::istringstream in;
  std::ostringstream out, err;
  const char* argv[] = {"check", "--cluster", "--kubeconfig", kubeconfig_.c_str()};
  EXPECT_EQ(run(4, argv, in, out, err, clock), 2);
  EXPECT_THAT(out.str(), HasSubstr("cannot be read: the cluster: "));
}

}  // namespace
}  // namespace check
