#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "kube/object.h"

namespace kube {

struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resource_version;
  auto operator<=>(const ObjectReference&) const = default;
};

ObjectReference reference_to(const ResourceType& type, const ObjectMeta& metadata);

// How often the same thing has happened, and when last.
struct EventSeries {
  int count = 0;
  base::WallTime last_observed{};
  bool operator==(const EventSeries&) const = default;
};

// events.k8s.io/v1 Event.
struct Event {
  ObjectMeta metadata;
  ObjectReference regarding;
  std::string type_name;  // Normal | Warning
  std::string reason;
  std::string action;
  std::string note;
  std::string reporting_controller;
  std::string reporting_instance;
  base::WallTime event_time{};
  std::optional<EventSeries> series;

  static const ResourceType& type();
  static base::Result<Event> from_json(const nlohmann::json& object);
  nlohmann::json to_json() const;
};

}  // namespace kube
