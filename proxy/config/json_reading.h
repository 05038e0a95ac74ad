#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// Reading of JSON, for this room's own use. A Breach is thrown at the first thing that is wrong and
// caught in the function that was called from outside.
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

// What is done about members that nobody asks for.
struct Unknowns {
  // A person's file: a Breach, since it may be a slip of the pen. On the wire a newer operator may
  // say more than we know.
  bool are_breaches = true;
  std::vector<std::string> skipped{};  // the first of their places, for the log

  static constexpr std::size_t kSkippedMax = 8;
};

class ObjectReader {
 public:
  ObjectReader(const nlohmann::json& value, std::string place);

  const nlohmann::json* find(std::string_view name);  // nullptr: not there
  const nlohmann::json& at(std::string_view name);    // a Breach: not there
  std::string place_of(std::string_view name) const;

  // A Breach: a member that nobody asked for.
  void finish() const;
  // Settles the members that nobody asked for. True when one of them guards: the writer has put it
  // on the object's own list "guards".
  bool guards_unknown(Unknowns& unknowns);

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
