#include "tests/fakes/api_server/object.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>

#include <nlohmann/json.hpp>

namespace fakes::api_server {

const Json* field(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* at = &object;
  for (const auto step : path) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(step));
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

std::string text(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* found = field(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::string name_of(const Json& object) {
  return text(object, {"metadata", "name"});
}
std::string namespace_of(const Json& object) {
  return text(object, {"metadata", "namespace"});
}

Json& metadata_of(Json& object) {
  Json& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = Json::object();
  return metadata;
}

namespace {

std::mt19937_64& random_source() {
  thread_local std::mt19937_64 source{std::random_device{}()};
  return source;
}

std::tm utc(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string now_text() {
  const std::tm parts = utc(std::chrono::system_clock::now());
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer;
}

std::string now_micro_text() {
  const auto now = std::chrono::system_clock::now();
  const std::tm parts = utc(now);
  char buffer[32];
  const std::size_t length = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() %
      1'000'000;
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(micros));
  return std::string(buffer, length) + fraction;
}

std::string new_uid() {
  const std::uint64_t high = random_source()();
  const std::uint64_t low = random_source()();
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%08x-%04x-4%03x-%04x-%012llx",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>((high >> 16) & 0xffff),
                static_cast<unsigned>(high & 0xfff),
                static_cast<unsigned>(0x8000 | ((low >> 48) & 0x3fff)),
                static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return buffer;
}

std::string name_suffix() {
  static constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::uniform_int_distribution<std::size_t> draw(0, alphabet.size() - 1);
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += alphabet[draw(random_source())];
  return suffix;
}

}  // namespace fakes::api_server
