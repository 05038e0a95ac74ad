#pragma once

#include <string_view>

#include "proxy/config/model.h"
#include "proxy/policy/access_list.h"
#include "proxy/policy/verdict.h"

namespace proxy::policy {

// What guards look at.
struct Asker {
  std::string_view address;  // IP literal without brackets
};

// config::Guards, made ready to be asked: once for each configuration, however many routes have
// them. Immutable; any number of threads may ask.
class Guards {
 public:
  explicit Guards(const config::Guards& config);

  // In the order of order.h; the first that does not let it pass decides.
  Verdict check(const Asker& asker) const;

 private:
  bool closed_;
  AccessList access_list_;
};

}  // namespace proxy::policy
