#include "tests/fakes/api_server/table.h"

#include <ctime>

#include <nlohmann/json.hpp>

namespace fakes::api_server {

std::string age_text(std::chrono::seconds age) {
  const long long seconds = age.count();
  if (seconds < 0) return "<invalid>";
  const auto pair = [](long long whole, char big, long long rest, char small) {
    return std::to_string(whole) + big + (rest != 0 ? std::to_string(rest) + small : std::string());
  };
  const long long minutes = seconds / 60;
  const long long hours = minutes / 60;
  const long long days = hours / 24;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return std::to_string(minutes) + "m";
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return std::to_string(hours) + "h";
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return std::to_string(days) + "d";
  return pair(days / 365, 'y', days % 365, 'd');
}

namespace {

Json cell_of(const Column& column, const Json& object) {
  Json cell = column.cell(object);
  if (column.type == "date" && cell.is_string()) {
    std::tm parts{};
    const std::string when = cell.get<std::string>();
    if (strptime(when.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return cell;
    const auto then = std::chrono::system_clock::from_time_t(timegm(&parts));
    return age_text(
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - then));
  }
  // A string column shows numbers and the like as their text.
  if (column.type == "string" && !cell.is_null() && !cell.is_string()) return cell.dump();
  return cell;
}

}  // namespace

Json table_of(const std::vector<Column>& columns, const std::vector<Json>& objects,
              std::string_view include_object) {
  Json definitions = Json::array();
  for (const Column& column : columns) {
    definitions.push_back({{"name", column.name},
                           {"type", column.type},
                           {"format", column.name == "Name" ? "name" : ""},
                           {"description", ""},
                           {"priority", column.priority}});
  }
  Json rows = Json::array();
  for (const Json& object : objects) {
    Json cells = Json::array();
    for (const Column& column : columns) cells.push_back(cell_of(column, object));
    Json row = {{"cells", std::move(cells)}};
    if (include_object == "Object") {
      row["object"] = object;
    } else if (include_object != "None") {
      row["object"] = {{"kind", "PartialObjectMetadata"},
                       {"apiVersion", "meta.k8s.io/v1"},
                       {"metadata", object.value("metadata", Json::object())}};
    }
    rows.push_back(std::move(row));
  }
  Json metadata = Json::object();
  if (objects.size() == 1) {
    metadata["resourceVersion"] = text(objects.front(), {"metadata", "resourceVersion"});
  }
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", std::move(metadata)},
          {"columnDefinitions", std::move(definitions)},
          {"rows", std::move(rows)}};
}

}  // namespace fakes::api_server
