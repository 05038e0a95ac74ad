#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// Objects of one kind, of which those are kept that somebody names: docs/decisions/0110. What an
// object is named by is a key, its own or that of what it belongs to. Thread-safe.
class NamedKind {
 public:
  virtual ~NamedKind() = default;

  virtual bool covers(const std::string& namespace_) const = 0;
  // What has this name is kept from now on, until it was released as often. False: some of it may
  // be there that must be fetched first.
  virtual bool want(const ObjectKey& name) = 0;
  virtual void release(const ObjectKey& name) = 0;
  // Somebody does, or somebody names it who is there for all to see.
  virtual bool wanted(const ObjectKey& name) const = 0;

  // Brings what has these names into the store. They are of one namespace, at most so many, and
  // wanted from before the call: from then on nothing of them is passed over. Blocks; after a
  // failure nothing is known of them.
  virtual std::size_t names_at_once() const = 0;
  virtual base::Status fetch(const std::vector<ObjectKey>& names, const std::stop_token& stop) = 0;
};

class Client;

// What is asked for at once, all of one namespace.
struct NamedQuery {
  std::vector<ObjectKey> names;
  std::string label;  // whose value is the name; empty: each object is named by its own key
  std::string field_selector;  // of a list
};

// Hands over what is there, as the API server has it now: no older than what any watch of it has
// said. Blocks.
base::Status find_named(Client& client, const ResourceType& type, const NamedQuery& query,
                        const std::function<void(const nlohmann::json&)>& found,
                        const std::stop_token& stop);

}  // namespace kube
