#include "operator/certificate/secret_writers.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "acme/text.h"
#include "operator/api/issuer.h"

namespace certificate {

namespace {

constexpr std::size_t kWritersMax = 3;
constexpr std::size_t kNameBytesMax = 128;  // as the API server has it

struct Writer {
  std::string time;
  std::string text;
};

std::string text_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool has_data(const nlohmann::json& entry) {
  const auto fields = entry.find("fieldsV1");
  return fields != entry.end() && fields->is_object() && fields->contains("f:data");
}

}  // namespace

std::string other_writers(const nlohmann::json& secret) {
  const auto metadata = secret.find("metadata");
  if (metadata == secret.end() || !metadata->is_object()) return {};
  const auto entries = metadata->find("managedFields");
  if (entries == metadata->end() || !entries->is_array()) return {};
  std::vector<Writer> writers;
  for (const nlohmann::json& entry : *entries) {
    if (!entry.is_object() || !has_data(entry)) continue;
    const std::string name = acme::one_line(text_in(entry, "manager"), kNameBytesMax);
    if (name.empty() || name == api::kFieldManager) continue;
    const std::string time = acme::one_line(text_in(entry, "time"), 32);
    std::string how = acme::one_line(text_in(entry, "operation"), 32);
    if (!time.empty()) how += " at " + time;
    writers.push_back({time, "\"" + name + "\" (" + how + ")"});
  }
  std::stable_sort(writers.begin(), writers.end(),
                   [](const Writer& left, const Writer& right) { return left.time > right.time; });
  std::string text;
  for (std::size_t i = 0; i < std::min(writers.size(), kWritersMax); ++i) {
    text += (text.empty() ? "" : ", ") + writers[i].text;
  }
  return text;
}

}  // namespace certificate
