#pragma once

#include <memory>
#include <set>

#include "kube/object.h"

namespace routing {

// Objects that claimants name, each read in a way of its own; see NamedObjectWatches. A reading has
// a flag `is_unread`: it has not come from the API server yet.
template <class Reading>
class NamedObjects {
 public:
  virtual ~NamedObjects() = default;
  // From now on these and no others.
  virtual void follow(const std::set<kube::ObjectKey>& objects) = 0;
  // All of them have come, or are known not to be there.
  virtual bool are_read() const = 0;
  // Null: there is none.
  virtual std::shared_ptr<const Reading> get(const kube::ObjectKey& key) const = 0;
};

}  // namespace routing
