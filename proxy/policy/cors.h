#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/http/field.h"
#include "proxy/http/method.h"

namespace proxy::policy {

using Fields = std::vector<http::Field>;

// The Origin of a request; empty: it has none, or several, of which none counts.
std::string_view origin_of(const Fields& request_fields);

// OPTIONS with Origin and Access-Control-Request-Method (Fetch §3.2.2): a browser asks whether it
// may ask.
bool is_preflight(http::Method method, const Fields& request_fields);

// Who may read answers: config::Cors, made ready to be asked. Any number of threads may ask.
//
// What a browser is told is what the configuration says, and nothing of what the endpoint says
// about the same: its fields are taken out, all of them where the origin is not admitted. Where
// everybody may read, that is "*"; with credentials, which "*" never lets through, the origin by
// name. Whatever depends on the origin says so to caches (Vary), also to who is not admitted.
class Cors {
 public:
  explicit Cors(config::Cors config);
  Cors(const Cors&) = delete;  // fields point into it
  Cors& operator=(const Cors&) = delete;

  bool admits(std::string_view origin) const;

  // The fields point into this and to `origin`.
  void add_to(Fields& response_fields, std::string_view origin) const;
  void replace_in(Fields& response_fields, std::string_view origin) const;

 private:
  bool is_listed(std::string_view origin) const;
  bool is_open() const { return config_.any_origin && !config_.credentials; }

  const config::Cors config_;
  const std::string max_age_;
  Fields fixed_;  // what whoever is admitted gets beside Access-Control-Allow-Origin
};

}  // namespace proxy::policy
