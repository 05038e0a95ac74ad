#include "operator/ingress/annotations/basic_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "operator/ingress/ingress_names.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using proxy::config::FixedAnswer;
using proxy::config::Forward;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kNginx = "nginx.ingress.kubernetes.io/";
const std::string kSha = "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=";

using Annotations = std::vector<std::pair<std::string, std::string>>;

IngressBuilder annotated(const Annotations& annotations) {
  IngressBuilder builder = an_ingress("shop/www").path("shop.example", "/", "web", 80);
  for (const auto& [key, value] : annotations) builder.annotation(kNginx + key, value);
  return builder;
}

TEST(BasicAuth, NamesASecretOfItsOwnNamespace) {
  const struct {
    Annotations annotations;
    std::string secret;
    BasicAuth::Source source = BasicAuth::Source::file;
    std::string realm = "Authentication Required";
  } rows[] = {
      {{{"auth-type", "basic"}, {"auth-secret", "users"}}, "shop/users"},
      {{{"auth-type", " Basic "}, {"auth-secret", " shop/users "}}, "shop/users"},
      {{{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-secret-type", "auth-map"}},
       "shop/users",
       BasicAuth::Source::map},
      {{{"auth-type", "basic"},
        {"auth-secret", "users"},
        {"auth-secret-type", "auth-file"},
        {"auth-realm", "The \"shop\" - members"}},
       "shop/users",
       BasicAuth::Source::file,
       "The \"shop\" - members"},
      {{{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-realm", "off"}},
       "shop/users",
       BasicAuth::Source::file,
       "off"},
  };
  for (const auto& row : rows) {
    Issues issues;
    const auto basic = read_basic_auth(annotated(row.annotations).get(), issues);
    ASSERT_TRUE(basic);
    EXPECT_TRUE(issues.empty());
    EXPECT_EQ(basic->secret.text(), row.secret);
    EXPECT_EQ(basic->source, row.source);
    EXPECT_EQ(basic->realm, row.realm);
    EXPECT_EQ(named_auth_secrets(annotated(row.annotations).get()),
              std::set<kube::ObjectKey>{basic->secret});
  }
}

TEST(BasicAuth, ClosesWhereItCannotBeTold) {
  const struct {
    Annotations annotations;
    std::string why;
  } rows[] = {
      {{{"auth-type", "digest"}, {"auth-secret", "users"}}, "digest authentication"},
      {{{"auth-type", "none"}, {"auth-secret", "users"}}, "which is not basic"},
      {{{"auth-type", "basic"}}, "no auth-secret says which"},
      {{{"auth-secret", "users"}}, "without auth-type"},
      {{{"auth-realm", "shop"}}, "without auth-type"},
      {{{"auth-secret-type", "auth-map"}}, "without auth-type"},
      {{{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-secret-type", "file"}},
       "which is not auth-file or auth-map"},
      {{{"auth-type", "basic"}, {"auth-secret", "other/users"}}, "which is of another namespace"},
      {{{"auth-type", "basic"}, {"auth-secret", "a/b/c"}}, "which is not the name of a Secret"},
      {{{"auth-type", "basic"}, {"auth-secret", "/users"}}, "which is not the name of a Secret"},
      {{{"auth-type", "basic"}, {"auth-secret", "shop/"}}, "which is not the name of a Secret"},
      {{{"auth-type", "basic"}, {"auth-secret", "Users"}}, "which is not the name of a Secret"},
      {{{"auth-type", "basic"}, {"auth-secret", "u?x=y"}}, "which is not the name of a Secret"},
  };
  for (const auto& row : rows) {
    Issues issues;
    EXPECT_FALSE(read_basic_auth(annotated(row.annotations).get(), issues)) << row.why;
    ASSERT_FALSE(issues.empty()) << row.why;
    EXPECT_EQ(issues[0].effect, Issue::Effect::guards);
    EXPECT_THAT(issues[0].why, HasSubstr(row.why));
    EXPECT_TRUE(named_auth_secrets(annotated(row.annotations).get()).empty());
  }
}

TEST(BasicAuth, WhatIsOffAsksForNoPasswordWithoutAType) {
  for (const char* const key : {"auth-secret", "auth-secret-type", "auth-realm"}) {
    Issues issues;
    EXPECT_FALSE(read_basic_auth(annotated({{key, "off"}}).get(), issues)) << key;
    EXPECT_THAT(issues, testing::IsEmpty()) << key;
  }
}

TEST(BasicAuth, ARealmThatCannotStandInAFieldIsToldAndAnotherOneIsTaken) {
  for (const std::string& realm :
       {std::string("a\nb"), std::string("caf\xc3\xa9"), std::string(256, 'r')}) {
    Issues issues;
    const auto basic = read_basic_auth(
        annotated({{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-realm", realm}}).get(),
        issues);
    ASSERT_TRUE(basic);
    EXPECT_EQ(basic->realm, "Authentication Required");
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
  }
}

TEST(Satisfy, IsAnyOrAllAndNothingElse) {
  const struct {
    std::string value;
    bool any;
    bool is_refused;
  } rows[] = {{"any", true, false},    {" ANY ", true, false}, {"all", false, false},
              {"", false, false},      {"off", false, false},  {"one", false, true},
              {"any,all", false, true}};
  for (const auto& row : rows) {
    Issues issues;
    EXPECT_EQ(read_satisfies_any({{kNginx + "satisfy", row.value}}, issues), row.any) << row.value;
    EXPECT_EQ(!issues.empty(), row.is_refused) << row.value;
  }
}

ViewBuilder with_web() {
  return ViewBuilder().service("shop/web", 80, {"10.1.0.1"});
}

const Annotations kBasic = {{"auth-type", "basic"}, {"auth-secret", "users"}};

std::string message_of(const Compiled& compiled, const std::string& reason) {
  for (const routing::Complaint& complaint : compiled.complaints) {
    if (complaint.reason == reason) return complaint.message;
  }
  return {};
}

bool is_closed(const Compiled& compiled) {
  const auto& action = compiled.config.hosts.at("shop.example")->routes.at(0).action;
  const auto* const answer = std::get_if<FixedAnswer>(&action);
  return answer != nullptr && answer->status == 503;
}

TEST(Compiler, PutsTheUsersOfASecretIntoTheGuards) {
  Annotations annotations = kBasic;
  annotations.emplace_back("satisfy", "any");
  annotations.emplace_back("whitelist-source-range", "10.0.0.0/8");
  annotations.emplace_back("auth-realm", "members");
  const Compiled compiled = compile(with_web()
                                        .auth_secret("shop/users", "ann:" + kSha + "\n")
                                        .ingress(annotated(annotations))
                                        .view);
  const auto& route = compiled.config.hosts.at("shop.example")->routes.at(0);
  EXPECT_TRUE(std::holds_alternative<Forward>(route.action));
  const proxy::config::Guards& guards = *compiled.config.guards.at(route.policies->guards);
  ASSERT_TRUE(guards.basic_auth);
  EXPECT_EQ(guards.basic_auth->realm, "members");
  ASSERT_EQ(guards.basic_auth->users.size(), 1u);
  EXPECT_EQ(guards.basic_auth->users[0], (proxy::config::PasswordUser{"ann", kSha}));
  EXPECT_TRUE(guards.satisfy_any);
  EXPECT_EQ(guards.allowed.size(), 1u);
  EXPECT_TRUE(compiled.complaints.empty());
}

TEST(Compiler, ASecretForPasswordsThatIsMissingBrokenOrForeignClosesAndIsNamed) {
  const auto compiled_with = [](const Annotations& annotations, const std::string& htpasswd) {
    return compile(with_web()
                       .auth_secret(htpasswd.empty() ? "shop/another" : "shop/users", htpasswd)
                       .ingress(annotated(annotations))
                       .view);
  };
  const Compiled missing = compiled_with(kBasic, "");
  EXPECT_TRUE(is_closed(missing));
  EXPECT_THAT(message_of(missing, "AnnotationRefused"),
              AllOf(HasSubstr("auth-secret names the Secret shop/users, which does not exist"),
                    HasSubstr("answers 503"), HasSubstr("Create it")));
  const Compiled broken = compiled_with(kBasic, "ann:" + kSha + "\nbob:sesame\n");
  EXPECT_TRUE(is_closed(broken));
  EXPECT_THAT(message_of(broken, "AnnotationRefused"),
              AllOf(HasSubstr("Secret shop/users, which in line 2 for the user \"bob\""),
                    HasSubstr("Mend the Secret"), Not(HasSubstr("sesame")), Not(HasSubstr(kSha))));
  const Compiled foreign =
      compiled_with({{"auth-type", "basic"}, {"auth-secret", "other/users"}}, "ann:" + kSha);
  EXPECT_TRUE(is_closed(foreign));
  EXPECT_THAT(
      message_of(foreign, "AnnotationRefused"),
      AllOf(HasSubstr("other/users"), HasSubstr("Copy the Secret into the namespace shop")));
  const Compiled as_map = compiled_with(
      {{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-secret-type", "auth-map"}},
      "ann:" + kSha);
  EXPECT_TRUE(is_closed(as_map));
}

TEST(Compiler, ASecretThatIsYetToBeReadClosesWithoutAnEvent) {
  routing::AuthSecret unread;
  unread.is_unread = true;
  ViewBuilder builder = with_web();
  builder.ingress(annotated(kBasic));
  builder.view.auth_secrets[{"shop", "users"}] =
      std::make_shared<const routing::AuthSecret>(unread);
  const Compiled compiled = compile(builder.view);
  EXPECT_TRUE(is_closed(compiled));
  ASSERT_EQ(compiled.complaints.size(), 1u);
  EXPECT_EQ(compiled.complaints[0].severity, routing::Severity::pending);
}

}  // namespace
}  // namespace ingress::annotations
