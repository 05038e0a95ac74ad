#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/check/command.h"
#include "operator/check/report.h"
#include "tests/fakes/clock.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace check {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

Outcome check_text(const std::string& manifests, std::vector<const char*> more = {}) {
  const fakes::FakeClock clock;
  std::istringstream in(manifests);
  std::ostringstream out, err;
  std::vector<const char*> argv = {"check", "-f", "-"};
  argv.insert(argv.end(), more.begin(), more.end());
  Outcome outcome;
  outcome.status = run(static_cast<int>(argv.size()), argv.data(), in, out, err, clock);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

nlohmann::json only_report(const std::string& manifests) {
  const nlohmann::json whole = nlohmann::json::parse(check_text(manifests, {"-o", "json"}).out);
  EXPECT_EQ(whole.at("ingresses").size(), 1u);
  return whole.at("ingresses").at(0);
}

std::string web(const std::string& annotations = "{}", const std::string& name = "web",
                const std::string& class_name = "nginx") {
  return "apiVersion: networking.k8s.io/v1\n"
         "kind: Ingress\n"
         "metadata:\n"
         "  name: " +
         name +
         "\n"
         "  namespace: shop\n"
         "  annotations: " +
         annotations +
         "\n"
         "spec:\n"
         "  ingressClassName: " +
         class_name +
         "\n"
         "  tls: [{hosts: [shop.example], secretName: web-tls}]\n"
         "  rules:\n"
         "  - host: shop.example\n"
         "    http:\n"
         "      paths:\n"
         "      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: "
         "80}}}}\n"
         "      - {path: /api, pathType: Prefix, backend: {service: {name: api, port: {name: "
         "http}}}}\n"
         "---\n";
}

TEST(Check, AnIngressOfAnotherClassIsServedAsItAsksWithoutItsServicesAndSecrets) {
  const Outcome outcome = check_text(web());
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out,
            "VERDICT  INGRESS   HOSTS         PATHS SERVED\n"
            "served   shop/web  shop.example  2 of 2\n"
            "Ingresses: 1; served as asked: 1; served with differences: 0; refused: 0\n");
}

TEST(Check, WhatIsIgnoredIsADifferenceAndNamed) {
  const nlohmann::json report =
      only_report(web(R"({nginx.ingress.kubernetes.io/proxy-buffers-number: "8"})"));
  EXPECT_EQ(report.at("verdict"), "differs");
  EXPECT_EQ(report.at("pathsServed"), 2);
  EXPECT_EQ(report.at("findings").at(0).at("reason"), "AnnotationIgnored");
  EXPECT_THAT(report.at("findings").at(0).at("message").get<std::string>(),
              HasSubstr("proxy-buffers-number"));
}

TEST(Check, ASnippetIsRefusedWithItsRemedy) {
  const std::string manifest =
      web(R"({nginx.ingress.kubernetes.io/configuration-snippet: "deny all;"})");
  const Outcome outcome = check_text(manifest);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nrefused  shop/web"), HasSubstr("  0 of 2\n"),
                                 HasSubstr("\n  AnnotationRefused: "), HasSubstr("refused: 1\n")));
  EXPECT_EQ(only_report(manifest).at("verdict"), "refused");
}

TEST(Check, AServiceThatIsThereMustHaveThePort) {
  const Outcome outcome =
      check_text(web() +
                 "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},"
                 " spec: {ports: [{port: 8080}]}}\n");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("differs"), HasSubstr("PortNotFound"), HasSubstr("1 of 2")));
}

TEST(Check, ASecretThatIsThereMustHoldACertificate) {
  const Outcome outcome = check_text(web() +
                                     "{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, "
                                     "metadata: {name: web-tls, namespace: "
                                     "shop}, stringData: {tls.crt: none, tls.key: none}}\n");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("differs"), HasSubstr("CertificateInvalid")));
}

// Whatever is in it: one of another type is never read.
TEST(Check, ASecretOfAnotherTypeIsNoCertificate) {
  for (const char* type : {"type: Opaque, ", ""}) {
    const Outcome outcome = check_text(web() + "{apiVersion: v1, kind: Secret, " + type +
                                       "metadata: {name: web-tls, namespace: shop}, "
                                       "stringData: {tls.crt: good, tls.key: good}}\n");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("differs"), HasSubstr("CertificateMissing"),
                                   HasSubstr("Secret shop/web-tls of type kubernetes.io/tls does "
                                             "not exist (Secrets of other types are not read)")));
  }
}

