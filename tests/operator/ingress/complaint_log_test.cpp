#include "operator/ingress/complaint_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr base::SteadyTime kStart{seconds(1000)};

const Complaint kTrouble{{"shop", "www"}, Severity::warning, "ServiceNotFound", "no Service"};
const Complaint kOther{{"shop", "api"}, Severity::warning, "PortNotFound", "no port"};
const Complaint kPending{{"shop", "www"}, Severity::pending, "CertificatePending", "wait"};

TEST(ComplaintLog, WhatLastsIsNewsOnce) {
  ComplaintLog log(seconds(2));
  const auto first = log.update({kTrouble}, kStart);
  EXPECT_THAT(first.news, IsEmpty());
  EXPECT_EQ(first.next, kStart + seconds(2));
  EXPECT_THAT(log.update({kTrouble}, kStart + seconds(2)).news, ElementsAre(kTrouble));
  const auto again = log.update({kTrouble}, kStart + seconds(60));
  EXPECT_THAT(again.news, IsEmpty());
  EXPECT_EQ(again.next, std::nullopt);
}

TEST(ComplaintLog, WhatPassesIsNoNews) {
  ComplaintLog log(seconds(2));
  log.update({kTrouble}, kStart);
  EXPECT_THAT(log.update({}, kStart + milliseconds(1900)).news, IsEmpty());
  // Back again: it begins to stand anew.
  EXPECT_THAT(log.update({kTrouble}, kStart + seconds(3)).news, IsEmpty());
  EXPECT_THAT(log.update({kTrouble}, kStart + seconds(5)).news, ElementsAre(kTrouble));
}

TEST(ComplaintLog, EachStandsOnItsOwn) {
  ComplaintLog log(seconds(2));
  log.update({kTrouble}, kStart);
  const auto due = log.update({kOther, kTrouble}, kStart + seconds(2));
  EXPECT_THAT(due.news, ElementsAre(kTrouble));
  EXPECT_EQ(due.next, kStart + seconds(4));
}

TEST(ComplaintLog, WhatWillResolveByItselfIsNeverNews) {
  ComplaintLog log(seconds(2));
  log.update({kPending}, kStart);
  const auto due = log.update({kPending}, kStart + seconds(10));
  EXPECT_THAT(due.news, IsEmpty());
  EXPECT_EQ(due.next, std::nullopt);
}

Summary a_summary(const std::string& uid, std::int64_t generation, std::size_t closed = 0) {
  kube::Ingress ingress = ingress_test::an_ingress("shop/www").get();
  ingress.metadata.uid = uid;
  ingress.metadata.generation = generation;
  Summary summary;
  summary.ingress = std::make_shared<const kube::Ingress>(ingress);
  summary.hosts = {"a.example"};
  summary.paths_served = 1;
  summary.paths_closed = closed;
  return summary;
}

TEST(ProgrammedLog, WhatWasServedBeforeWeCameIsNoNews) {
  ProgrammedLog log;
  EXPECT_THAT(log.update({a_summary("u", 1)}), IsEmpty());
  EXPECT_THAT(log.update({a_summary("u", 1)}), IsEmpty());
}

TEST(ProgrammedLog, ComingToBeServedInFullIsNewsOnceAndEachNewGeneration) {
  ProgrammedLog log;
  log.update({});
  EXPECT_THAT(log.update({a_summary("u", 1, 1)}), IsEmpty());
  EXPECT_THAT(log.update({a_summary("u", 1)}), SizeIs(1));
  EXPECT_THAT(log.update({a_summary("u", 1)}), IsEmpty());
  EXPECT_THAT(log.update({a_summary("u", 2)}), SizeIs(1));
  EXPECT_THAT(log.update({a_summary("another", 2)}), SizeIs(1));
}

TEST(ProgrammedLog, AMissingCertificateIsNotServedInFull) {
  Summary summary = a_summary("u", 1);
  summary.tls_missing = {"a.example"};
  EXPECT_FALSE(is_served_in_full(summary));
  summary.tls_missing.clear();
  summary.tls_names = {"a.example"};
  EXPECT_TRUE(is_served_in_full(summary));
  EXPECT_EQ(served_text(summary), "1 path on a.example, with TLS for a.example");
}

}  // namespace
}  // namespace ingress
