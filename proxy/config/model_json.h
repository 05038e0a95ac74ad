#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "proxy/config/json_reading.h"
#include "proxy/config/model.h"

// The JSON of each value in the model, as proxy/config/fields.h lists it; for this room's own use.
// Reading throws Breach; what is a default is not written.
namespace proxy::config {

nlohmann::json to_json(const Cluster& cluster);
nlohmann::json to_json(const VirtualHost& host);
nlohmann::json to_json(const Certificate& certificate);
nlohmann::json to_json(const ChallengeAnswer& answer);
nlohmann::json to_json(const Guards& guards);
nlohmann::json to_json(const Shape& shape);
nlohmann::json to_json(const Arrivals& arrivals);

Cluster read_cluster(const nlohmann::json& value, const std::string& place, Unknowns& unknowns);
VirtualHost read_host(const nlohmann::json& value, const std::string& place, Unknowns& unknowns);
Certificate read_certificate(const nlohmann::json& value, const std::string& place,
                             Unknowns& unknowns);
ChallengeAnswer read_challenge(const nlohmann::json& value, const std::string& place,
                               Unknowns& unknowns);
Guards read_guards(const nlohmann::json& value, const std::string& place, Unknowns& unknowns);
Shape read_shape(const nlohmann::json& value, const std::string& place, Unknowns& unknowns);
Arrivals read_arrivals(const nlohmann::json& value, const std::string& place, Unknowns& unknowns);

// Text of a document. Never throws: bytes that are not UTF-8 become U+FFFD.
std::string write_document(const nlohmann::json& document, int indent = -1);

}  // namespace proxy::config