TEST(Check, WhateverSecretIsNamedAndNotThereIsTakenToBeWell) {
  const std::string nginx = "nginx.ingress.kubernetes.io/";
  const std::string kinds[] = {
      "{}",  // under tls
      "{" + nginx + "auth-type: basic, " + nginx + "auth-secret: users}",
      "{" + nginx + "backend-protocol: HTTPS, " + nginx + "proxy-ssl-secret: web-ca, " + nginx +
          "proxy-ssl-verify: \"on\"}",
      "{" + nginx + "backend-protocol: HTTPS, " + nginx + "proxy-ssl-secret: web-tls}",
  };
  for (const std::string& annotations : kinds) {
    EXPECT_EQ(check_text(web(annotations)).status, 0) << annotations << "\n"
                                                      << check_text(web(annotations)).out;
  }
  const std::string broken =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: web-ca, namespace: shop}\n"
      "type: kubernetes.io/tls\nstringData: {tls.crt: none, tls.key: none}\n---\n";
  const Outcome outcome = check_text(web(kinds[2]) + broken);
  EXPECT_EQ(outcome.status, 1) << "what is there counts as it is";
  EXPECT_THAT(outcome.out, HasSubstr("BackendSecretUnusable"));
}

TEST(Check, OfOneClassOnlyThoseCountThatHaveIt) {
  const std::string both = web("{}", "web", "nginx") + web("{}", "other", "traefik");
  EXPECT_THAT(check_text(both, {"--ingress-class", "traefik"}).out,
              AllOf(HasSubstr("shop/other"), Not(HasSubstr("shop/web"))));
}

// Our class, whose parameters are p, and p where there is a spec.
std::string class_with(const std::string& spec) {
  const std::string parameters =
      "apiVersion: gatehouse.dev/v1alpha1\nkind: EdgeParameters\nmetadata: {name: p}\nspec: " +
      spec + "\n---\n";
  return "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: edge}\n"
         "spec:\n  controller: gatehouse.dev/ingress-controller\n"
         "  parameters: {apiGroup: gatehouse.dev, kind: EdgeParameters, name: p}\n---\n" +
         (spec.empty() ? "" : parameters);
}

TEST(Check, WhatParametersOfTheClassSayCounts) {
  const std::string cors = R"({nginx.ingress.kubernetes.io/enable-cors: "true"})";
  const std::string selecting = class_with("{namespaceSelector: {matchLabels: {edge: strict}}}");
  const auto shop = [](const std::string& labels) {
    return "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {" + labels +
           "}}\n---\n";
  };
  const struct {
    const char* what;
    std::string manifests;
    int status;
    const char* reason;  // in what is printed; empty: no reason
  } cases[] = {
      {"refused", class_with("{annotations: {refused: [enable-cors]}}") + web(cors, "web", "edge"),
       1, "EdgeParameters p of IngressClass edge"},
      {"another's class has none",
       class_with("{annotations: {refused: [enable-cors]}}") + web(cors, "web", "nginx"), 0, ""},
      {"in another order",
       web(cors, "web", "edge") + class_with("{annotations: {refused: [enable-cors]}}"), 1,
       "AnnotationRefused"},
      {"another namespace", class_with("{namespaces: [blog]}") + web("{}", "web", "edge"), 1,
       "NamespaceNotAllowed"},
      {"a namespace that is selected", selecting + shop("edge: strict") + web("{}", "web", "edge"),
       0, ""},
      {"one with another label", selecting + shop("edge: open") + web("{}", "web", "edge"), 1,
       "NamespaceNotAllowed"},
      {"one that is not there, so taken to be selected", selecting + web("{}", "web", "edge"), 0,
       ""},
      {"not there, so taken to be well", class_with("") + web("{}", "web", "edge"), 0, ""},
      {"cannot be read", class_with("{plainHttp: Maybe}") + web("{}", "web", "edge"), 2,
       "ClassParametersMissing"},
      {"of others", class_with("{}") + web("{}", "web", "edge"), 0, ""},
  };
  for (const auto& one : cases) {
    const Outcome outcome = check_text(one.manifests);
    EXPECT_EQ(outcome.status, one.status) << one.what << "\n" << outcome.out;
    EXPECT_THAT(outcome.out, HasSubstr(one.reason)) << one.what;
  }
}

TEST(Check, WhatTheProxiesWouldNotTakeIsRefusedToThoseWhoAskForIt) {
  ingress_test::ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"});
  builder.ingress(ingress_test::an_ingress("shop/well").path("a.example", "/", "web", 80));
  builder.ingress(ingress_test::an_ingress("shop/broken")
                      .path("b.example", "/", "web", 80)
                      .class_name("broken"));
  builder.ingress_class("broken", ingress::kControllerName);
  builder.view.class_names.insert("broken");
  auto named = std::make_shared<kube::IngressClass>(*builder.view.classes.back());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "p", ""};
  builder.view.classes.back() = named;
  auto parameters = std::make_shared<api::EdgeParameters>();
  parameters->spec.server = "what no reader\nlets pass";
  builder.view.parameters["p"] = parameters;
  const Outlook outlook = outlook_of(builder.view);
  ASSERT_EQ(outlook.reports.size(), 2u);
  EXPECT_EQ(outlook.reports[0].verdict, Verdict::refused);
  EXPECT_EQ(outlook.reports[0].findings.at(0).reason, "ConfigurationInvalid");
  EXPECT_EQ(outlook.reports[1].verdict, Verdict::served);
  EXPECT_EQ(outlook.problem, "");
}

