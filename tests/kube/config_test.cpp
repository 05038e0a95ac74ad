#include "kube/config.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64url.h"
#include "base/key.h"
#include "tests/fakes/clock.h"
#include "tests/support/temporary_directory.h"

using testing::HasSubstr;

namespace {

kube::Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

// A kubeconfig with one cluster and one user, whose fields a test writes.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
         "contexts:\n"
         "- {name: other, context: {cluster: elsewhere, user: admin}}\n"
         "- {name: one, context: {cluster: here, user: admin, namespace: shop}}\n"
         "clusters:\n- {name: here, cluster: {" +
         cluster + "}}\nusers:\n- {name: admin, user: {" + user + "}}\n";
}

const std::string kServer = "server: 'https://k8s.test:6443/'";

const std::string& ca() {
  static const std::string pem = [] {
    base::SelfSignedOptions options;
    options.names.common_name = "test CA";
    options.is_ca = true;
    return base::make_self_signed(base::PrivateKey::generate({}).value(), options).value();
  }();
  return pem;
}

class Kubeconfig : public testing::Test {
 protected:
  base::Result<kube::Config> parse(const std::string& text, const std::string& context = "") {
    return kube::parse_kubeconfig(text, directory_.path(), context, clock_);
  }
  kube::Config parsed(const std::string& text) {
    auto config = parse(text);
    EXPECT_TRUE(config) << config.error().message;
    return config ? *config : kube::Config();
  }
  std::string complaint(const std::string& text, const std::string& context = "") {
    const auto config = parse(text, context);
    EXPECT_FALSE(config);
    if (config) return {};
    EXPECT_EQ(config.error().kind, base::ErrorKind::invalid);
    return config.error().message;
  }

  support::TemporaryDirectory directory_;
  fakes::FakeClock clock_;
};

TEST_F(Kubeconfig, ReadsDataThatIsInIt) {
  const auto config =
      parsed(kubeconfig(kServer + ", certificate-authority-data: " + base::base64_encode(ca()),
                        "client-certificate-data: " + base::base64_encode("CERT") +
                            ", client-key-data: " + base::base64_encode("KEY")));
  EXPECT_EQ(config.server, "https://k8s.test:6443");
  EXPECT_EQ(config.ca_pem, ca());
  EXPECT_EQ(config.client_certificate_pem, "CERT");
  EXPECT_EQ(config.client_key_pem, "KEY");
  EXPECT_EQ(config.namespace_, "shop");
  EXPECT_EQ(*config.token->token(), "");
}

TEST_F(Kubeconfig, RelativePathsStartAtItsOwnDirectory) {
  directory_.write("ca.pem", ca());
  directory_.write("token", "sesame");
  const auto config = parsed(kubeconfig(kServer + ", certificate-authority: ca.pem",
                                        "tokenFile: " + directory_.path("token")));
  EXPECT_EQ(config.ca_pem, ca());
  EXPECT_EQ(*config.token->token(), "sesame");
}

TEST_F(Kubeconfig, ReadsATokenThatIsInIt) {
  EXPECT_EQ(*parsed(kubeconfig(kServer, "token: sesame")).token->token(), "sesame");
}

TEST_F(Kubeconfig, AContextWithoutAUserHasNoCredentials) {
  const auto config = parsed(
      "current-context: c\ncontexts: [{name: c, context: {cluster: here}}]\n"
      "clusters: [{name: here, cluster: {server: 'http://127.0.0.1:8001'}}]\n");
  EXPECT_EQ(*config.token->token(), "");
  EXPECT_EQ(config.namespace_, "default");
}

TEST_F(Kubeconfig, EachMistakeIsOneClearSentence) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {kubeconfig("server: ''", ""),
       "the kubeconfig: cluster \"here\": server must be an http:// or https:// URL"},
      {kubeconfig(kServer + ", certificate-authority-data: '%%'", ""),
       "the kubeconfig: cluster \"here\": certificate-authority-data is not base64"},
      {kubeconfig(kServer + ", insecure-skip-tls-verify: true", ""),
       "the kubeconfig: cluster \"here\": insecure-skip-tls-verify is not supported, since anybody "
       "could then read our credentials; give certificate-authority-data instead"},
      {kubeconfig(kServer + ", proxy-url: 'http://proxy'", ""),
       "the kubeconfig: cluster \"here\": proxy-url is not supported"},
      {kubeconfig(kServer, "exec: {command: aws}"),
       "the kubeconfig: user \"admin\": exec is not supported; use a token, a tokenFile or a "
       "client certificate"},
      {kubeconfig(kServer, "auth-provider: {name: gcp}"),
       "the kubeconfig: user \"admin\": auth-provider is not supported; use a token, a tokenFile "
       "or a client certificate"},
      {kubeconfig(kServer, "client-key-data: " + base::base64_encode("KEY")),
       "the kubeconfig: user \"admin\": a client certificate and its key go together, and one is "
       "missing"},
      {kubeconfig(kServer, "token: [a]"), "the kubeconfig: user \"admin\": token must be a string"},
      {kubeconfig(kServer, "token: \"a\\nb\""),
       "the kubeconfig: user \"admin\": token must hold no spaces and no line breaks"},
      {"contexts: []", "the kubeconfig: it has no current-context, and no context was asked for"},
      {"current-context: gone", "the kubeconfig: it has no context \"gone\""},
      {"current-context: gone\ncontexts: 7", "the kubeconfig: contexts must be a list"},
      {"current-context: gone\ncontexts: [7]",
       "the kubeconfig: an entry of contexts must be a mapping"},
      {"[1, 2]", "the kubeconfig: it must be a mapping"},
  };
  for (const auto& [text, sentence] : cases) EXPECT_EQ(complaint(text), sentence) << text;
  EXPECT_THAT(complaint("a: ["), HasSubstr("the kubeconfig is not YAML"));
  EXPECT_THAT(complaint(kubeconfig(kServer + ", certificate-authority: absent.pem", "")),
              HasSubstr("absent.pem cannot be read: No such file or directory"));
  EXPECT_EQ(complaint(kubeconfig(kServer, ""), "other"),
            "the kubeconfig: it has no cluster \"elsewhere\"");
}

