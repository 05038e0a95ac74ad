#include "proxy/config/json_reading.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace proxy::config {

using nlohmann::json;

std::string inside(const std::string& place, std::string_view key) {
  constexpr std::size_t kShownBytesMax = 100;
  std::string shown(key.substr(0, kShownBytesMax));
  if (key.size() > kShownBytesMax) shown += "...";
  return place + "[" + shown + "]";
}

std::string member(const std::string& place, std::string_view name) {
  return place.empty() ? std::string(name) : place + "." + std::string(name);
}

void breach(const std::string& place, std::string_view what) {
  throw Breach{(place.empty() ? std::string("the document") : place) + ": " + std::string(what)};
}

json parse_document(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    breach("", "is larger than " + std::to_string(bytes_max) + " bytes");
  }
  constexpr int kDepthMax = 16;
  std::vector<std::set<std::string>> keys;
  std::string repeated;
  bool too_deep = false;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kDepthMax) too_deep = true;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys.back().insert(key).second) repeated = key;
    }
    return !too_deep;
  };
  json document;
  try {
    document = json::parse(text, watch);
  } catch (const json::exception& error) {
    breach("", error.what());
  }
  if (too_deep) breach("", "is nested too deeply");
  if (!repeated.empty()) breach(repeated, "stands twice in one object");
  return document;
}

ObjectReader::ObjectReader(const json& value, std::string place)
    : value_(value), place_(std::move(place)) {
  if (!value.is_object()) breach(place_, "must be an object");
}

const json* ObjectReader::find(std::string_view name) {
  const auto found = value_.find(std::string(name));
  asked_.emplace(name);
  return found == value_.end() ? nullptr : &*found;
}

const json& ObjectReader::at(std::string_view name) {
  const json* const found = find(name);
  if (found == nullptr) breach(place_of(name), "is missing");
  return *found;
}

std::string ObjectReader::place_of(std::string_view name) const {
  return member(place_, name);
}

void ObjectReader::finish() const {
  for (auto entry = value_.begin(); entry != value_.end(); ++entry) {
    if (!asked_.contains(entry.key())) breach(inside(place_, entry.key()), "is not a known field");
  }
}

std::string read_text(const json& value, const std::string& place, std::size_t bytes_max) {
  if (!value.is_string()) breach(place, "must be text");
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > bytes_max) {
    breach(place, "is longer than " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

bool read_bool(const json& value, const std::string& place) {
  if (!value.is_boolean()) breach(place, "must be true or false");
  return value.get<bool>();
}

std::uint64_t read_number(const json& value, const std::string& place, std::uint64_t max) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > max) {
    breach(place, "must be a whole number from 0 to " + std::to_string(max));
  }
  return value.get<std::uint64_t>();
}

std::vector<std::string> read_texts(const json& value, const std::string& place,
                                    std::size_t bytes_max) {
  if (!value.is_array()) breach(place, "must be a list");
  std::vector<std::string> texts;
  texts.reserve(value.size());
  for (const json& element : value) {
    texts.push_back(read_text(element, inside(place, std::to_string(texts.size())), bytes_max));
  }
  return texts;
}

}  // namespace proxy::config
