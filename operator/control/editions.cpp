#include "operator/control/editions.h"

#include <algorithm>
#include <utility>

namespace control {

using proxy::config::Dialect;

bool Editions::publish(std::shared_ptr<const proxy::config::ProxyConfig> config) {
  config_ = std::move(config);
  const bool is_news = own_.publish(config_);
  std::erase_if(others_, [](Edition& edition) { return ++edition.unasked > kUnaskedMax; });
  for (Edition& edition : others_) {
    edition.history.publish(proxy::config::rendered(config_, edition.dialect));
  }
  return is_news;
}

History& Editions::of(const Dialect& dialect) {
  if (dialect == Dialect::own()) return own_;
  const auto found = std::find_if(others_.begin(), others_.end(), [&](const Edition& edition) {
    return edition.dialect == dialect;
  });
  if (found != others_.end()) {
    found->unasked = 0;
    others_.splice(others_.begin(), others_, found);
    return found->history;
  }
  others_.emplace_front(dialect);
  if (others_.size() > kEditionsMax) others_.pop_back();
  History& history = others_.front().history;
  if (config_) history.publish(proxy::config::rendered(config_, dialect));
  return history;
}

const std::string& Editions::revision_for(const Dialect& dialect) {
  return of(dialect).revision();
}

std::shared_ptr<const std::string> Editions::answer(const Dialect& dialect,
                                                    const std::string& after,
                                                    const std::string& rejected) {
  return of(dialect).answer(after, rejected);
}

proxy::config::CertificatesByHash Editions::find_certificates(
    const std::vector<std::string>& hashes) const {
  proxy::config::CertificatesByHash found = own_.find_certificates(hashes);
  for (const Edition& edition : others_) found.merge(edition.history.find_certificates(hashes));
  return found;
}

}  // namespace control
