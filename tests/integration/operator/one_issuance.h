#pragma once

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include "tests/integration/operator/installation.h"

namespace integration {

// What Pebble has done, by its log.
struct AtTheServer {
  int accounts = 0;
  int orders = 0;
  int certificates = 0;
};

// For tests that disturb an issuance: whatever happened, one certificate was made and all is in
// place.
class OneIssuance : public testing::Test {
 protected:
  AtTheServer at_the_server();

  // The Certificate NAME-tls, as ingress_yaml() asks for it; or null.
  nlohmann::json certificate(const std::string& name);
  bool is_told_to_be_served(const std::string& name);
  bool is_served(const std::string& host);

  // One certificate was made since then, in at most so many orders, its Secret holds a matching
  // pair and nothing else, and a client gets verified HTTPS.
  void expect_one_issuance(const std::string& name, const std::string& host,
                           const AtTheServer& before, int orders_max);

  Installation cluster_;
};

}  // namespace integration
