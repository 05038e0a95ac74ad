#include "kube/resources/event.h"

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "kube/json_reader.h"

namespace kube {

ObjectReference reference_to(const ResourceType& type, const ObjectMeta& metadata) {
  return {type.api_version(), type.kind,    metadata.namespace_,
          metadata.name,      metadata.uid, metadata.resource_version};
}

const ResourceType& Event::type() {
  static const ResourceType type{"events.k8s.io", "v1", "Event", "events", true};
  return type;
}

base::Result<Event> Event::from_json(const nlohmann::json& object) {
  return read_object<Event>(type(), object, [](const JsonReader& reader, Event& event) {
    const JsonReader about = reader.object("regarding");
    event.regarding = {about.text("apiVersion"), about.text("kind"), about.text("namespace"),
                       about.text("name"),       about.text("uid"),  about.text("resourceVersion")};
    event.type_name = reader.text("type");
    event.reason = reader.text("reason");
    event.action = reader.text("action");
    event.note = reader.text("note");
    event.reporting_controller = reader.text("reportingController");
    event.reporting_instance = reader.text("reportingInstance");
    event.event_time = reader.time("eventTime").value_or(base::WallTime{});
    if (reader.has("series")) {
      const JsonReader repeated = reader.object("series");
      event.series = {static_cast<int>(repeated.integer("count", 0, 1 << 30)),
                      repeated.time("lastObservedTime").value_or(base::WallTime{})};
    }
  });
}

nlohmann::json Event::to_json() const {
  nlohmann::json object = {
      {"apiVersion", type().api_version()},
      {"kind", type().kind},
      {"metadata", {{"name", metadata.name}, {"namespace", metadata.namespace_}}},
      {"regarding",
       {{"apiVersion", regarding.api_version},
        {"kind", regarding.kind},
        {"name", regarding.name},
        {"uid", regarding.uid},
        {"resourceVersion", regarding.resource_version}}},
      {"type", type_name},
      {"reason", reason},
      {"action", action},
      {"note", note},
      {"reportingController", reporting_controller},
      {"reportingInstance", reporting_instance},
      {"eventTime", base::to_rfc3339_micros(event_time)}};
  if (!regarding.namespace_.empty()) object["regarding"]["namespace"] = regarding.namespace_;
  if (series) {
    object["series"] = {{"count", series->count},
                        {"lastObservedTime", base::to_rfc3339_micros(series->last_observed)}};
  }
  return object;
}

}  // namespace kube
