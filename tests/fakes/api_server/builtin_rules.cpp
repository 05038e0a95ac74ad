#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/admission.h"
#include "tests/fakes/api_server/base64.h"

namespace fakes::api_server {

bool is_dns_label(std::string_view name) {
  const auto is_plain = [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0;
  };
  return !name.empty() && name.size() <= 63 && is_plain(name.front()) && is_plain(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_plain(static_cast<unsigned char>(c)) || c == '-'; });
}

bool is_dns_subdomain(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    // Only the whole is bounded at 253; a part may be longer than a label here.
    const std::string_view part = name.substr(0, dot);
    if (!is_dns_label(part.substr(0, 63)) || (part.size() > 63 && part.back() == '-')) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

namespace {

using Faults = std::vector<Cause>;

bool is_data_key(std::string_view key) {
  return !key.empty() && key.size() <= 253 && key != "." && key != ".." &&
         std::all_of(key.begin(), key.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

void require_data(const Json& secret, std::initializer_list<const char*> keys, Faults& faults) {
  for (const char* key : keys) {
    if (field(secret, {"data", key}) == nullptr) {
      faults.push_back(required_value(std::string("data[") + key + "]"));
    }
  }
}

Faults secret_faults(const Json* before, const Json& secret) {
  Faults faults;
  std::size_t bytes = 0;
  if (const Json* data = field(secret, {"data"}); data != nullptr && data->is_object()) {
    for (const auto& [key, value] : data->items()) {
      if (!is_data_key(key)) {
        faults.push_back(invalid_value("data[" + key + "]", key,
                                       "a valid config key must consist of alphanumeric "
                                       "characters, '-', '_' or '.'"));
      }
      bytes += value.get_ref<const std::string&>().size() * 3 / 4;
    }
  }
  if (bytes > 1024 * 1024) {
    faults.push_back({"data", "FieldValueTooLong", "Too long: may not be more than 1048576 bytes"});
  }
  const std::string type = text(secret, {"type"});
  if (type == "kubernetes.io/tls") require_data(secret, {"tls.crt", "tls.key"}, faults);
  if (type == "kubernetes.io/dockerconfigjson") require_data(secret, {".dockerconfigjson"}, faults);
  if (type == "kubernetes.io/ssh-auth") require_data(secret, {"ssh-privatekey"}, faults);
  if (type == "kubernetes.io/basic-auth" && field(secret, {"data", "username"}) == nullptr &&
      field(secret, {"data", "password"}) == nullptr) {
    require_data(secret, {"username", "password"}, faults);
  }
  if (before != nullptr && text(*before, {"type"}) != type) {
    faults.push_back(invalid_value("type", type, "field is immutable"));
  }
  if (before != nullptr && before->value("immutable", false) &&
      (field(secret, {"data"}) == nullptr) != (field(*before, {"data"}) == nullptr)) {
    faults.push_back(forbidden_value("data", "field is immutable when `immutable` is set"));
  } else if (before != nullptr && before->value("immutable", false) &&
             secret.value("data", Json()) != before->value("data", Json())) {
    faults.push_back(forbidden_value("data", "field is immutable when `immutable` is set"));
  }
  return faults;
}

void backend_faults(const Json& backend, const std::string& at, Faults& faults) {
  const bool has_service = backend.contains("service") && !backend["service"].is_null();
  const bool has_resource = backend.contains("resource") && !backend["resource"].is_null();
  if (has_service && has_resource) {
    faults.push_back(invalid_value(at, "", "cannot set both resource and service backends"));
  } else if (has_service) {
    const Json& service = backend["service"];
    if (text(service, {"name"}).empty()) faults.push_back(required_value(at + ".service.name"));
    const Json* number = field(service, {"port", "number"});
    const std::string port_name = text(service, {"port", "name"});
    if (number == nullptr && port_name.empty()) {
      faults.push_back(required_value(at + ".service.port", "port name or number is required"));
    } else if (number != nullptr && !port_name.empty()) {
      faults.push_back(
          invalid_value(at + ".service.port", "", "cannot set both port name & port number"));
    } else if (number != nullptr &&
               (!number->is_number_integer() || *number < 1 || *number > 65535)) {
      faults.push_back(invalid_value(at + ".service.port.number", *number,
                                     "must be between 1 and 65535, inclusive"));
    }
  } else if (!has_resource) {
    faults.push_back(required_value(at, "cannot set both resource and service backends"));
    faults.back().message = "Required value: a service or resource backend is required";
  }
}

void host_faults(const std::string& host, const std::string& at, Faults& faults) {
  const bool is_wildcard = host.starts_with("*.");
  const std::string_view rest = std::string_view(host).substr(is_wildcard ? 2 : 0);
  const bool is_address =
      !rest.empty() && rest.find_first_not_of("0123456789.") == std::string_view::npos;
  if (is_address && !is_wildcard) {
    faults.push_back(invalid_value(at, host, "must be a DNS name, not an IP address"));
  } else if (!is_dns_subdomain(rest)) {
    faults.push_back(invalid_value(
        at, host,
        is_wildcard ? "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS "
                      "subdomain"
                    : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                      "characters, '-' or '.', and must start and end with an alphanumeric "
                      "character"));
  }
}

void path_faults(const Json& path, const std::string& at, Faults& faults) {
  const std::string type = text(path, {"pathType"});
  const std::string value = text(path, {"path"});
  if (type.empty()) {
    faults.push_back(required_value(at + ".pathType", "pathType must be specified"));
  } else if (type != "Exact" && type != "Prefix" && type != "ImplementationSpecific") {
    faults.push_back(not_supported_value(
        at + ".pathType", type, {"\"Exact\"", "\"ImplementationSpecific\"", "\"Prefix\""}));
  } else if (type != "ImplementationSpecific" || !value.empty()) {
    if (!value.starts_with("/")) {
      faults.push_back(invalid_value(at + ".path", value, "must be an absolute path"));
    } else if (type != "ImplementationSpecific") {
      for (const char* bad : {"//", "/./", "/../", "%2f", "%2F"}) {
        if (value.find(bad) != std::string::npos) {
          faults.push_back(
              invalid_value(at + ".path", value, std::string("must not contain '") + bad + "'"));
        }
      }
      for (const char* bad : {"/..", "/."}) {
        if (value.ends_with(bad)) {
          faults.push_back(
              invalid_value(at + ".path", value, std::string("cannot end with '") + bad + "'"));
        }
      }
    }
  }
  if (!path.contains("backend")) {
    faults.push_back(required_value(at + ".backend"));
  } else {
    backend_faults(path["backend"], at + ".backend", faults);
  }
}

// networking/validation ValidateIngress.
Faults ingress_faults(const Json& ingress) {
  Faults faults;
  const Json spec = ingress.value("spec", Json::object());
  const Json rules = spec.value("rules", Json::array());
  const Json* backend = field(spec, {"defaultBackend"});
  if (rules.empty() && backend == nullptr) {
    faults.push_back(invalid_value("spec", Json::object(),
                                   "either `defaultBackend` or `rules` must be specified"));
  }
  if (backend != nullptr) backend_faults(*backend, "spec.defaultBackend", faults);
  for (std::size_t r = 0; r < rules.size(); ++r) {
    const std::string at = "spec.rules[" + std::to_string(r) + "]";
    if (const std::string host = text(rules[r], {"host"}); !host.empty()) {
      host_faults(host, at + ".host", faults);
    }
    const Json* paths = field(rules[r], {"http", "paths"});
    if (field(rules[r], {"http"}) != nullptr && (paths == nullptr || paths->empty())) {
      faults.push_back(required_value(at + ".http.paths"));
    }
    for (std::size_t p = 0; paths != nullptr && p < paths->size(); ++p) {
      path_faults((*paths)[p], at + ".http.paths[" + std::to_string(p) + "]", faults);
    }
  }
  const Json tls = spec.value("tls", Json::array());
  for (std::size_t t = 0; t < tls.size(); ++t) {
    const Json hosts = tls[t].value("hosts", Json::array());
    for (std::size_t h = 0; h < hosts.size(); ++h) {
      host_faults(hosts[h].get<std::string>(),
                  "spec.tls[" + std::to_string(t) + "].hosts[" + std::to_string(h) + "]", faults);
    }
  }
  const std::string ingress_class = text(spec, {"ingressClassName"});
  if (!ingress_class.empty() && !is_dns_subdomain(ingress_class)) {
    faults.push_back(invalid_value("spec.ingressClassName", ingress_class,
                                   "a lowercase RFC 1123 subdomain is needed"));
  }
  return faults;
}

Faults lease_faults(const Json& lease) {
  Faults faults;
  const auto positive = [&](const char* name) {
    const Json* value = field(lease, {"spec", name});
    if (value == nullptr || value->is_null()) return;
    if (!value->is_number_integer() || *value <= 0) {
      faults.push_back(
          invalid_value(std::string("spec.") + name, *value, "must be greater than 0"));
    }
  };
  positive("leaseDurationSeconds");
  const Json* transitions = field(lease, {"spec", "leaseTransitions"});
  if (transitions != nullptr && transitions->is_number_integer() && *transitions < 0) {
    faults.push_back(
        invalid_value("spec.leaseTransitions", *transitions, "must be greater than or equal to 0"));
  }
  return faults;
}

// ValidateEventCreate of the newer API; the older one is loose, but wants the namespaces to agree.
Faults event_faults(const Json& event) {
  Faults faults;
  const std::string about = text(event, {"involvedObject", "namespace"});
  const std::string own = namespace_of(event);
  if (about.empty() ? own != "default" && own != "kube-system" : about != own) {
    faults.push_back(
        invalid_value("involvedObject.namespace", about, "does not match event.namespace"));
  }
  if (text(event, {"eventTime"}).empty()) return faults;
  const auto required = [&](const char* name, std::size_t bytes_max) {
    const std::string value = text(event, {name});
    if (value.empty()) faults.push_back(required_value(name));
    if (value.size() > bytes_max) {
      faults.push_back(invalid_value(
          name, value, "can have at most " + std::to_string(bytes_max) + " characters"));
    }
  };
  required("reportingComponent", 128);
  required("reportingInstance", 128);
  required("action", 128);
  required("reason", 128);
  const std::string type = text(event, {"type"});
  if (type != "Normal" && type != "Warning") {
    faults.push_back(invalid_value("type", type, "has invalid value"));
  }
  if (text(event, {"message"}).size() > 1024) {
    faults.push_back(invalid_value("message", "", "can have at most 1024 characters"));
  }
  if (const Json* series = field(event, {"series"}); series != nullptr && series->is_object()) {
    if (series->value("count", 0) < 2) {
      faults.push_back(invalid_value("series.count", "", "should be at least 2"));
    }
    if (text(*series, {"lastObservedTime"}).empty()) {
      faults.push_back(required_value("series.lastObservedTime"));
    }
  }
  return faults;
}

Faults service_faults(const Json& service) {
  Faults faults;
  const Json ports = field(service, {"spec", "ports"}) ? service["spec"]["ports"] : Json::array();
  const std::string type = text(service, {"spec", "type"});
  if (ports.empty() && type != "ExternalName" && text(service, {"spec", "clusterIP"}) != "None") {
    faults.push_back(required_value("spec.ports"));
  }
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string at = "spec.ports[" + std::to_string(i) + "]";
    const Json* number = field(ports[i], {"port"});
    if (number == nullptr || !number->is_number_integer() || *number < 1 || *number > 65535) {
      faults.push_back(invalid_value(at + ".port", number != nullptr ? *number : Json(0),
                                     "must be between 1 and 65535, inclusive"));
    }
    if (ports.size() > 1 && text(ports[i], {"name"}).empty()) {
      faults.push_back(required_value(at + ".name"));
    }
  }
  return faults;
}

Faults slice_faults(const Json* before, const Json& slice) {
  Faults faults;
  const std::string type = text(slice, {"addressType"});
  if (type.empty()) {
    faults.push_back(required_value("addressType"));
  } else if (type != "IPv4" && type != "IPv6" && type != "FQDN") {
    faults.push_back(
        not_supported_value("addressType", type, {"\"FQDN\"", "\"IPv4\"", "\"IPv6\""}));
  }
  if (before != nullptr && text(*before, {"addressType"}) != type) {
    faults.push_back(invalid_value("addressType", type, "field is immutable"));
  }
  if (const Json* endpoints = field(slice, {"endpoints"}); endpoints && endpoints->is_array()) {
    for (std::size_t i = 0; i < endpoints->size(); ++i) {
      const Json* addresses = field((*endpoints)[i], {"addresses"});
      if (addresses == nullptr || addresses->empty()) {
        faults.push_back(required_value("endpoints[" + std::to_string(i) + "].addresses",
                                        "must contain at least 1 address"));
      }
    }
  }
  return faults;
}

Faults ingress_class_faults(const Json* before, const Json& ingress_class) {
  Faults faults;
  const std::string controller = text(ingress_class, {"spec", "controller"});
  if (controller.empty()) faults.push_back(required_value("spec.controller"));
  if (!controller.empty() && controller.find('/') == std::string::npos) {
    faults.push_back(invalid_value("spec.controller", controller,
                                   "must be a domain-prefixed path (such as \"acme.io/foo\")"));
  }
  if (before != nullptr && text(*before, {"spec", "controller"}) != controller) {
    faults.push_back(invalid_value("spec.controller", controller, "field is immutable"));
  }
  return faults;
}

// stringData is write-only: it becomes data.
void fold_string_data(Json& secret) {
  const auto found = secret.find("stringData");
  if (found == secret.end()) return;
  if (found->is_object()) {
    for (const auto& [key, value] : found->items()) {
      if (value.is_string()) secret["data"][key] = to_base64(value.get<std::string>());
    }
  }
  secret.erase("stringData");
}

}  // namespace

void set_builtin_defaults(const Kind& kind, Json& object) {
  if (kind.kind == "Secret") {
    fold_string_data(object);
    if (text(object, {"type"}).empty()) object["type"] = "Opaque";
  } else if (kind.kind == "Namespace") {
    object["spec"]["finalizers"] = {"kubernetes"};
    if (text(object, {"status", "phase"}).empty()) object["status"]["phase"] = "Active";
    metadata_of(object)["labels"]["kubernetes.io/metadata.name"] = name_of(object);
  } else if (kind.kind == "Service") {
    Json& spec = object["spec"];
    if (text(spec, {"type"}).empty()) spec["type"] = "ClusterIP";
    if (text(spec, {"sessionAffinity"}).empty()) spec["sessionAffinity"] = "None";
    if (spec.contains("ports") && spec["ports"].is_array()) {
      for (Json& port : spec["ports"]) {
        if (!port.contains("protocol")) port["protocol"] = "TCP";
        if (!port.contains("targetPort") && port.contains("port"))
          port["targetPort"] = port["port"];
      }
    }
    if (!object.contains("status")) object["status"] = {{"loadBalancer", Json::object()}};
  } else if (kind.kind == "Ingress") {
    if (!object.contains("status")) object["status"] = {{"loadBalancer", Json::object()}};
  } else if (kind.kind == "EndpointSlice" && object.contains("ports") &&
             object["ports"].is_array()) {
    for (Json& port : object["ports"]) {
      if (!port.contains("protocol")) port["protocol"] = "TCP";
      if (!port.contains("name")) port["name"] = "";
    }
  }
}

std::vector<Cause> builtin_faults(const Kind& kind, const Json* before, const Json& object) {
  if (kind.kind == "Secret") return secret_faults(before, object);
  if (kind.kind == "Ingress") return ingress_faults(object);
  if (kind.kind == "IngressClass") return ingress_class_faults(before, object);
  if (kind.kind == "Lease") return lease_faults(object);
  if (kind.kind == "Event") return event_faults(object);
  if (kind.kind == "Service") return service_faults(object);
  if (kind.kind == "EndpointSlice") return slice_faults(before, object);
  return {};
}

}  // namespace fakes::api_server
