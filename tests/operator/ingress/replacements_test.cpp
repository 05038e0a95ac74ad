#include "operator/ingress/annotations/replacements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/redirection.h"
#include "proxy/config/limits.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::nginx;
using ingress_test::Pairs;
using proxy::config::Replacement;
using proxy::config::Shape;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Told {
  Shape shape;
  Issues issues;
};
Told told_by(const AnnotationMap& annotations) {
  Told got;
  read_replacements(annotations, got.shape, got.issues);
  return got;
}
Told told(Pairs pairs) {
  return told_by(nginx(pairs));
}

TEST(ReplacementAnnotations, AreTwoWords) {
  const Told got = told({{"proxy-cookie-domain", "web.internal  shop.example"},
                         {"proxy-cookie-path", " / \"/; Secure; SameSite=None\" "},
                         {"proxy-redirect-from", "http://"},
                         {"proxy-redirect-to", "https://"}});
  EXPECT_THAT(got.issues, IsEmpty());
  EXPECT_THAT(got.shape.cookie_domains, ElementsAre(Replacement{"web.internal", "shop.example"}));
  EXPECT_THAT(got.shape.cookie_paths, ElementsAre(Replacement{"/", "/; Secure; SameSite=None"}));
  EXPECT_THAT(got.shape.locations, ElementsAre(Replacement{"http://", "https://"}));
}

TEST(ReplacementAnnotations, AskForNothingWhenTheyAreOff) {
  const Told got = told({{"proxy-cookie-domain", "off"},
                         {"proxy-cookie-path", " Off"},
                         {"proxy-redirect-from", "off"},
                         {"proxy-redirect-to", "https://"}});
  EXPECT_EQ(got.shape, Shape{});
  EXPECT_THAT(got.issues, IsEmpty());
  EXPECT_EQ(told({{"proxy-redirect-from", "http://"}, {"proxy-redirect-to", "off"}}).shape,
            Shape{});
}

TEST(ReplacementAnnotations, WhatCannotBeTakenIsLeftOutAndTold) {
  for (const char* value : {"/", "/ / /", "~^/(.*) /$1", "/ $host", "$host /", "/ \"/", "\"\" /",
                            "/ /\x01", "\"/\"x", "/a \xc3\xa9"}) {
    for (const char* key : {"proxy-cookie-domain", "proxy-cookie-path"}) {
      const Told got = told({{key, value}});
      EXPECT_EQ(got.shape, Shape{}) << value;
      EXPECT_THAT(got.issues, SizeIs(1)) << value;
    }
  }
  const std::vector<AnnotationMap> redirects = {
      nginx({{"proxy-redirect-from", "http://"}}), nginx({{"proxy-redirect-to", "http://"}}),
      nginx({{"proxy-redirect-from", "default"}, {"proxy-redirect-to", "x"}}),
      nginx({{"proxy-redirect-from", "~http"}, {"proxy-redirect-to", "x"}}),
      nginx({{"proxy-redirect-from", "http://"}, {"proxy-redirect-to", "$scheme://"}})};
  for (const AnnotationMap& annotations : redirects) {
    const Told got = told_by(annotations);
    EXPECT_EQ(got.shape, Shape{});
    EXPECT_THAT(got.issues, SizeIs(1));
  }
}

TEST(AppRoot, LeavesRoomForWhatIsPutBeforeIt) {
  const std::string longest = "/" + std::string(proxy::config::kTextBytesMax - 1, 'a');
  Issues issues;
  EXPECT_FALSE(read_redirections(nginx({{"app-root", longest}}), issues).of_root);
  EXPECT_THAT(issues, SizeIs(1));
  EXPECT_TRUE(
      read_redirections(nginx({{"app-root", longest}, {"relative-redirects", "true"}}), issues)
          .of_root);
}

TEST(RelativeRedirects, LeaveSchemeAndHostOutOfWhatTheProxyMakesItself) {
  Issues issues;
  const Redirections absolute = read_redirections(nginx({{"app-root", "/app"}}), issues);
  EXPECT_EQ(absolute.of_root->location, "$scheme://$http_host/app");
  const Redirections relative =
      read_redirections(nginx({{"app-root", "/app"}, {"relative-redirects", "true"}}), issues);
  EXPECT_EQ(relative.of_root->location, "/app");
  EXPECT_THAT(issues, IsEmpty());
}

}  // namespace
}  // namespace ingress::annotations
