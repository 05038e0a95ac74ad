#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "proxy/config/model.h"
#include "proxy/config/wire.h"

namespace proxy::config {

// What a proxy understands beyond the contract of the first release: the names of its fields
// ("default.bodyBytesMax"). Proxies of the first release name none.
class Dialect {
 public:
  Dialect() = default;  // of the first release
  // Of this program: all that fields.h has.
  static const Dialect& own();
  // As a proxy says it, "a,b,c": of those the ones that we know, too, since we can say no others.
  // Whatever is not a list of names is nothing.
  static Dialect read(std::string_view text);

  std::string text() const;
  bool knows(const std::string& feature) const { return features_.contains(feature); }
  Revisions revisions() const;
  auto operator<=>(const Dialect&) const = default;

 private:
  std::set<std::string> features_;
};

// The same state for a proxy that speaks `dialect`: what tunes and is not known there is left out,
// what guards and is not known there closes its place. What needs no change keeps its address; the
// whole does when nothing does. A valid state stays valid.
std::shared_ptr<const ProxyConfig> rendered(const std::shared_ptr<const ProxyConfig>& config,
                                            const Dialect& dialect);

}  // namespace proxy::config