TEST_F(Kubeconfig, ACaThatHoldsNoCertificateIsRefusedAtOnce) {
  const std::string sentence =
      "the kubeconfig: cluster \"here\": the certificate-authority holds no certificate (PEM) to "
      "verify the API server against";
  const std::string key = base::PrivateKey::generate({}).value().to_pem();
  const std::string garbage = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n";
  for (const std::string& text : {std::string("CA"), key, garbage}) {
    EXPECT_EQ(complaint(kubeconfig(
                  kServer + ", certificate-authority-data: " + base::base64_encode(text), "")),
              sentence)
        << text;
  }
  directory_.write("empty.pem", "");
  EXPECT_EQ(complaint(kubeconfig(kServer + ", certificate-authority: empty.pem", "")), sentence);
  // A key or text beside it does no harm.
  EXPECT_EQ(parsed(kubeconfig(kServer + ", certificate-authority-data: " +
                                  base::base64_encode("# ours\n" + key + ca()),
                              ""))
                .server,
            "https://k8s.test:6443");
}

TEST_F(Kubeconfig, AnUnreadableFileIsNamed) {
  const auto config = kube::read_kubeconfig(directory_.path("absent"), "", clock_);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr(directory_.path("absent") + " cannot be read"));
}

// ---- In a cluster

class InCluster : public Kubeconfig {
 protected:
  InCluster() {
    directory_.write("ca.crt", ca());
    directory_.write("token", "sesame\n");
    directory_.write("namespace", "gatehouse-system\n");
  }
  base::Result<kube::Config> read(const std::string& host = "10.0.0.1") {
    return kube::read_in_cluster_config(
        environment({{"KUBERNETES_SERVICE_HOST", host}, {"KUBERNETES_SERVICE_PORT", "443"}}),
        clock_, directory_.path());
  }
};

TEST_F(InCluster, ReadsThePodsServiceAccount) {
  const auto config = read();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server, "https://10.0.0.1:443");
  EXPECT_EQ(config->ca_pem, ca());
  EXPECT_EQ(*config->token->token(), "sesame");
  EXPECT_EQ(config->namespace_, "gatehouse-system");
}

TEST_F(InCluster, AnIpv6HostIsPutInBrackets) {
  EXPECT_EQ(read("fd00::1")->server, "https://[fd00::1]:443");
}

TEST_F(InCluster, SaysWhatIsMissing) {
  directory_.remove("token");
  EXPECT_THAT(read().error().message, HasSubstr("reading our ServiceAccount's token"));
  directory_.write("ca.crt", "CA");
  EXPECT_THAT(read().error().message,
              HasSubstr("/ca.crt holds no certificate (PEM) to verify the API server against"));
  directory_.remove("ca.crt");
  EXPECT_THAT(read().error().message, HasSubstr("reading the cluster's CA"));
  EXPECT_THAT(kube::read_in_cluster_config(environment({}), clock_).error().message,
              HasSubstr("not in a cluster"));
}

TEST_F(InCluster, AKubeconfigIsFoundByFlagThenClusterThenEnvironmentThenHome) {
  const std::string file = directory_.path("config");
  directory_.write("config", kubeconfig(kServer, "token: sesame"));
  const auto server = [&](const std::string& flag, std::map<std::string, std::string> variables) {
    const auto config = kube::find_config(flag, "", environment(std::move(variables)), clock_);
    return config ? config->server : config.error().message;
  };
  const std::string found = "https://k8s.test:6443";
  EXPECT_EQ(server(file, {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}), found);
  EXPECT_EQ(server("", {{"KUBECONFIG", file + ":/other"}}), found);
  std::filesystem::create_directory(directory_.path(".kube"));
  directory_.write(".kube/config", kubeconfig(kServer, "token: sesame"));
  EXPECT_EQ(server("", {{"HOME", directory_.path()}}), found);
  EXPECT_THAT(server("", {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}),
              HasSubstr("KUBERNETES_SERVICE_PORT"));
  EXPECT_THAT(server("", {}), HasSubstr("no way to the API server"));
}

}  // namespace
