#include "tests/fakes/api_server/builtin_fields.h"

#include <map>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/base64.h"

namespace fakes::api_server {
namespace {

// A type: "string", "bool", "int", "bytes" (base64), "int-or-string", "any"; [T] a list; {"*": T} a
// map; else a struct.
const std::map<std::string, Json>& types() {
  static const std::map<std::string, Json> known = [] {
    const Json strings = {{"*", "string"}};
    const Json reference = {{"kind", "string"},       {"namespace", "string"},
                            {"name", "string"},       {"uid", "string"},
                            {"apiVersion", "string"}, {"resourceVersion", "string"},
                            {"fieldPath", "string"}};
    const Json local_reference = {{"apiGroup", "string"}, {"kind", "string"}, {"name", "string"}};
    const Json backend = {
        {"service", {{"name", "string"}, {"port", {{"name", "string"}, {"number", "int"}}}}},
        {"resource", local_reference}};
    const Json balancer = {
        {"loadBalancer",
         {{"ingress", Json::array({{{"ip", "string"},
                                    {"hostname", "string"},
                                    {"ipMode", "string"},
                                    {"ports", Json::array({{{"port", "int"},
                                                            {"protocol", "string"},
                                                            {"error", "string"}}})}}})}}}};
    Json service_status = balancer;
    service_status["conditions"] = Json::array({"any"});
    return std::map<std::string, Json>{
        {"Secret",
         {{"type", "string"},
          {"immutable", "bool"},
          {"data", {{"*", "bytes"}}},
          {"stringData", strings}}},
        {"ConfigMap", {{"immutable", "bool"}, {"data", strings}, {"binaryData", {{"*", "bytes"}}}}},
        {"Namespace",
         {{"spec", {{"finalizers", {"string"}}}},
          {"status", {{"phase", "string"}, {"conditions", {"any"}}}}}},
        {"ServiceAccount",
         {{"secrets", Json::array({reference})},
          {"imagePullSecrets", Json::array({{{"name", "string"}}})},
          {"automountServiceAccountToken", "bool"}}},
        {"Service",
         {{"spec",
           {{"ports", Json::array({{{"name", "string"},
                                    {"protocol", "string"},
                                    {"appProtocol", "string"},
                                    {"port", "int"},
                                    {"targetPort", "int-or-string"},
                                    {"nodePort", "int"}}})},
            {"selector", strings},
            {"clusterIP", "string"},
            {"clusterIPs", {"string"}},
            {"type", "string"},
            {"externalIPs", {"string"}},
            {"sessionAffinity", "string"},
            {"sessionAffinityConfig", "any"},
            {"loadBalancerIP", "string"},
            {"loadBalancerSourceRanges", {"string"}},
            {"loadBalancerClass", "string"},
            {"externalName", "string"},
            {"externalTrafficPolicy", "string"},
            {"internalTrafficPolicy", "string"},
            {"trafficDistribution", "string"},
            {"healthCheckNodePort", "int"},
            {"publishNotReadyAddresses", "bool"},
            {"ipFamilies", {"string"}},
            {"ipFamilyPolicy", "string"},
            {"allocateLoadBalancerNodePorts", "bool"}}},
          {"status", service_status}}},
        {"Ingress",
         {{"spec",
           {{"ingressClassName", "string"},
            {"defaultBackend", backend},
            {"tls", Json::array({{{"hosts", {"string"}}, {"secretName", "string"}}})},
            {"rules", Json::array({{{"host", "string"},
                                    {"http",
                                     {{"paths", Json::array({{{"path", "string"},
                                                              {"pathType", "string"},
                                                              {"backend", backend}}})}}}}})}}},
          {"status", balancer}}},
        {"IngressClass",
         {{"spec",
           {{"controller", "string"},
            {"parameters",
             {{"apiGroup", "string"},
              {"kind", "string"},
              {"name", "string"},
              {"scope", "string"},
              {"namespace", "string"}}}}}}},
        {"EndpointSlice",
         {{"addressType", "string"},
          {"endpoints",
           Json::array(
               {{{"addresses", {"string"}},
                 {"conditions", {{"ready", "bool"}, {"serving", "bool"}, {"terminating", "bool"}}},
                 {"hostname", "string"},
                 {"targetRef", reference},
                 {"deprecatedTopology", strings},
                 {"nodeName", "string"},
                 {"zone", "string"},
                 {"hints", "any"}}})},
          {"ports", Json::array({{{"name", "string"},
                                  {"protocol", "string"},
                                  {"port", "int"},
                                  {"appProtocol", "string"}}})}}},
        {"Lease",
         {{"spec",
           {{"holderIdentity", "string"},
            {"leaseDurationSeconds", "int"},
            {"acquireTime", "string"},
            {"renewTime", "string"},
            {"leaseTransitions", "int"},
            {"strategy", "string"},
            {"preferredHolder", "string"}}}}},
        {"Event",
         {{"involvedObject", reference},
          {"reason", "string"},
          {"message", "string"},
          {"source", {{"component", "string"}, {"host", "string"}}},
          {"firstTimestamp", "string"},
          {"lastTimestamp", "string"},
          {"count", "int"},
          {"type", "string"},
          {"eventTime", "string"},
          {"series", {{"count", "int"}, {"lastObservedTime", "string"}}},
          {"action", "string"},
          {"related", reference},
          {"reportingComponent", "string"},
          {"reportingInstance", "string"}}},
        {"Pod", {{"spec", "any"}, {"status", "any"}}},
        {"Node", {{"spec", "any"}, {"status", "any"}}},
        {"CustomResourceDefinition", {{"spec", "any"}, {"status", "any"}}},
    };
  }();
  return known;
}

class Decoder {
 public:
  std::vector<std::string> gone;
  std::string fault;

