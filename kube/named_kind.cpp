#include "kube/named_kind.h"

#include <nlohmann/json.hpp>

#include "kube/client.h"

namespace kube {
namespace {

base::Status get_each(Client& client, const ResourceType& type, const NamedQuery& query,
                      const std::function<void(const nlohmann::json&)>& found,
                      const std::stop_token& stop) {
  for (const ObjectKey& name : query.names) {
    const auto object = client.get(type, name, stop);
    if (object) {
      found(*object);
    } else if (object.error().kind != base::ErrorKind::not_found) {
      return base::failure(object.error());
    }
  }
  return {};
}

}  // namespace

base::Status find_named(Client& client, const ResourceType& type, const NamedQuery& query,
                        const std::function<void(const nlohmann::json&)>& found,
                        const std::stop_token& stop) {
  if (query.label.empty()) return get_each(client, type, query, found, stop);
  ListOptions options;
  options.namespace_ = query.names.front().namespace_;
  options.field_selector = query.field_selector;
  std::string values;
  for (const ObjectKey& name : query.names) values += (values.empty() ? "" : ",") + name.name;
  options.label_selector = query.label + " in (" + values + ")";
  const auto objects = client.list_all(type, options, stop);
  if (!objects) return base::failure(objects.error());
  for (const nlohmann::json& object : *objects) found(object);
  return {};
}

}  // namespace kube
