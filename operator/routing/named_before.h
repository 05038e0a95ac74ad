#pragma once

#include <algorithm>
#include <map>
#include <utility>

namespace routing {

// Whether the names of a map are others than they were, by those alone that may have come or gone:
// of ten thousand that stay none is looked at. Who comes back after he went is no other. Not
// thread-safe.
template <class Name>
class NamedBefore {
 public:
  // To be called before a name comes or goes. The first word of each counts.
  void note(const Name& name, bool is_named) { noted_.try_emplace(name, is_named); }

  // Whether one of those is named now that was not, or no longer. Forgets them.
  template <class Map>
  bool end(const Map& named) {
    const std::map<Name, bool> noted = std::exchange(noted_, {});
    return std::any_of(noted.begin(), noted.end(), [&named](const auto& one) {
      return (named.count(one.first) != 0) != one.second;
    });
  }

 private:
  std::map<Name, bool> noted_;  // and whether it was named then
};

}  // namespace routing
