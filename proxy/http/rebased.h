#pragma once

#include <cstdint>
#include <string_view>

namespace proxy::http {

// `view` at the same offset of the copy at `to`, when it points into `from`.
inline std::string_view rebased(std::string_view view, std::string_view from, const char* to) {
  // The old bytes may be freed: only addresses are compared, as numbers.
  const auto address = reinterpret_cast<std::uintptr_t>(view.data());
  const auto begin = reinterpret_cast<std::uintptr_t>(from.data());
  if (address < begin || address > begin + from.size()) return view;
  return {to + (address - begin), view.size()};
}

}  // namespace proxy::http
