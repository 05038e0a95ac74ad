#include "proxy/config/size.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "proxy/config/wire.h"
#include "tests/proxy/config/random_config.h"

namespace proxy::config {
namespace {

std::uint64_t values_in(const nlohmann::json& value) {
  std::uint64_t values = 1;
  if (!value.is_structured()) return values;
  for (const auto& part : value) values += values_in(part);
  return values;
}

template <class T>
void add(const ProxyConfig::Section<T>& section, Size& size) {
  for (const auto& [key, entry] : section) {
    size.bytes += size_of_text(key).bytes + 1;
    size += size_of(*entry);
  }
}

TEST(Size, OfAnyStateIsAtLeastWhatItTakesOfADocumentAndNotFarMore) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    ProxyConfig config = RandomConfig(seed).next();
    config.certificates = {};
    config.sni = {};
    config.arrivals = {};
    const std::string document = delta_to_json(full_state(config));
    // The document itself, its revision and its sections.
    Size size{13, 400};
    add(config.clusters, size);
    add(config.hosts, size);
    add(config.challenges, size);
    add(config.guards, size);
    add(config.shapes, size);
    ASSERT_GE(size.bytes, document.size()) << seed << document;
    ASSERT_LE(size.bytes, 2 * document.size() + 600) << seed << document;
    const std::uint64_t values = values_in(nlohmann::json::parse(document));
    ASSERT_GE(size.values, values) << seed << document;
    ASSERT_LE(size.values, values + 13) << seed << document;
  }
}

TEST(Size, OfPoliciesIsWhatTheyAddToARoute) {
  VirtualHost plain;
  plain.routes.push_back({.action = Forward{"a"}});
  VirtualHost guarded = plain;
  guarded.routes[0].policies =
      Policies{.body_bytes_max = 7, .guards = "g", .rewrite_target = "/\"$1"};
  const Size more = size_of(*guarded.routes[0].policies);
  EXPECT_EQ(size_of(guarded).values, size_of(plain).values + more.values);
  EXPECT_EQ(size_of(guarded).bytes, size_of(plain).bytes + more.bytes);
}

TEST(Size, TextIsCountedAsItIsEscaped) {
  for (const std::string text : {"a", "\"\\", "\n\x01", "caf\xc3\xa9", "\xff\xff"}) {
    const std::string written =
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    EXPECT_GE(size_of_text(text).bytes, written.size() + 1) << written;
  }
}

}  // namespace
}  // namespace proxy::config