  void decode(Json& value, const Json& type, const std::string& path) {
    if (value.is_null()) return;  // as if absent
    if (type.is_string()) {
      decode_scalar(value, type.get<std::string>(), path);
    } else if (type.is_array()) {
      if (!expect(value.is_array(), value, "a list", path)) return;
      for (std::size_t i = 0; i < value.size(); ++i) {
        decode(value[i], type.front(), path + "[" + std::to_string(i) + "]");
      }
    } else {
      if (!expect(value.is_object(), value, "an object", path)) return;
      decode_members(value, type, path);
    }
  }

 private:
  void decode_members(Json& value, const Json& type, const std::string& path) {
    const auto any = type.find("*");
    for (auto it = value.begin(); it != value.end();) {
      const std::string below = path.empty() ? it.key() : path + "." + it.key();
      const auto known = any != type.end() ? any : type.find(it.key());
      if (known == type.end()) {
        gone.push_back(below);
        it = value.erase(it);
        continue;
      }
      decode(*it, *known, below);
      ++it;
    }
  }

  void decode_scalar(const Json& value, const std::string& type, const std::string& path) {
    if (type == "string") expect(value.is_string(), value, "a string", path);
    if (type == "bool") expect(value.is_boolean(), value, "a boolean", path);
    if (type == "int") expect(value.is_number_integer(), value, "an integer", path);
    if (type == "int-or-string") {
      expect(value.is_number_integer() || value.is_string(), value, "an integer or a string", path);
    }
    if (type == "bytes" && expect(value.is_string(), value, "base64 text", path) &&
        !from_base64(value.get_ref<const std::string&>())) {
      fail("illegal base64 data in " + path);
    }
  }

  bool expect(bool fits, const Json& value, const char* wanted, const std::string& path) {
    if (!fits) {
      fail("cannot unmarshal " + std::string(value.type_name()) + " into field " + path +
           ", which is " + wanted);
    }
    return fits;
  }
  void fail(std::string why) {
    if (fault.empty()) fault = std::move(why);
  }
};

}  // namespace

Answer<std::vector<std::string>> decode_builtin(const Kind& kind, Json& object) {
  const auto known = types().find(kind.kind);
  if (known == types().end()) return std::vector<std::string>();
  Json type = known->second;
  type["apiVersion"] = "string";
  type["kind"] = "string";
  type["metadata"] = "any";
  Decoder decoder;
  decoder.decode(object, type, "");
  if (!decoder.fault.empty()) {
    return refuse(bad_request(kind.kind + " in version \"" + kind.version +
                              "\" cannot be handled as a " + kind.kind + ": " + decoder.fault));
  }
  return std::move(decoder.gone);
}

}  // namespace fakes::api_server
