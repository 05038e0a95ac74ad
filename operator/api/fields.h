#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "kube/conditions.h"

namespace api {

// Reads the fields of one JSON object strictly and without exceptions. An absent or null field
// reads as empty; a field of the wrong type reads as empty too and leaves one sentence in `problem`
// that names the field ("spec.dnsNames must be a list of strings"). Only the first is kept. The
// JSON and `problem` outlive the reader.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string path, std::string& problem);

  bool has(const char* name) const;
  std::string text(const char* name) const;
  bool flag(const char* name) const;
  std::optional<std::int64_t> number(const char* name) const;
  std::optional<base::WallTime> time(const char* name) const;
  std::optional<std::chrono::seconds> duration(const char* name) const;  // Go's text, "2160h"
  std::vector<std::string> texts(const char* name) const;
  std::vector<std::int64_t> numbers(const char* name) const;
  std::vector<base::WallTime> times(const char* name) const;
  std::map<std::string, std::string> text_map(const char* name) const;

  // A nested object; an absent one reads as an object without fields.
  Fields object(const char* name) const;
  std::vector<Fields> objects(const char* name) const;

  std::vector<kube::Condition> conditions() const;  // the field "conditions"

  void complain(const char* name, const std::string& must_be) const;

 private:
  const nlohmann::json* find(const char* name) const;
  std::string path_of(const char* name) const;

  const nlohmann::json* object_;  // never null; always a JSON object
  std::string path_;
  std::string* problem_;
};

}  // namespace api
