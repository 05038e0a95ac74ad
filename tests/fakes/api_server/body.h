#pragma once

#include <string>
#include <string_view>

#include "tests/fakes/api_server/refusal.h"

namespace fakes::api_server {

// A request's body as JSON, by its media type: JSON, or YAML (application/yaml and
// application/apply-patch+yaml). Other media types, protobuf among them, are a 415.
Answer<Json> decoded_body(std::string_view content_type, const std::string& body);

// One YAML document with the core schema's scalars: null, booleans, numbers, text.
Answer<Json> json_of_yaml(const std::string& yaml);
// All documents of a stream; empty ones left out.
Answer<std::vector<Json>> json_of_yaml_stream(const std::string& yaml);

}  // namespace fakes::api_server
