#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "kube/object.h"

namespace kube {

// Reads the fields of a JSON object that came from the API server. Unknown fields are not looked
// at; a field that is absent or null reads as its default. The first field of a wrong type is
// remembered with its path, and every later read gives defaults, so a parser reads straight through
// and asks once at the end. Names no values: they may be secret.
class JsonReader {
 public:
  // What was wrong first: "spec.rules[0].host must be a string"; empty: nothing.
  using Fault = std::string;

  // value, and fault, must outlive the reader. path is empty for a whole object.
  JsonReader(const nlohmann::json& value, Fault& fault, std::string path = {});

  bool has(const char* name) const { return member(name) != nullptr; }

  std::string text(const char* name) const;
  std::optional<std::string> optional_text(const char* name) const;
  std::vector<std::string> texts(const char* name) const;
  std::map<std::string, std::string> text_map(const char* name) const;
  bool flag(const char* name) const { return optional_flag(name).value_or(false); }
  std::optional<bool> optional_flag(const char* name) const;
  // Absent: 0, whatever the bounds.
  std::int64_t integer(const char* name,
                       std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  // An IntOrString, as text.
  std::string integer_or_text(const char* name) const;
  // RFC 3339.
  std::optional<base::WallTime> time(const char* name) const;

  // A nested object; an empty one when absent.
  JsonReader object(const char* name) const;
  // Every element of an array of objects, in order.
  void each(const char* name, const std::function<void(const JsonReader&)>& read) const;

  // A field that must not be empty, or another rule of the caller's, is broken.
  void complain(const char* name, std::string_view problem) const;
  std::string path(const char* name) const;

 private:
  // Null when absent, null, or after a fault.
  const nlohmann::json* member(const char* name) const;
  const nlohmann::json* array(const char* name) const;

  const nlohmann::json* value_;
  Fault* fault_;
  std::string path_;
};

ObjectMeta read_meta(const JsonReader& object);

// The one way from JSON to a typed object: fill(reader, value) reads what is beside metadata.
// invalid: "Ingress shop/www: spec.rules[0].host must be a string".
template <class T, class Fill>
base::Result<T> read_object(const ResourceType& type, const nlohmann::json& object, Fill&& fill) {
  JsonReader::Fault fault;
  const JsonReader reader(object, fault);
  T value;
  value.metadata = read_meta(reader);
  fill(reader, value);
  if (fault.empty()) return value;
  return base::failure(base::ErrorKind::invalid,
                       type.kind + " " + read_key(object).text() + ": " + fault);
}

}  // namespace kube
