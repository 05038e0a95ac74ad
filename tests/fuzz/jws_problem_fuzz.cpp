// All that an ACME server sends, and all that our fake one reads. Whatever the bytes are, reading
// ends in values or an Error, texts shown to people are one line of bounded length, and a token
// that passed can be served on port 80.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "acme/link_header.h"
#include "acme/nonce_pool.h"
#include "acme/problem.h"
#include "acme/renewal_info.h"
#include "acme/resources.h"
#include "acme/text.h"
#include "base/base64url.h"
#include "tests/fakes/acme_server/jws_check.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void read_problem(std::string_view text, const char* content_type) {
  const acme::Problem problem = acme::parse_problem(400, content_type, text);
  const std::string shown = problem.text();
  require(!shown.empty() && shown.size() <= 1024);
  require(shown.find_first_of("\r\n\t\x1b\x7f") == std::string::npos);
  require(problem.subproblems.size() <= 100);
  require(!acme::name_of(acme::classify(problem)).empty());
}

void read_resources(std::string_view text) {
  (void)acme::parse_directory(text);
  (void)acme::parse_account(text, "https://ca.test/acct/1");
  (void)acme::parse_challenge(text);
  if (const auto order = acme::parse_order(text, "https://ca.test/order/1")) {
    require(acme::is_https_url(order->finalize_url));
    for (const std::string& url : order->authorization_urls) require(acme::is_https_url(url));
  }
  if (const auto authorization = acme::parse_authorization(text, "https://ca.test/authz/1")) {
    for (const acme::Challenge& challenge : authorization->challenges) {
      if (challenge.type == "http-01") require(acme::is_token(challenge.token));
    }
  }
  if (const auto info = acme::parse_renewal_info(text)) {
    require(info->window_start < info->window_end);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_problem(text, "application/problem+json");
  read_problem(text, "text/html");
  read_resources(text);
  for (const std::string& url : acme::linked_urls({{"link", std::string(text)}}, "alternate")) {
    require(acme::is_https_url(url));
  }
  require(acme::one_line(text, 64).size() <= 64);
  if (const auto jws = fakes::parse_jws(text)) {
    if (jws->jwk) (void)fakes::is_signed_by(*jws, *jws->jwk);
  }
  return 0;
}
