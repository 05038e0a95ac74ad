#include <array>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/curl_transport.h"
#include "base/key.h"
#include "tests/integration/operator/installation.h"

// What the operator says to whoever starts it wrongly, or where there is no cluster to use.
namespace {

using integration::ChildProcess;
using integration::TemporaryFolder;
using integration::wait_until;
using testing::HasSubstr;

struct Ended {
  int status = -1;
  std::string output;
};

Ended run(const std::string& flags) {
  const std::string command = std::string(GATEHOUSE_OPERATOR) + " " + flags + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  Ended ended;
  std::array<char, 4096> chunk;
  while (const std::size_t count = fread(chunk.data(), 1, chunk.size(), pipe)) {
    ended.output.append(chunk.data(), count);
  }
  ended.status = WEXITSTATUS(pclose(pipe));
  return ended;
}

class Flags : public testing::Test {
 protected:
  Flags() {
    const auto key = base::PrivateKey::generate({});
    base::SelfSignedOptions options;
    options.names.dns_names = {"localhost"};
    write("tls.crt", base::make_self_signed(*key, options).value());
    write("tls.key", key->to_pem());
    write("other.key", base::PrivateKey::generate({})->to_pem());
  }

  std::string path(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  std::string kubeconfig(const std::string& text) const {
    write("kubeconfig", text);
    return "--kubeconfig " + path("kubeconfig") + " ";
  }
  std::string tls() const {
    return "--control-tls-cert-file " + path("tls.crt") + " --control-tls-key-file " +
           path("tls.key") + " ";
  }
  static std::string any_ports() {
    return "--control-address 127.0.0.1:0 --metrics-address 127.0.0.1:0 --health-address "
           "127.0.0.1:0 ";
  }

  // Starts against this API server, and waits until /readyz says this.
  void expect_not_ready_because(const std::string& config, const std::string& reason,
                                const std::function<void()>& mend = {}) {
    write("kubeconfig", config);
    ChildProcess::Options options;
    options.command = {
        GATEHOUSE_OPERATOR, "--kubeconfig",           path("kubeconfig"), "--control-tls-cert-file",
        path("tls.crt"),    "--control-tls-key-file", path("tls.key"),    "--control-address",
        "127.0.0.1:0",      "--metrics-address",      "127.0.0.1:0",      "--health-address",
        "127.0.0.1:0",      "--ports-file",           path("ports"),      "--namespace",
        "gatehouse-system"};
    options.output = path("log");
    const auto process = ChildProcess::start(options);
    ASSERT_TRUE(process) << process.error().message;
    std::string last;
    const auto is_answered = [&](int status, const std::string& words) {
      std::ifstream ports(path("ports"));
      std::string text;
      if (!std::getline(ports, text)) return false;
      const auto at = text.find("\"health\":");
      base::HttpRequest request;
      request.url =
          "http://127.0.0.1:" + std::to_string(std::stoi(text.substr(at + 9))) + "/readyz";
      const auto answer = base::make_curl_transport({})->send(request, {});
      if (!answer) return false;
      last = std::to_string(answer->status) + " " + answer->body;
      return answer->status == status && answer->body.find(words) != std::string::npos;
    };
    const bool is_said =
        wait_until(std::chrono::seconds(30), [&] { return is_answered(503, reason); });
    EXPECT_TRUE(is_said) << last << "\n" << (*process)->output();
    EXPECT_TRUE((*process)->is_running());
    EXPECT_THAT((*process)->output(), HasSubstr("trying again"));
    if (!mend) return;
    mend();
    EXPECT_TRUE(wait_until(std::chrono::seconds(30), [&] { return is_answered(200, "ok"); }))
        << last << (*process)->output();
  }

  TemporaryFolder folder_;
};

std::string kubeconfig_for(const std::string& server, const std::string& ca_file = "") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
         "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
         "clusters: [{name: k, cluster: {server: \"" +
         server + "\"" + (ca_file.empty() ? "" : ", certificate-authority: " + ca_file) +
         "}}]\nusers: [{name: u, user: {token: t}}]\n";
}

TEST_F(Flags, HelpIsForAStranger) {
  const Ended ended = run("--help");
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output, HasSubstr("--control-address"));
  EXPECT_THAT(ended.output, HasSubstr("The control plane of Gatehouse"));
}

