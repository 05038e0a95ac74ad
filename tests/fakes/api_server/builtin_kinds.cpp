#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {
namespace {

Json text_or(const Json& object, std::initializer_list<std::string_view> path,
             std::string_view otherwise) {
  const std::string found = text(object, path);
  return found.empty() ? Json(std::string(otherwise)) : Json(found);
}

std::string joined(const std::vector<std::string>& parts, std::string_view otherwise) {
  std::string result;
  for (const auto& part : parts) result += (result.empty() ? "" : ",") + part;
  return result.empty() ? std::string(otherwise) : result;
}

std::size_t size_at(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* found = field(object, path);
  return found != nullptr ? found->size() : 0;
}

const Column name_column{"Name", "string", 0,
                         [](const Json& object) { return Json(name_of(object)); }};
const Column age_column{"Age", "date", 0, [](const Json& object) {
                          return text_or(object, {"metadata", "creationTimestamp"}, "<unknown>");
                        }};

Column column(std::string name, std::function<Json(const Json&)> cell,
              std::string type = "string") {
  return {std::move(name), std::move(type), 0, std::move(cell)};
}

// The strings at one field of each item of a list.
std::vector<std::string> each(const Json& object, std::initializer_list<std::string_view> list,
                              std::initializer_list<std::string_view> path) {
  std::vector<std::string> found;
  if (const Json* items = field(object, list); items != nullptr && items->is_array()) {
    for (const Json& item : *items) {
      if (std::string value = text(item, path); !value.empty()) found.push_back(std::move(value));
    }
  }
  return found;
}

std::string service_ports(const Json& service) {
  std::vector<std::string> ports;
  if (const Json* list = field(service, {"spec", "ports"}); list != nullptr && list->is_array()) {
    for (const Json& port : *list) {
      ports.push_back(std::to_string(port.value("port", 0)) + "/" + port.value("protocol", "TCP"));
    }
  }
  return joined(ports, "<none>");
}

std::string slice_ports(const Json& slice) {
  std::vector<std::string> ports;
  if (const Json* list = field(slice, {"ports"}); list != nullptr && list->is_array()) {
    for (const Json& port : *list) ports.push_back(std::to_string(port.value("port", 0)));
  }
  return joined(ports, "<unset>");
}

std::string slice_addresses(const Json& slice) {
  std::vector<std::string> addresses;
  if (const Json* list = field(slice, {"endpoints"}); list != nullptr && list->is_array()) {
    for (const Json& endpoint : *list) {
      for (const Json& address : endpoint.value("addresses", Json::array())) {
        addresses.push_back(address.get<std::string>());
      }
    }
  }
  return joined(addresses, "<unset>");
}

std::vector<Column> ingress_columns() {
  return {name_column,
          column("Class",
                 [](const Json& o) {
                   return text_or(o, {"spec", "ingressClassName"}, "<none>");
                 }),
          column("Hosts",
                 [](const Json& o) {
                   return Json(joined(each(o, {"spec", "rules"}, {"host"}), "*"));
                 }),
          column("Address",
                 [](const Json& o) {
                   auto found = each(o, {"status", "loadBalancer", "ingress"}, {"ip"});
                   for (auto& name : each(o, {"status", "loadBalancer", "ingress"}, {"hostname"})) {
                     found.push_back(std::move(name));
                   }
                   return Json(joined(found, ""));
                 }),
          column("Ports",
                 [](const Json& o) {
                   return Json(size_at(o, {"spec", "tls"}) > 0 ? "80, 443" : "80");
                 }),
          age_column};
}

std::vector<Column> event_columns() {
  return {column(
              "Last Seen",
              [](const Json& o) {
                for (const char* name :
                     {"lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"}) {
                  if (Json seen = text_or(o, {name}, ""); seen != "") return seen;
                }
                return text_or(o, {"metadata", "creationTimestamp"}, "<unknown>");
              },
              "date"),
          column("Type", [](const Json& o) { return text_or(o, {"type"}, ""); }),
          column("Reason", [](const Json& o) { return text_or(o, {"reason"}, ""); }),
          column("Object",
                 [](const Json& o) {
                   const char* at = o.contains("regarding") ? "regarding" : "involvedObject";
                   std::string kind = text(o, {at, "kind"});
                   for (char& c : kind) c = static_cast<char>(std::tolower(c));
                   return Json(kind + "/" + text(o, {at, "name"}));
                 }),
          column("Message", [](const Json& o) {
            return text_or(o, {o.contains("note") ? "note" : "message"}, "");
          })};
}

struct Draft {
  const char* group;
  const char* version;
  const char* kind;
  const char* plural;
  std::vector<std::string> short_names;
  bool is_namespaced = true;
  bool has_status = false;
  bool has_generation = false;
  std::vector<std::string> selectable;
  std::vector<Column> columns;
};

std::vector<Draft> drafts() {
  const std::vector<std::string> event_fields = {"involvedObject.kind",
                                                 "involvedObject.namespace",
                                                 "involvedObject.name",
                                                 "involvedObject.uid",
                                                 "involvedObject.apiVersion",
                                                 "involvedObject.resourceVersion",
                                                 "involvedObject.fieldPath",
                                                 "reason",
                                                 "reportingComponent",
                                                 "source",
                                                 "type"};
  const std::vector<std::string> new_event_fields = {
      "regarding.kind",       "regarding.namespace",
      "regarding.name",       "regarding.uid",
      "regarding.apiVersion", "regarding.resourceVersion",
      "regarding.fieldPath",  "reason",
      "reportingController",  "type"};
  const auto data_count = [](const Json& o) {
    return Json(size_at(o, {"data"}) + size_at(o, {"binaryData"}));
  };
  return {
      {"",
       "v1",
       "Namespace",
       "namespaces",
       {"ns"},
       false,
       true,
       false,
       {"status.phase"},
       {name_column,
        column("Status",
               [](const Json& o) {
                 return text_or(o, {"status", "phase"}, "");
               }),
        age_column}},
      {"",
       "v1",
       "Secret",
       "secrets",
       {},
       true,
       false,
       false,
       {"type"},
       {name_column, column("Type", [](const Json& o) { return text_or(o, {"type"}, ""); }),
        column("Data", data_count, "integer"), age_column}},
      {"",
       "v1",
       "ConfigMap",
       "configmaps",
       {"cm"},
       true,
       false,
       false,
       {},
       {name_column, column("Data", data_count, "integer"), age_column}},
      {"",
       "v1",
       "Service",
       "services",
       {"svc"},
       true,
       true,
       false,
       {"spec.clusterIP", "spec.type"},
       {name_column,
        column("Type",
               [](const Json& o) {
                 return text_or(o, {"spec", "type"}, "");
               }),
        column("Cluster-IP",
               [](const Json& o) {
                 return text_or(o, {"spec", "clusterIP"}, "<none>");
               }),
        column(
            "External-IP",
            [](const Json& o) {
              return Json(joined(each(o, {"status", "loadBalancer", "ingress"}, {"ip"}), "<none>"));
            }),
        column("Port(s)", [](const Json& o) { return Json(service_ports(o)); }), age_column}},
      {"",
       "v1",
       "Pod",
       "pods",
       {"po"},
       true,
       true,
       true,
       {"spec.nodeName", "status.phase", "status.podIP", "spec.serviceAccountName"},
       {name_column,
        column("Status",
               [](const Json& o) {
                 return text_or(o, {"status", "phase"}, "");
               }),
        column("IP",
               [](const Json& o) {
                 return text_or(o, {"status", "podIP"}, "<none>");
               }),
        age_column}},
      {"",
       "v1",
       "ServiceAccount",
       "serviceaccounts",
       {"sa"},
       true,
       false,
       false,
       {},
       {name_column,
        column(
            "Secrets", [](const Json& o) { return Json(size_at(o, {"secrets"})); }, "integer"),
        age_column}},
      {"", "v1", "Node", "nodes", {"no"}, false, true, false, {"spec.unschedulable"}, {}},
      {"", "v1", "Event", "events", {"ev"}, true, false, false, event_fields, event_columns()},
      {"events.k8s.io",
       "v1",
       "Event",
       "events",
       {"ev"},
       true,
       false,
       false,
       new_event_fields,
       event_columns()},
      {"networking.k8s.io",
       "v1",
       "Ingress",
       "ingresses",
       {"ing"},
       true,
       true,
       true,
       {},
       ingress_columns()},
      {"networking.k8s.io",
       "v1",
       "IngressClass",
       "ingressclasses",
       {},
       false,
       false,
       true,
       {},
       {name_column,
        column("Controller",
               [](const Json& o) {
                 return text_or(o, {"spec", "controller"}, "");
               }),
        column("Parameters",
               [](const Json& o) {
                 return text_or(o, {"spec", "parameters", "name"}, "<none>");
               }),
        age_column}},
      {"discovery.k8s.io",
       "v1",
       "EndpointSlice",
       "endpointslices",
       {},
       true,
       false,
       true,
       {},
       {name_column,
        column("AddressType", [](const Json& o) { return text_or(o, {"addressType"}, ""); }),
        column("Ports", [](const Json& o) { return Json(slice_ports(o)); }),
        column("Endpoints", [](const Json& o) { return Json(slice_addresses(o)); }), age_column}},
      {"coordination.k8s.io",
       "v1",
       "Lease",
       "leases",
       {},
       true,
       false,
       false,
       {},
       {name_column,
        column("Holder",
               [](const Json& o) {
                 return text_or(o, {"spec", "holderIdentity"}, "");
               }),
        age_column}},
      {"apiextensions.k8s.io",
       "v1",
       "CustomResourceDefinition",
       "customresourcedefinitions",
       {"crd", "crds"},
       false,
       true,
       true,
       {},
       {name_column, column("Created At",
                            [](const Json& o) {
                              return text_or(o, {"metadata", "creationTimestamp"}, "");
                            })}},
      {"authentication.k8s.io",
       "v1",
       "TokenReview",
       "tokenreviews",
       {},
       false,
       false,
       false,
       {},
       {}},
      {"authorization.k8s.io",
       "v1",
       "SelfSubjectAccessReview",
       "selfsubjectaccessreviews",
       {},
       false,
       false,
       false,
       {},
       {}},
  };
}

KindPtr finished(Draft draft) {
  auto kind = std::make_shared<Kind>();
  kind->group = draft.group;
  kind->version = draft.version;
  kind->kind = draft.kind;
  kind->list_kind = kind->kind + "List";
  kind->plural = draft.plural;
  kind->singular = kind->kind;
  for (char& c : kind->singular) c = static_cast<char>(std::tolower(c));
  kind->short_names = std::move(draft.short_names);
  kind->is_namespaced = draft.is_namespaced;
  kind->has_status = draft.has_status;
  kind->has_generation = draft.has_generation;
  kind->is_create_only = kind->group.starts_with("auth");
  kind->needs_version_to_update = kind->kind == "Lease" || kind->kind == "CustomResourceDefinition";
  kind->storage = kind->kind == "Event" ? "/events" : kind->group + "/" + kind->plural;
  kind->selectable_fields = std::move(draft.selectable);
  kind->columns = draft.columns.empty() ? default_columns() : std::move(draft.columns);
  kind->schema = builtin_merge_schema(kind->kind);
  return kind;
}

}  // namespace

std::vector<Column> default_columns() {
  return {name_column, age_column};
}

std::vector<KindPtr> builtin_kinds() {
  std::vector<KindPtr> kinds;
  for (Draft& draft : drafts()) kinds.push_back(finished(std::move(draft)));
  return kinds;
}

}  // namespace fakes::api_server
