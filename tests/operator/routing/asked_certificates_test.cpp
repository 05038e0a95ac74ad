#include "operator/routing/asked_certificates.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Claimant kFirst("Ingress", {"shop", "first"}, "1", {});
const Claimant kSecond("Ingress", {"shop", "second"}, "2", {});

proxy::config::ClientCertificates trusting(const std::string& pem) {
  proxy::config::ClientCertificates asked;
  asked.trusted_pem = pem;
  return asked;
}

std::vector<std::string> told(const AskedCertificates& asked) {
  Complaints complaints;
  asked.report(complaints);
  std::vector<std::string> all;
  for (const Complaint& one : complaints) all.push_back(one.claimant.text() + " " + one.message);
  return all;
}

TEST(AskedCertificates, WhoAsksOtherwiseThanTheFirstOfItsHostIsToldAndSoIsTheFirst) {
  AskedCertificates asked;
  asked.add("a.example", kFirst, trusting("one"));
  asked.add("a.example", kSecond, std::nullopt);
  EXPECT_THAT(told(asked),
              ElementsAre(HasSubstr("asks clients for certificates, and the Ingress shop/second "
                                    "does not"),
                          HasSubstr("asks clients for no certificate, and the Ingress shop/first "
                                    "does")));
}

TEST(AskedCertificates, WhereAllAskAlikeOrNobodyDoesNothingIsSaid) {
  AskedCertificates asked;
  asked.add("a.example", kFirst, trusting("one"));
  asked.add("a.example", kSecond, trusting("one"));
  asked.add("b.example", kFirst, std::nullopt);
  asked.add("b.example", kSecond, std::nullopt);
  asked.add("c.example", kSecond, trusting("two"));
  EXPECT_THAT(told(asked), IsEmpty());
}

}  // namespace
}  // namespace routing