TEST_F(Flags, VersionIsOneLine) {
  const Ended ended = run("--version");
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.output, testing::MatchesRegex("gatehouse-operator [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(Flags, AMistakeIsOneSentenceAndStatusTwo) {
  const std::string config = kubeconfig(kubeconfig_for("https://127.0.0.1:1"));
  const std::pair<std::string, const char*> cases[] = {
      {"--no-such-flag", "--no-such-flag"},
      {config, "--control-tls-cert-file"},
      {config + tls() + "--control-address nowhere", "\"nowhere\" is not IP:PORT"},
      {config + tls() + "--publish-service web", "NAMESPACE/NAME"},
      {config + tls() + "--log-level loud", "--log-level"},
      {config + "--control-tls-cert-file /none --control-tls-key-file /none", "/none"},
      {config + "--control-tls-cert-file " + path("tls.crt") + " --control-tls-key-file " +
           path("other.key"),
       "do not make a pair"},
      {tls() + "--kubeconfig /no/such/file", "/no/such/file"},
      {tls() + "--context other " + config, "other"},
      {config + tls() + "--control-address 192.0.2.1:1", "192.0.2.1"},
      {config + tls() + any_ports() + "--ports-file /no/such/folder/ports", "/no/such/folder"},
  };
  for (const auto& [flags, said] : cases) {
    const Ended ended = run(flags);
    EXPECT_EQ(ended.status, 2) << flags << "\n" << ended.output;
    EXPECT_THAT(ended.output, HasSubstr(said)) << flags;
  }
}

TEST_F(Flags, APortThatIsTakenIsNamed) {
  const auto api = fakes::api_server::Server::start({});
  ASSERT_TRUE(api) << api.error().message;
  const std::string taken = (*api)->url().substr(std::string("https://").size());
  const std::string config = kubeconfig(kubeconfig_for("https://127.0.0.1:1"));
  for (const std::string flag : {"--control-address", "--health-address", "--metrics-address"}) {
    std::string flags = config + tls();
    for (const std::string other : {"--control-address", "--health-address", "--metrics-address"}) {
      flags += other + " " + (other == flag ? taken : "127.0.0.1:0") + " ";
    }
    const Ended ended = run(flags);
    EXPECT_EQ(ended.status, 2) << flag << "\n" << ended.output;
    EXPECT_THAT(ended.output, HasSubstr(taken)) << flag;
    EXPECT_THAT(ended.output, HasSubstr("Address already in use")) << flag;
  }
}

TEST_F(Flags, AnApiServerThatIsDownIsTriedAgainVisibly) {
  expect_not_ready_because(kubeconfig_for("https://127.0.0.1:1"), "127.0.0.1:1");
}

TEST_F(Flags, AnApiServerWhoseCertificateIsNotTrustedIsNamed) {
  const auto api = fakes::api_server::Server::start({});
  ASSERT_TRUE(api) << api.error().message;
  expect_not_ready_because(kubeconfig_for((*api)->url(), path("tls.crt")), "certificate");
}

TEST_F(Flags, MissingDefinitionsAreNamedWithTheRemedy) {
  const auto api = fakes::api_server::Server::start({});
  ASSERT_TRUE(api) << api.error().message;
  expect_not_ready_because((*api)->kubeconfig(), "crds/", [&] {
    for (const char* kind : {"certificates", "issuers", "clusterissuers"}) {
      std::ifstream file(std::string(GATEHOUSE_CRDS) + "/" + kind + ".yaml");
      std::ostringstream yaml;
      yaml << file.rdbuf();
      EXPECT_TRUE((*api)->apply_yaml(yaml.str())) << kind;
    }
  });
}

}  // namespace
