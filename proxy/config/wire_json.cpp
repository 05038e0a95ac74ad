#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "proxy/config/json_reading.h"
#include "proxy/config/limits.h"
#include "proxy/config/model_json.h"
#include "proxy/config/wire.h"

namespace proxy::config {

using nlohmann::json;

namespace {

constexpr std::size_t kHashBytes = 64;  // SHA-256 in hex

json to_json(const std::string& text) {
  return text;
}

template <class T>
void write_change(json& document, const char* name, const Delta::Change<T>& change) {
  json value = json::object();
  if (!change.set.empty()) {
    json& set = value["set"] = json::object();
    for (const auto& [key, entry] : change.set) set[key] = to_json(entry);
  }
  if (!change.removed.empty()) value["removed"] = change.removed;
  if (!value.empty()) document[name] = std::move(value);
}

std::string read_hash(const json& value, const std::string& place) {
  std::string hash = read_text(value, place, kHashBytes);
  const bool is_hex = std::all_of(hash.begin(), hash.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (hash.size() != kHashBytes || !is_hex) {
    breach(place, "must be 64 hexadecimal digits in lower case");
  }
  return hash;
}

std::string read_id(const json& value, const std::string& place) {
  return read_text(value, place, kIdBytesMax);
}

template <class T, class Read>
void read_change(ObjectReader& document, const char* name, Delta::Change<T>& change,
                 const Read& read) {
  const json* const value = document.find(name);
  if (value == nullptr) return;
  ObjectReader object(*value, name);
  if (const json* const set = object.find("set")) {
    for_each_entry(*set, name,
                   [&](const std::string& key, const json& entry, const std::string& place) {
                     change.set.emplace(key, read(entry, place));
                   });
  }
  if (const json* const removed = object.find("removed")) {
    for (std::string& key : read_texts(*removed, object.place_of("removed"), kTextBytesMax)) {
      if (change.set.contains(key)) breach(inside(name, key), "is both set and removed");
      change.removed.insert(std::move(key));
    }
  }
  object.finish();
}

Delta read_delta(const json& document) {
  ObjectReader object(document, "");
  Delta delta;
  Unknowns unknowns{.are_breaches = false};
  const auto of_newer_operator = [&](auto read) {
    return [&unknowns, read](const json& value, const std::string& place) {
      return read(value, place, unknowns);
    };
  };
  delta.revision = read_hash(object.at("revision"), "revision");
  if (const json* const full = object.find("full")) delta.full = read_bool(*full, "full");
  read_change(object, "clusters", delta.clusters, of_newer_operator(read_cluster));
  read_change(object, "hosts", delta.hosts, of_newer_operator(read_host));
  read_change(object, "certificates", delta.certificates, read_hash);
  read_change(object, "sni", delta.sni, read_id);
  read_change(object, "challenges", delta.challenges, of_newer_operator(read_challenge));
  read_change(object, "guardSets", delta.guards, of_newer_operator(read_guards));
  read_change(object, "shapes", delta.shapes, of_newer_operator(read_shape));
  read_change(object, "arrivals", delta.arrivals, of_newer_operator(read_arrivals));
  if (object.guards_unknown(unknowns)) breach("", "is guarded by what is not known here");
  delta.skipped = std::move(unknowns.skipped);
  return delta;
}

std::string read_revision(const json& document) {
  return read_hash(ObjectReader(document, "").at("revision"), "revision");
}

CertificatesByHash read_certificates(const json& document) {
  ObjectReader object(document, "");
  CertificatesByHash certificates;
  Unknowns unknowns{.are_breaches = false};
  for_each_entry(object.at("certificates"), "certificates",
                 [&](const std::string& hash, const json& value, const std::string& place) {
                   auto certificate = std::make_shared<const Certificate>(
                       read_certificate(value, place, unknowns));
                   if (certificate_hash(*certificate) != hash) {
                     breach(place, "its content has another hash");
                   }
                   certificates.emplace(hash, std::move(certificate));
                 });
  object.finish();
  return certificates;
}

std::vector<std::string> read_hashes(const json& document) {
  ObjectReader object(document, "");
  std::vector<std::string> hashes;
  const json& list = object.at("hashes");
  if (!list.is_array()) breach("hashes", "must be a list");
  if (list.size() > kEntriesMax) breach("hashes", "has too many entries");
  for (const json& hash : list) {
    hashes.push_back(read_hash(hash, inside("hashes", std::to_string(hashes.size()))));
  }
  object.finish();
  return hashes;
}

// The words of a breach hold no part of a key.
std::vector<std::string> read_ticket_keys(const json& document) {
  ObjectReader object(document, "");
  std::vector<std::string> keys;
  const json& list = object.at("keys");
  if (!list.is_array() || list.empty()) breach("keys", "must be a list of at least one");
  if (list.size() > kTicketKeysMax) breach("keys", "has too many entries");
  for (const json& text : list) {
    const std::string place = inside("keys", std::to_string(keys.size()));
    auto key = base::base64url_decode(read_text(text, place, 2 * kTicketKeyBytes));
    if (!key || key->size() != kTicketKeyBytes) {
      breach(place, "must be " + std::to_string(kTicketKeyBytes) + " bytes in base64url");
    }
    keys.push_back(std::move(*key));
  }
  Unknowns unknowns{.are_breaches = false};
  if (object.guards_unknown(unknowns)) breach("keys", "are guarded by what is not known here");
  return keys;
}

template <class T>
base::Result<T> read_document(std::string_view text, T (*read)(const json&)) {
  try {
    return read(parse_document(text, kDocumentBytesMax));
  } catch (const Breach& found) {
    return base::failure(base::ErrorKind::invalid, found.message);
  }
}

}  // namespace

std::string delta_to_json(const Delta& delta) {
  json document = {{"revision", delta.revision}};
  if (delta.full) document["full"] = true;
  write_change(document, "clusters", delta.clusters);
  write_change(document, "hosts", delta.hosts);
  write_change(document, "certificates", delta.certificates);
  write_change(document, "sni", delta.sni);
  write_change(document, "challenges", delta.challenges);
  write_change(document, "guardSets", delta.guards);
  write_change(document, "shapes", delta.shapes);
  write_change(document, "arrivals", delta.arrivals);
  return write_document(document);
}

base::Result<Delta> delta_from_json(std::string_view text) {
  return read_document(text, read_delta);
}

std::string revision_in_json(std::string_view text) {
  return read_document(text, read_revision).value_or("");
}

std::string certificates_to_json(const CertificatesByHash& certificates) {
  json map = json::object();
  for (const auto& [hash, certificate] : certificates) map[hash] = to_json(*certificate);
  return write_document({{"certificates", std::move(map)}});
}

base::Result<CertificatesByHash> certificates_from_json(std::string_view text) {
  return read_document(text, read_certificates);
}

std::string ticket_keys_to_json(const std::vector<std::string>& keys) {
  json list = json::array();
  for (const std::string& key : keys) list.push_back(base::base64url_encode(key));
  return write_document({{"keys", std::move(list)}});
}

base::Result<std::vector<std::string>> ticket_keys_from_json(std::string_view text) {
  return read_document(text, read_ticket_keys);
}

std::string hashes_to_json(const std::vector<std::string>& hashes) {
  return write_document({{"hashes", hashes}});
}

base::Result<std::vector<std::string>> hashes_from_json(std::string_view text) {
  return read_document(text, read_hashes);
}

}  // namespace proxy::config
