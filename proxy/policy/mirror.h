#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/config/text_template.h"
#include "proxy/http/field.h"
#include "proxy/policy/external_auth.h"

namespace proxy::policy {

// config::Mirror, made ready: once for each configuration. Immutable; any number of threads may use
// it.
class Mirror {
 public:
  // With every copy, so that no copy is copied: whoever gets them may lead back here.
  static constexpr std::string_view kField = "X-Gatehouse-Mirror";

  // `cluster`: the position of who gets copies.
  Mirror(const config::Mirror& config, std::uint32_t cluster);

  std::uint32_t cluster() const { return cluster_; }
  bool with_body() const { return with_body_; }
  // Where the copy of a request goes; nothing: nowhere, for it is a copy itself, or its target
  // cannot be made of it.
  std::optional<AuthPlace> place_for(const RequestWords& request,
                                     const std::vector<http::Field>& fields) const;

 private:
  const std::uint32_t cluster_;
  const bool with_body_;
  // Nothing: there is a variable that is not known here.
  const std::optional<config::TextTemplate> host_, target_;
};

}  // namespace proxy::policy
