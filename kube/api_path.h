#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kube/object.h"

namespace kube {

// Paths of the Kubernetes API. Pure.

// "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"; an empty namespace: of all namespaces.
std::string collection_path(const ResourceType& type, const std::string& namespace_);

// ".../ingresses/www" and, with a subresource, ".../ingresses/www/status". invalid: the name or a
// needed namespace is missing, or could step out of its place in the path ("..", "a/b").
base::Result<std::string> object_path(const ResourceType& type, const ObjectKey& key,
                                      std::string_view subresource = {});

// "?limit=500&labelSelector=app%3Dshop"; empty values are left out.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace kube
