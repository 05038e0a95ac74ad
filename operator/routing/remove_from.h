#pragma once

namespace routing {

// Takes one from the set that a name has, and the name with the last of them. Pure.
template <class Map>
void remove_from(Map& map, const typename Map::key_type& name,
                 const typename Map::mapped_type::key_type& one) {
  const auto at = map.find(name);
  if (at == map.end()) return;
  at->second.erase(one);
  if (at->second.empty()) map.erase(at);
}

}  // namespace routing
