#include "tests/fakes/kubectl_lite/describe.h"

#include <cctype>
#include <vector>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "tests/fakes/api_server/base64.h"

namespace fakes::kubectl_lite {
namespace {

using api_server::Json;
using api_server::text;

// "secretName" is "Secret Name", "acmeURL" is "Acme URL".
std::string title(const std::string& name) {
  std::string shown;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool begins_word =
        i > 0 && std::isupper(c) != 0 && std::islower(static_cast<unsigned char>(name[i - 1])) != 0;
    if (begins_word) shown += ' ';
    shown += i == 0 ? static_cast<char>(std::toupper(c)) : name[i];
  }
  return shown;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void lay_out(const Json& value, std::size_t indent, std::string& out);

void lay_out_member(const std::string& name, const Json& value, std::size_t indent,
                    std::size_t width, std::string& out) {
  out.append(indent, ' ').append(name).append(":");
  if (value.is_structured()) {
    out += '\n';
    lay_out(value, indent + 2, out);
  } else {
    out.append(width - name.size() + 2, ' ').append(plain(value)).append("\n");
  }
}

void lay_out(const Json& value, std::size_t indent, std::string& out) {
  if (value.is_array()) {
    for (const Json& item : value) {
      if (item.is_structured()) {
        lay_out(item, indent, out);
      } else {
        out.append(indent, ' ').append(plain(item)).append("\n");
      }
    }
    return;
  }
  std::size_t width = 0;
  for (const auto& [name, member] : value.items()) {
    if (!member.is_structured()) width = std::max(width, title(name).size());
  }
  for (const auto& [name, member] : value.items()) {
    lay_out_member(title(name), member, indent, std::max(width, title(name).size()), out);
  }
}

// The first pair stands beside the heading, the rest below it.
void lay_out_pairs(const std::string& heading, const Json* pairs, std::string& out) {
  out += heading;
  if (pairs == nullptr || pairs->empty()) {
    out.append(14 - heading.size(), ' ').append("<none>\n");
    return;
  }
  std::size_t lead = 14 - heading.size();
  for (const auto& [name, value] : pairs->items()) {
    out.append(lead, ' ').append(name).append(": ").append(plain(value)).append("\n");
    lead = 14;
  }
}

void lay_out_events(const Json& events, std::string& out) {
  if (events.empty()) {
    out += "Events:       <none>\n";
    return;
  }
  std::vector<std::vector<std::string>> lines{{"Type", "Reason", "When", "From", "Message"},
                                              {"----", "------", "----", "----", "-------"}};
  for (const Json& event : events) {
    std::string when = text(event, {"lastTimestamp"});
    if (when.empty()) when = text(event, {"eventTime"});
    if (const std::string last = text(event, {"series", "lastObservedTime"}); !last.empty()) {
      when = last;
    }
    std::string from = text(event, {"source", "component"});
    if (from.empty()) from = text(event, {"reportingComponent"});
    lines.push_back({text(event, {"type"}), text(event, {"reason"}), when.substr(0, 19), from,
                     text(event, {"message"})});
  }
  std::vector<std::size_t> widths(5, 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < 5; ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  out += "Events:\n";
  for (const auto& line : lines) {
    out += "  ";
    for (std::size_t i = 0; i < 5; ++i) {
      out += line[i];
      if (i < 4) out.append(widths[i] + 2 - line[i].size(), ' ');
    }
    out += '\n';
  }
}

Json without_secrets(Json object) {
  if (text(object, {"kind"}) != "Secret" || !object.contains("data")) return object;
  for (auto& [key, value] : object["data"].items()) {
    const auto bytes = api_server::from_base64(value.get<std::string>());
    value = std::to_string(bytes ? bytes->size() : 0) + " bytes";
  }
  return object;
}

// Text that YAML would read as something else is quoted.
bool needs_quotes(const std::string& value) {
  for (const char* word : {"", "true", "false", "null", "~", "yes", "no", "on", "off"}) {
    if (value == word) return true;
  }
  return value.find_first_not_of("+-.0123456789eE:TZ") == std::string::npos;
}

void emit(const Json& value, YAML::Emitter& out) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [name, member] : value.items()) {
      out << YAML::Key << name << YAML::Value;
      emit(member, out);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& item : value) emit(item, out);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const std::string& text_value = value.get_ref<const std::string&>();
    if (needs_quotes(text_value)) out << YAML::DoubleQuoted;
    out << text_value;
  } else {
    out << value.dump();
  }
}

}  // namespace

std::string described(const Json& original, const Json& events) {
  const Json object = without_secrets(original);
  std::string out;
  const auto line = [&out](const std::string& heading, const std::string& value) {
    out.append(heading).append(14 - heading.size(), ' ').append(value).append("\n");
  };
  line("Name:", api_server::name_of(object));
  line("Namespace:", api_server::namespace_of(object));
  lay_out_pairs("Labels:", api_server::field(object, {"metadata", "labels"}), out);
  Json annotations = object["metadata"].value("annotations", Json::object());
  annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
  lay_out_pairs("Annotations:", &annotations, out);
  line("API Version:", text(object, {"apiVersion"}));
  line("Kind:", text(object, {"kind"}));
  Json rest = object;
  for (const char* shown : {"apiVersion", "kind"}) rest.erase(shown);
  for (const char* shown : {"name", "namespace", "labels", "annotations", "managedFields"}) {
    rest["metadata"].erase(shown);
  }
  for (const auto& [name, value] : rest.items()) {
    lay_out_member(title(name), value, 0, 12, out);
  }
  lay_out_events(events, out);
  return out;
}

std::string yaml_text(const Json& object) {
  Json shown = object;
  if (shown.contains("metadata")) shown["metadata"].erase("managedFields");
  YAML::Emitter out;
  emit(shown, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace fakes::kubectl_lite
