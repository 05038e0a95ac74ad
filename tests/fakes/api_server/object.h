#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace fakes::api_server {

using Json = nlohmann::json;

// A stored object. Immutable: a write makes another one, so a watcher may keep what it was given.
using Object = std::shared_ptr<const Json>;

// Reading fields that may be absent. A path that leads nowhere gives null, "" or 0, never a throw.
const Json* field(const Json& object, std::initializer_list<std::string_view> path);
std::string text(const Json& object, std::initializer_list<std::string_view> path);
std::string name_of(const Json& object);
std::string namespace_of(const Json& object);
// metadata as an object that can be written to; made when absent or null.
Json& metadata_of(Json& object);

// Seconds ("2026-01-02T03:04:05Z"), as metadata.creationTimestamp wants it.
std::string now_text();
// Six digits of fraction, as MicroTime wants it.
std::string now_micro_text();

std::string new_uid();
// What generateName appends: five characters without vowels, as the real server draws them.
std::string name_suffix();

}  // namespace fakes::api_server
