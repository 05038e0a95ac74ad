#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"

namespace acme {

// Reads the members of one JSON object, strict about types. The first fault is kept and the rest of
// the reads give empty values, so that a parser reads straight on and asks status() once. null is
// the same as absent: Go servers write it for empty lists.
class JsonFields {
 public:
  // what: "order", for sentences.
  JsonFields(const nlohmann::json& object, std::string what);

  std::string text(const char* name);           // optional: ""
  std::string required_text(const char* name);  // not empty
  std::string url(const char* name);            // optional, https
  std::string required_url(const char* name);
  bool flag(const char* name);  // optional: false
  std::optional<base::WallTime> time(const char* name);
  // nullptr when absent; never more than count_max elements.
  const nlohmann::json* array(const char* name, std::size_t count_max);
  const nlohmann::json* object(const char* name);
  std::vector<std::string> texts(const char* name, std::size_t count_max);

  void fail(const std::string& fault);
  // Takes over the fault of a part that another reader read.
  void check(const base::Status& part);
  base::Status status() const { return status_; }

 private:
  const nlohmann::json* find(const char* name) const;

  const nlohmann::json& object_;
  const std::string what_;
  base::Status status_{};
};

// The object in a body; protocol when it is no JSON object.
base::Result<nlohmann::json> parse_json_object(std::string_view body, std::string_view what);

}  // namespace acme
