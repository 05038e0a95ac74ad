#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/api.h"
#include "tests/fakes/api_server/table.h"

namespace fakes::api_server {

View view_of(const Request& request) {
  // Only the first acceptable form counts; clients name the fall-back last.
  const std::string accept = request.header("accept");
  if (accept.find("as=Table") != std::string::npos) return View::table;
  if (accept.find("as=PartialObjectMetadata") != std::string::npos) return View::metadata_only;
  return View::object;
}

namespace {

Json metadata_only(const Json& object) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", object.value("metadata", Json::object())}};
}

}  // namespace

Json shown(const Kind& kind, const Json& stored, View view, std::string_view include_object,
           bool with_columns) {
  const Json served = to_served(kind, stored);
  if (view == View::metadata_only) return metadata_only(served);
  if (view == View::object) return served;
  Json table = table_of(kind.columns, {served}, include_object);
  if (!with_columns) table["columnDefinitions"] = nullptr;
  return table;
}

Answer<Reply> Api::get(Call& call) {
  const Object found = store_.get(call.kind->storage, call.target.namespace_, call.target.name);
  if (!found) return refuse(not_found(call.kind->resource(), call.target.name));
  return json_reply(200,
                    shown(*call.kind, *found, call.view, call.request.parameter("includeObject")));
}

Answer<Selector> Api::selector_of(const Call& call) const {
  auto labels = label_selector(call.request.parameter("labelSelector"));
  if (!labels) return labels;
  auto fields = field_selector(*call.kind, call.request.parameter("fieldSelector"));
  if (!fields) return fields;
  return [labels = std::move(*labels), fields = std::move(*fields)](const Json& object) {
    return labels(object) && fields(object);
  };
}

namespace {

Refusal version_too_large(std::uint64_t wanted, std::uint64_t current) {
  Refusal refusal{504, "Timeout",
                  "Too large resource version: " + std::to_string(wanted) +
                      ", current: " + std::to_string(current)};
  refusal.retry_after_seconds = 1;
  refusal.causes.push_back({"", "ResourceVersionTooLarge", "Too large resource version"});
  return refusal;
}

}  // namespace

Answer<std::uint64_t> requested_version(const Request& request, std::uint64_t current) {
  const std::string wanted = request.parameter("resourceVersion");
  if (wanted.empty()) return 0;
  std::uint64_t version = 0;
  const auto read = std::from_chars(wanted.data(), wanted.data() + wanted.size(), version);
  if (read.ec != std::errc() || read.ptr != wanted.data() + wanted.size()) {
    return refuse(invalid("", "ListOptions", "",
                          {invalid_value("resourceVersion", wanted, "must be a number")}));
  }
  if (version > current) return refuse(version_too_large(version, current));
  return version;
}

namespace {

Json list_body(const Call& call, const std::vector<Json>& served, Json metadata) {
  if (call.view == View::table) {
    Json table = table_of(call.kind->columns, served, call.request.parameter("includeObject"));
    table["metadata"] = std::move(metadata);
    return table;
  }
  Json items = Json::array();
  for (const Json& object : served) {
    if (call.view == View::metadata_only) {
      items.push_back(metadata_only(object));
      continue;
    }
    Json item = object;
    // Items of built-in lists carry no kind of their own; those of custom ones do.
    if (!call.kind->is_custom) {
      item.erase("kind");
      item.erase("apiVersion");
    }
    items.push_back(std::move(item));
  }
  const bool partial = call.view == View::metadata_only;
  return {{"kind", partial ? "PartialObjectMetadataList" : call.kind->list_kind},
          {"apiVersion", partial ? "meta.k8s.io/v1" : call.kind->api_version()},
          {"metadata", std::move(metadata)},
          {"items", std::move(items)}};
}

}  // namespace

Answer<Reply> Api::list(Call& call) {
  const auto selected = selector_of(call);
  if (!selected) return refuse(selected.error());
  const auto asked = requested_version(call.request, store_.version());
  if (!asked) return refuse(asked.error());

  Snapshot snapshot{"",
                    store_.version(),
                    {},
                    !call.request.parameter("labelSelector").empty() ||
                        !call.request.parameter("fieldSelector").empty()};
  if (const std::string token = call.request.parameter("continue"); !token.empty()) {
    const auto found = std::find_if(snapshots_.begin(), snapshots_.end(),
                                    [&token](const Snapshot& one) { return one.token == token; });
    if (found == snapshots_.end()) {
      return refuse(
          expired("The provided continue parameter is too old to display a consistent "
                  "list result. You must start a new list without the continue "
                  "parameter."));
    }
    snapshot = *found;
  } else {
    if (call.request.parameter("resourceVersionMatch") == "Exact" && *asked != store_.version()) {
      return refuse(expired("The resourceVersion for the provided list is too old."));
    }
    for (const Object& object : store_.list(call.kind->storage, call.target.namespace_)) {
      if ((*selected)(to_served(*call.kind, *object))) snapshot.rest.push_back(object);
    }
  }

  std::size_t limit = 0;
  const std::string limit_text = call.request.parameter("limit");
  std::from_chars(limit_text.data(), limit_text.data() + limit_text.size(), limit);
  if (limit == 0 || limit > snapshot.rest.size()) limit = snapshot.rest.size();

  std::vector<Json> served;
  for (std::size_t i = 0; i < limit; ++i) {
    served.push_back(to_served(*call.kind, *snapshot.rest[i]));
  }
  Json metadata = {{"resourceVersion", std::to_string(snapshot.version)}};
  snapshot.rest.erase(snapshot.rest.begin(),
                      snapshot.rest.begin() + static_cast<std::ptrdiff_t>(limit));
  if (!snapshot.rest.empty()) {
    snapshot.token = new_uid();
    metadata["continue"] = snapshot.token;
    if (!snapshot.is_filtered) metadata["remainingItemCount"] = snapshot.rest.size();
    snapshots_.push_back(snapshot);
    if (snapshots_.size() > 64) snapshots_.pop_front();
  }
  return json_reply(200, list_body(call, served, std::move(metadata)));
}

}  // namespace fakes::api_server
