#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// Strict reading of JSON, for this room's own use. A Breach is thrown at the first thing that is
// wrong and caught in the function that was called from outside.
namespace proxy::config {

struct Breach {
  std::string message;  // "hosts[shop.example].routes[2].path: must be text"
};

// The place of a member or an element: "hosts[shop.example]", "routes[2]".
std::string inside(const std::string& place, std::string_view key);
std::string member(const std::string& place, std::string_view name);

[[noreturn]] void breach(const std::string& place, std::string_view what);

// One JSON document. Repeated keys are a Breach: two readers could take different ones.
nlohmann::json parse_document(std::string_view text, std::size_t bytes_max);

// An object of which every member must be asked for.
class ObjectReader {
 public:
  ObjectReader(const nlohmann::json& value, std::string place);

  const nlohmann::json* find(std::string_view name);  // nullptr: not there
  const nlohmann::json& at(std::string_view name);    // a Breach: not there
  std::string place_of(std::string_view name) const;
  void finish() const;  // a Breach: a member that nobody asked for

 private:
  const nlohmann::json& value_;
  std::string place_;
  std::set<std::string, std::less<>> asked_;
};

std::string read_text(const nlohmann::json& value, const std::string& place, std::size_t bytes_max);
bool read_bool(const nlohmann::json& value, const std::string& place);
std::uint64_t read_number(const nlohmann::json& value, const std::string& place, std::uint64_t max);
std::vector<std::string> read_texts(const nlohmann::json& value, const std::string& place,
                                    std::size_t bytes_max);

// Calls on_entry(key, value, place) for each member of a map.
template <class Json, class OnEntry>
void for_each_entry(const Json& value, const std::string& place, OnEntry&& on_entry) {
  if (!value.is_object()) breach(place, "must be an object");
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    on_entry(entry.key(), entry.value(), inside(place, entry.key()));
  }
}

}  // namespace proxy::config