TEST(Check, NamesOfAManifestMoveNoCursor) {
  const Outcome outcome = check_text(web("{}", "\"we\\e[31mb\""));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("shop/we?[31mb"), Not(HasSubstr("\x1b"))));
}

TEST(Check, TheOrderOfManifestsIsTheirAge) {
  const nlohmann::json whole = nlohmann::json::parse(
      check_text(web("{}", "younger-by-name-only") + web("{}", "a-copy"), {"-o", "json"}).out);
  EXPECT_EQ(whole.at("ingresses").at(0).at("name"), "a-copy");
  EXPECT_EQ(whole.at("ingresses").at(0).at("verdict"), "refused");
  EXPECT_EQ(whole.at("ingresses").at(1).at("verdict"), "served");
}

TEST(Check, WhatIsYetToBeCreatedIsYoungerThanWhatAClusterHas) {
  std::string exported = web("{}", "exported");
  exported.insert(exported.find("  namespace:"), "  creationTimestamp: 2024-01-01T00:00:00Z\n");
  const nlohmann::json whole =
      nlohmann::json::parse(check_text(web("{}", "a-new-one") + exported, {"-o", "json"}).out);
  EXPECT_EQ(whole.at("ingresses").at(0).at("name"), "a-new-one");
  EXPECT_EQ(whole.at("ingresses").at(0).at("verdict"), "refused");
  EXPECT_EQ(whole.at("ingresses").at(1).at("verdict"), "served");
}

TEST(Check, TextOfAManifestWritesNoLinesOfItsOwn) {
  const Outcome outcome = check_text(
      web(R"({nginx.ingress.kubernetes.io/proxy-body-size: "8\nserved  shop/other\e[31m"})"));
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("8?served  shop/other?[31m"), Not(HasSubstr("\x1b"))));
}

TEST(Check, ItemsOfAListAreChecked) {
  EXPECT_EQ(check_text(R"({"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
       "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}}]})")
                .status,
            0);
}

TEST(Check, WhatCannotBeReadIsNamedAndTheRestIsChecked) {
  const struct {
    const char* manifest;
    const char* problem;
  } rows[] = {
      {"a: [\n", "no YAML"},
      {"just text\n", "a document is no object"},
      {"a: 1\n", "a document has no kind"},
      {"{apiVersion: v1, kind: List}\n", "a List has no items"},
      {"{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: old}}\n",
       "Ingress old is of extensions/v1beta1, which no cluster serves"},
      {"{apiVersion: networking.k8s.io/v1, kind: Ingress}\n", "it has no metadata"},
      {"{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, annotations: "
       "{a: true}}}\n",
       "the value of annotation a is no text: quote it"},
      {"{apiVersion: 1, kind: Ingress, metadata: {name: web}}\n", "Ingress web is of 1"},
      {"{kind: List, items: [{kind: 7}]}\n", "an item of a List has no kind"},
      {"{kind: Secret, type: kubernetes.io/tls, metadata: {name: tls}, data: text, stringData: "
       "{tls.crt: none}}\n",
       "Secret default/tls"},
      {"{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: "
       "7}}\n",
       "rules"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = check_text(row.manifest);
    EXPECT_EQ(outcome.status, 2) << row.manifest;
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("cannot be read: standard input: "), HasSubstr(row.problem)));
  }
  EXPECT_THAT(check_text(web() + "{apiVersion: networking.k8s.io/v1, kind: Ingress}\n").out,
              AllOf(HasSubstr("\nserved   shop/web"), HasSubstr("cannot be read")));
}

TEST(Check, AValueOfAnotherTypeThanItsFieldHasIsNoEnd) {
  EXPECT_EQ(check_text("{kind: Secret, type: 7, metadata: {name: a}}\n"
                       "---\n{kind: Certificate, apiVersion: [], metadata: {name: a}}\n" +
                       ("---\n" + web()))
                .status,
            0);
}

TEST(Check, AliasesThatMultiplyAreRefused) {
  std::string bomb = "kind: Ingress\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_THAT(check_text(bomb).out, HasSubstr("more than a million values"));
}

TEST(Check, NestingIsBounded) {
  EXPECT_THAT(check_text("kind: Ingress\na: " + std::string(200, '[') + std::string(200, ']')).out,
              HasSubstr("nested deeper"));
}

TEST(Check, AFileThatIsNotThereIsNamed) {
  const fakes::FakeClock clock;
  std::istringstream in;
  std::ostringstream out, err;
  const char* argv[] = {"check", "-f", "/nowhere/at/all.yaml"};
  EXPECT_EQ(run(3, argv, in, out, err, clock), 2);
  EXPECT_THAT(out.str(), HasSubstr("/nowhere/at/all.yaml"));
}

TEST(Check, WithoutInputItSaysWhatToGive) {
  const fakes::FakeClock clock;
  std::istringstream in;
  std::ostringstream out, err;
  const char* argv[] = {"check"};
  EXPECT_EQ(run(1, argv, in, out, err, clock), 2);
  EXPECT_THAT(err.str(), StartsWith("gatehouse-operator check: say -f FILE"));
}

}  // namespace
}  // namespace check
