#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "proxy/config/json_reading.h"
#include "proxy/config/limits.h"
#include "proxy/config/model_json.h"
#include "proxy/config/wire.h"

namespace proxy::config {

using nlohmann::json;

namespace {

template <class T>
void write_section(json& document, const char* name, const ProxyConfig::Section<T>& section) {
  if (section.empty()) return;
  json& value = document[name] = json::object();
  for (const auto& [key, entry] : section) value[key] = to_json(*entry);
}

std::string read_file(const std::string& path, const std::string& place) {
  std::ifstream file(path, std::ios::binary);
  if (!file) breach(place, "cannot read " + path + ": " + std::strerror(errno));
  std::string text(kPemBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) breach(place, "cannot read " + path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kPemBytesMax) breach(place, path + " is too large");
  return text;
}

// "chain" with PEM, or "chainFile" with a path.
std::string read_pem(ObjectReader& object, const std::string& name,
                     const std::string& base_directory, std::vector<std::string>& files) {
  const json* const text = object.find(name);
  const json* const file = object.find(name + "File");
  if ((text == nullptr) == (file == nullptr)) {
    breach(object.place_of(name), "give either \"" + name + "\" or \"" + name + "File\"");
  }
  if (text != nullptr) return read_text(*text, object.place_of(name), kPemBytesMax);
  const std::string place = object.place_of(name + "File");
  const std::filesystem::path path = read_text(*file, place, kTextBytesMax);
  files.push_back((std::filesystem::path(base_directory) / path).string());
  return read_file(files.back(), place);
}

// People need not sort, and may repeat themselves.
Cluster read_people_cluster(const json& value, const std::string& place) {
  Unknowns unknowns;
  Cluster cluster = read_cluster(value, place, unknowns);
  std::vector<std::vector<Endpoint>*> lists = {&cluster.endpoints, &cluster.leaving};
  for (ZoneEndpoints& zone : cluster.zones) lists.push_back(&zone.endpoints);
  for (auto* const endpoints : lists) {
    std::sort(endpoints->begin(), endpoints->end());
    endpoints->erase(std::unique(endpoints->begin(), endpoints->end()), endpoints->end());
  }
  return cluster;
}

void make_sorted_and_unique(std::vector<Network>& networks) {
  std::sort(networks.begin(), networks.end());
  networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
}

Guards read_people_guards(const json& value, const std::string& place) {
  Unknowns unknowns;
  Guards guards = read_guards(value, place, unknowns);
  make_sorted_and_unique(guards.denied);
  make_sorted_and_unique(guards.allowed);
  return guards;
}

Arrivals read_people_arrivals(const json& value, const std::string& place) {
  Unknowns unknowns;
  Arrivals arrivals = read_arrivals(value, place, unknowns);
  make_sorted_and_unique(arrivals.trusted_proxies);
  return arrivals;
}

Shape read_people_shape(const json& value, const std::string& place) {
  Unknowns unknowns;
  Shape shape = read_shape(value, place, unknowns);
  if (shape.cors) {
    auto& origins = shape.cors->origins;
    std::sort(origins.begin(), origins.end());
    origins.erase(std::unique(origins.begin(), origins.end()), origins.end());
  }
  return shape;
}

template <class T, class Read>
void read_section(ObjectReader& document, const char* name, ProxyConfig::Section<T>& section,
                  Read&& read) {
  const json* const value = document.find(name);
  if (value == nullptr) return;
  for_each_entry(*value, name,
                 [&](const std::string& key, const json& entry, const std::string& place) {
                   section.emplace(key, std::make_shared<const T>(read(entry, place)));
                 });
}

ProxyConfig read_config(const json& document, const std::string& base_directory,
                        std::vector<std::string>& files) {
  ObjectReader object(document, "");
  ProxyConfig config;
  Unknowns unknowns;  // a person's file: they are breaches
  const auto host = [&](const json& value, const std::string& place) {
    return read_host(value, place, unknowns);
  };
  const auto challenge = [&](const json& value, const std::string& place) {
    return read_challenge(value, place, unknowns);
  };
  read_section(object, "clusters", config.clusters, read_people_cluster);
  read_section(object, "hosts", config.hosts, host);
  read_section(object, "certificates", config.certificates,
               [&](const json& value, const std::string& place) {
                 ObjectReader fields(value, place);
                 Certificate certificate;
                 certificate.chain_pem =
                     base::PemText::small(read_pem(fields, "chain", base_directory, files));
                 certificate.key_pem =
                     base::PemText::small(read_pem(fields, "key", base_directory, files));
                 fields.finish();
                 return certificate;
               });
  read_section(object, "challenges", config.challenges, challenge);
  read_section(object, "guardSets", config.guards, read_people_guards);
  read_section(object, "shapes", config.shapes, read_people_shape);
  read_section(object, "arrivals", config.arrivals, read_people_arrivals);
  if (const json* const sni = object.find("sni")) {
    for_each_entry(*sni, "sni",
                   [&](const std::string& name, const json& id, const std::string& place) {
                     config.sni.emplace(name, read_text(id, place, kIdBytesMax));
                   });
  }
  object.finish();
  return config;
}

}  // namespace

std::string config_to_json(const ProxyConfig& config) {
  json document = json::object();
  write_section(document, "clusters", config.clusters);
  write_section(document, "hosts", config.hosts);
  write_section(document, "certificates", config.certificates);
  write_section(document, "challenges", config.challenges);
  write_section(document, "guardSets", config.guards);
  write_section(document, "shapes", config.shapes);
  write_section(document, "arrivals", config.arrivals);
  if (!config.sni.empty()) {
    json& sni = document["sni"] = json::object();
    for (const auto& [name, id] : config.sni) sni[name] = id;
  }
  return write_document(document, 2) + "\n";
}

std::string config_to_compact_json(const ProxyConfig& config) {
  std::string text(1, '{');
  const auto add_name = [&](std::string_view name) {
    if (text.back() != '{') text += ',';
    text += write_document(json(name), -1);
    text += ':';
  };
  const auto add_section = [&](const char* name, const auto& section, const auto& value_of) {
    if (section.empty()) return;
    add_name(name);
    text += '{';
    for (const auto& [key, entry] : section) {
      add_name(key);
      text += write_document(value_of(entry), -1);
    }
    text += '}';
  };
  const auto of_entry = [](const auto& entry) { return to_json(*entry); };
  add_section("clusters", config.clusters, of_entry);
  add_section("hosts", config.hosts, of_entry);
  add_section("certificates", config.certificates, of_entry);
  add_section("challenges", config.challenges, of_entry);
  add_section("guardSets", config.guards, of_entry);
  add_section("shapes", config.shapes, of_entry);
  add_section("arrivals", config.arrivals, of_entry);
  add_section("sni", config.sni, [](const std::string& id) { return json(id); });
  text += '}';
  return text;
}

base::Result<ProxyConfig> config_from_json(std::string_view text, const std::string& base_directory,
                                           std::vector<std::string>* files) {
  std::vector<std::string> unwanted;
  try {
    ProxyConfig config = read_config(parse_document(text, kDocumentBytesMax), base_directory,
                                     files != nullptr ? *files : unwanted);
    const auto valid = validate(config);
    if (!valid) return base::failure(valid.error());
    return config;
  } catch (const Breach& found) {
    return base::failure(base::ErrorKind::invalid, found.message);
  } catch (const std::filesystem::filesystem_error& error) {
    return base::failure(base::ErrorKind::invalid, error.what());
  }
}

}  // namespace proxy::config
