#pragma once

#include <compare>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "kube/object.h"
#include "operator/routing/claimant_key.h"

namespace routing {

// An object that asks for hosts and routes, as far as it matters whose word counts and who is to be
// told. An immutable value; copies share what it says, for one has a say about a thousand hosts.
// Threads may share it. One that was moved from may only be destroyed or assigned to.
class Claimant {
 public:
  Claimant(ClaimantKind kind, kube::ObjectKey key, std::string uid, base::WallTime created)
      : said_(std::make_shared<const Said>(Said{{kind, std::move(key)}, std::move(uid), created})) {
  }

  const ClaimantKey& kind_and_key() const { return said_->which; }
  std::string kind() const { return said_->which.kind.text(); }
  const kube::ObjectKey& key() const { return said_->which.key; }
  const std::string& namespace_() const { return said_->which.key.namespace_; }
  const std::string& uid() const { return said_->uid; }
  base::WallTime created() const { return said_->created; }

  // "Ingress shop/www", for messages.
  std::string text() const { return said_->which.text(); }

  // By kind and key; of one key there is one at a time. It is no order of age.
  friend std::strong_ordering operator<=>(const Claimant& one, const Claimant& other) {
    if (one.said_ == other.said_) return std::strong_ordering::equal;
    return one.said_->tied() <=> other.said_->tied();
  }
  friend bool operator==(const Claimant& one, const Claimant& other) {
    return one.said_ == other.said_ || one.said_->tied() == other.said_->tied();
  }

 private:
  struct Said {
    ClaimantKey which;
    std::string uid;
    base::WallTime created{};
    using Tied = std::tuple<const ClaimantKey&, const std::string&, const base::WallTime&>;
    Tied tied() const { return std::tie(which, uid, created); }
  };
  std::shared_ptr<const Said> said_;
};

}  // namespace routing
