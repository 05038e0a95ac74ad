#pragma once

#include <vector>

#include "proxy/config/model.h"
#include "proxy/http/field.h"

namespace proxy::policy {

// Fields that stand in place of all of their names that came. Immutable; what is put into fields
// points into it.
class FieldLines {
 public:
  // What is "of its name". In a request to who knows what server it is also what that may take for
  // the name: a client's X_User must not stand beside our X-User.
  enum class Compared { by_name, as_cgi_does };

  FieldLines(std::vector<config::FieldLine> lines, Compared compared);

  void replace_in(std::vector<http::Field>& fields) const;
  // It is "of the name" of one of these.
  bool has(const http::Field& field) const;

 private:
  std::vector<config::FieldLine> lines_;
  Compared compared_;
};

}  // namespace proxy::policy
