#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/http/field.h"

namespace proxy::policy {

// What the request is about for which a page is wanted.
struct PageSubject {
  std::string_view accept{};        // what the client takes; empty: it does not say
  std::string_view original_uri{};  // path and query as the client sent them
};

// config::ErrorPages, made ready: once for each configuration. Immutable; any number of threads may
// use it.
class ErrorPages {
 public:
  // `cluster`: the position of who makes the pages.
  ErrorPages(const config::ErrorPages& config, std::uint32_t cluster);

  std::uint32_t cluster() const { return cluster_; }
  // Whether a page stands in place of what a backend answers with this status, or of what the proxy
  // would answer for it.
  bool replace(int status) const {
    return status >= kFirst && status < kEnd &&
           statuses_.test(static_cast<std::size_t>(status - kFirst));
  }
  bool stand_in_without_endpoints() const { return config_.without_endpoints; }

  // Adds what a page is made by, but for X-Code; the fields point into this and the subject.
  void describe(const PageSubject& subject, std::vector<http::Field>& fields) const;

 private:
  static constexpr int kFirst = 400;
  static constexpr int kEnd = 600;

  const config::ErrorPages config_;
  const std::string port_text_;
  const std::uint32_t cluster_;
  std::bitset<kEnd - kFirst> statuses_;
};

}  // namespace proxy::policy
