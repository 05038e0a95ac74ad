#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/config/expression.h"
#include "proxy/config/model.h"
#include "proxy/http/field.h"

namespace proxy::policy {

// config::Split, made ready: which requests another cluster answers. Immutable; any number of
// threads may ask. As ingress-nginx has it: the header decides, then the cookie, then chance; what
// is neither "always" nor "never", nor the value or pattern that is asked for, does not decide.
class Split {
 public:
  // `cluster`: its place in router::RouteTable::clusters().
  Split(const config::Split& config, std::uint32_t cluster);

  std::uint32_t cluster() const { return cluster_; }
  // `draw`: any number, each as likely as the others.
  bool takes(const std::vector<http::Field>& request_fields, std::uint64_t draw) const;

 private:
  std::optional<bool> said_by_header(const std::vector<http::Field>& fields) const;
  std::optional<bool> said_by_cookie(const std::vector<http::Field>& fields) const;

  config::Split config_;
  std::optional<config::Expression> pattern_;
  std::uint32_t cluster_;
};

// The value of the first cookie of this name (RFC 6265 §4.2.1).
std::optional<std::string_view> find_cookie(const std::vector<http::Field>& request_fields,
                                            std::string_view name);

}  // namespace proxy::policy
