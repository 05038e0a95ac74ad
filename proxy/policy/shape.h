#pragma once

#include <forward_list>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/config/line_form.h"
#include "proxy/config/model.h"
#include "proxy/policy/cors.h"
#include "proxy/policy/field_lines.h"

namespace proxy::policy {

// config::Shape, made ready: once for each configuration, however many routes have it, and for as
// long as an exchange of one of them goes on. Immutable; any number of threads may use it. What it
// puts into fields points into it, and to the origin.
class Shape {
 public:
  explicit Shape(const config::Shape& config);

  bool has_cors() const { return cors_.has_value(); }
  // A preflight is answered here, whoever asks: the endpoint has no say.
  bool answers_preflight(http::Method method, const Fields& request_fields) const {
    return cors_ && is_preflight(method, request_fields);
  }

  void apply_to_request(Fields& fields) const { request_fields_.replace_in(fields); }
  // Fields of a trailer, too, must not stand beside ours.
  void apply_to_request_trailer(Fields& fields) const {
    std::erase_if(fields, [&](const auto& field) { return request_fields_.has(field); });
  }
  void apply_to_response_trailer(Fields& fields) const {
    std::erase_if(fields, [&](const auto& field) { return response_fields_.has(field); });
  }
  // Whose request it is that is answered.
  struct Asker {
    std::string_view origin{};  // see origin_of()
    bool is_https = false;
  };
  // `texts` keeps what is made anew.
  void apply_to_response(const Asker& asker, Fields& fields,
                         std::forward_list<std::string>& texts) const;
  // An answer of the proxy's own.
  void add_to_answer(const Asker& asker, Fields& fields) const;

  const config::LineForm& line_form() const { return line_form_; }

 private:
  void replace_in_answer(const Asker& asker, Fields& fields) const;

  const config::Shape config_;
  std::optional<Cors> cors_;
  FieldLines request_fields_;
  FieldLines response_fields_;
  FieldLines secure_fields_;  // of responses over https
  config::LineForm line_form_;
};

}  // namespace proxy::policy
