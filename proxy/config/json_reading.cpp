#include "proxy/config/json_reading.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <nlohmann/json.hpp>

#include "proxy/config/limits.h"

namespace proxy::config {

using nlohmann::json;

namespace {

constexpr std::size_t kGuardNameBytesMax = 256;  // far more than any field's name

}  // namespace

std::string inside(const std::string& place, std::string_view key) {
  constexpr std::size_t kShownBytesMax = 100;
  std::string shown(key.substr(0, kShownBytesMax));
  // It becomes part of a line of a log.
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, '?');
  if (key.size() > kShownBytesMax) shown += "...";
  return place + "[" + shown + "]";
}

std::string member(const std::string& place, std::string_view name) {
  return place.empty() ? std::string(name) : place + "." + std::string(name);
}

void breach(const std::string& place, std::string_view what) {
  throw Breach{(place.empty() ? std::string("the document") : place) + ": " + std::string(what)};
}

namespace {

// Looks through a document for what json::parse() would let pass. A pass of its own, because the
// library's parser with a callback takes time that grows with the square of an object's size.
class Watch final : public nlohmann::json_sax<json> {
 public:
  static constexpr std::size_t kDepthMax = 16;

  const std::string& wrong() const { return wrong_; }

  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return open();
  }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    wrong_ = inside("", name) + ": stands twice in one object";
    return false;
  }
  bool end_object() override {
    keys_.pop_back();
    return close();
  }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }

  // The library's own words quote the text, and with it perhaps a private key.
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    wrong_ = "the document: is not JSON from byte " + std::to_string(position) + " on";
    return false;
  }

 private:
  bool open() {
    if (++depth_ <= kDepthMax) return count();
    wrong_ = "the document: is nested too deeply";
    return false;
  }
  bool count() {
    if (++values_ <= kValuesMax) return true;
    wrong_ = "the document: has more than " + std::to_string(kValuesMax) + " values";
    return false;
  }
  bool close() {
    --depth_;
    return true;
  }

  std::vector<std::unordered_set<std::string>> keys_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::string wrong_;
};

}  // namespace

json parse_document(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    breach("", "is larger than " + std::to_string(bytes_max) + " bytes");
  }
  Watch watch;
  if (!json::sax_parse(text, &watch)) throw Breach{watch.wrong()};
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded()) breach("", "is not JSON");
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

bool ObjectReader::guards_unknown(Unknowns& unknowns) {
  bool is_closed = false;
  if (const json* const guards = find("guards")) {
    for (const std::string& name : read_texts(*guards, place_of("guards"), kGuardNameBytesMax)) {
      // Also one that is named and not there: what it would have said is not known either.
      if (!asked_.contains(name)) is_closed = true;
    }
  }
  if (unknowns.are_breaches) finish();
  for (auto entry = value_.begin(); entry != value_.end(); ++entry) {
    if (asked_.contains(entry.key())) continue;
    if (unknowns.skipped.size() == Unknowns::kSkippedMax) break;
    unknowns.skipped.push_back(inside(place_, entry.key()));
  }
  return is_closed;
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
