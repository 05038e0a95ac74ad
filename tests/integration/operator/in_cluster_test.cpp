#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/installation.h"

// Goal: the operator finds its API server as in a Pod, without a flag for it, and follows the token
// that the kubelet rotates. Method: the real operator in a mount namespace of its own, where
// /var/run holds a ServiceAccount volume as the kubelet lays it out; nothing outside is changed.
namespace {

using fakes::api_server::Server;
using integration::ChildProcess;
using integration::Replica;
using integration::TemporaryFolder;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;

// "$1" becomes the ServiceAccount's directory for the rest of the command line.
constexpr const char* kAsInAPod =
    "run=$(readlink -f /var/run) && mount -t tmpfs none \"$run\" && "
    "mkdir -p \"$run/secrets/kubernetes.io\" && "
    "ln -s \"$1\" \"$run/secrets/kubernetes.io/serviceaccount\" && shift && exec \"$@\"";

bool can_make_namespaces(const std::filesystem::path& folder) {
  ChildProcess::Options options;
  options.output = folder / "unshare.log";
  options.command = {"unshare", "--user", "--map-root-user", "--mount", "true"};
  const auto process = ChildProcess::start(options);
  return process && (*process)->wait_for_exit(seconds(10)) == 0;
}

class InCluster : public testing::Test {
 protected:
  InCluster() {
    fakes::api_server::ServerOptions options;
    options.users = {{"first", "token-1", {}}, {"second", "token-2", {}}};
    api_ = Server::start(options).value();
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: edge}\n");
    for (const auto& entry : std::filesystem::directory_iterator(GATEHOUSE_CRDS)) {
      if (entry.path().extension() == ".yaml") apply(read(entry.path()));
    }
    std::filesystem::create_directory(folder_.path() / "account");
    mount("token-1");
    for (const char* name : {"token", "ca.crt", "namespace"}) {
      std::filesystem::create_symlink(std::string("..data/") + name,
                                      folder_.path() / "account" / name);
    }
  }

  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void apply(const std::string& yaml) {
    const auto applied = api_->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  // Another version of the volume, swapped in by one rename.
  void mount(const std::string& token) {
    const std::filesystem::path account = folder_.path() / "account";
    const std::string version = "..of-" + token;
    std::filesystem::create_directory(account / version);
    std::ofstream(account / version / "token") << token;
    std::ofstream(account / version / "ca.crt") << api_->ca_pem();
    std::ofstream(account / version / "namespace") << "edge";
    std::filesystem::create_symlink(version, account / "..data_tmp");
    std::filesystem::rename(account / "..data_tmp", account / "..data");
  }
  // Whether somebody has written something of this kind.
  bool has_written(const std::string& user, const std::string& resource) const {
    for (const auto& write : api_->writes()) {
      if (write.user == user && write.resource.starts_with(resource)) return true;
    }
    return false;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Server> api_;
};

TEST_F(InCluster, TheOperatorNeedsNoFlagAndFollowsItsToken) {
  if (!can_make_namespaces(folder_.path())) GTEST_SKIP() << "no mount namespace can be made here";
  const std::string url = api_->url();
  ChildProcess::Options options;
  options.command = {"unshare",
                     "--user",
                     "--map-root-user",
                     "--mount",
                     "sh",
                     "-c",
                     kAsInAPod,
                     "sh",
                     folder_.path() / "account",
                     GATEHOUSE_OPERATOR,
                     "--control-address",
                     "127.0.0.1:0",
                     "--metrics-address",
                     "127.0.0.1:0",
                     "--health-address",
                     "127.0.0.1:0",
                     "--control-tls-secret",
                     "edge/gatehouse-control-tls",
                     "--control-ca-config-map",
                     "edge/gatehouse-control-ca",
                     "--ports-file",
                     folder_.path() / "ports"};
  options.environment = {{"KUBERNETES_SERVICE_HOST", "127.0.0.1"},
                         {"KUBERNETES_SERVICE_PORT", url.substr(url.rfind(':') + 1)}};
  options.output = folder_.path() / "log";
  auto process = ChildProcess::start(options);
  ASSERT_TRUE(process) << process.error().message;
  ASSERT_TRUE(wait_until(seconds(30), [&] {
    return std::filesystem::exists(folder_.path() / "ports") || !(*process)->is_running();
  }));
  ASSERT_TRUE((*process)->is_running()) << (*process)->output();
  const Replica replica{"", nullptr, json::parse(read(folder_.path() / "ports"))};
  EXPECT_TRUE(wait_until(seconds(30), [&] { return replica.readiness().starts_with("200"); }))
      << replica.readiness() << (*process)->output();
  // Readiness is about serving the proxies; who leads is settled beside it.
  EXPECT_TRUE(wait_until(seconds(30), [&] { return has_written("first", "leases"); }))
      << "in the namespace that the volume names: " << (*process)->output();
  EXPECT_TRUE(api_->request("GET", "/api/v1/namespaces/edge/secrets/gatehouse-control-tls"));

  // The API server does not know the old token any more.
  mount("token-2");
  fakes::api_server::Misbehaviour::Rule rule;
  rule.path_contains = "/leases/";
  rule.status = 401;
  api_->misbehaviour().add(rule);
  EXPECT_TRUE(wait_until(seconds(30), [&] { return has_written("second", "leases"); }))
      << (*process)->output();
  EXPECT_TRUE((*process)->is_running());
}

}  // namespace
