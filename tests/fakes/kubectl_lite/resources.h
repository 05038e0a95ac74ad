#pragma once

#include <string>

#include "base/result.h"
#include "tests/fakes/api_server/object.h"
#include "tests/fakes/kubectl_lite/rest_client.h"

namespace fakes::kubectl_lite {

// A kind as the server's discovery tells it.
struct Resource {
  std::string group_version;  // "v1", "networking.k8s.io/v1"
  std::string plural;
  std::string singular;
  bool is_namespaced = true;

  // Of the collection; an empty namespace: all of them.
  std::string path(const std::string& namespace_) const;
  // "ingress.networking.k8s.io"
  std::string text() const;
};

// By plural, singular, short name or kind, with or without its group. ErrorKind::not_found when the
// server has no such kind.
base::Result<Resource> resource_named(const RestClient& client, const std::string& name);
// By an object's apiVersion and kind.
base::Result<Resource> resource_of_object(const RestClient& client, const api_server::Json& object);

}  // namespace fakes::kubectl_lite
