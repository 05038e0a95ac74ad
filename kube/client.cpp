#include "kube/client.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "kube/api_path.h"
#include "kube/json_reader.h"
#include "kube/watch_lines.h"

namespace kube {

namespace {

using nlohmann::json;

// A refusal's body is a Status of a few hundred bytes; more than this is not read.
constexpr std::size_t kRefusalBytesMax = 64u << 10;

std::string named(std::string_view verb, const ResourceType& type, const ObjectKey& key) {
  return std::string(verb) + " " + type.kind + " " + key.text();
}

std::string named(std::string_view verb, const ResourceType& type, const std::string& namespace_) {
  std::string doing = std::string(verb) + " " + type.plural;
  if (!namespace_.empty()) doing += " in namespace " + namespace_;
  return doing;
}

// Text of others (an ACME server's words in a status) need not be UTF-8; the API demands it.
std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

json with_type(const ResourceType& type, const json& object) {
  json typed = object;
  typed["apiVersion"] = type.api_version();
  typed["kind"] = type.kind;
  return typed;
}

base::Result<json> parse_object(std::string_view doing, const std::string& body) {
  json parsed = json::parse(body, nullptr, false);
  if (parsed.is_object()) return parsed;
  return base::failure(base::ErrorKind::protocol,
                       std::string(doing) + ": the API server's answer is not a JSON object");
}

}  // namespace

bool is_already_exists(const base::Error& error) {
  return error.kind == base::ErrorKind::conflict && error.reason == "AlreadyExists";
}

struct Client::Call {
  std::string doing;  // "updating Ingress shop/www": begins every error's message
  std::string path;   // with its query
  std::string method = "GET";
  std::string content_type{};
  std::string body{};
};

// Waits for its turn; held() is false when stop came first.
class Client::Turn {
 public:
  Turn(Client& client, const std::stop_token& stop) : client_(client) {
    std::unique_lock lock(client_.mutex_);
    const auto is_free = [this] { return client_.under_way_ < client_.options_.requests_max; };
    held_ = client_.turn_ended_.wait(lock, stop, is_free) && !stop.stop_requested();
    if (held_) ++client_.under_way_;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (!held_) return;
    {
      const std::lock_guard lock(client_.mutex_);
      --client_.under_way_;
    }
    client_.turn_ended_.notify_one();
  }
  bool held() const { return held_; }

 private:
  Client& client_;
  bool held_ = false;
};

Client::Client(std::shared_ptr<base::HttpTransport> transport, std::string server,
               std::shared_ptr<TokenSource> token, const base::Clock& clock)
    : Client(std::move(transport), std::move(server), std::move(token), clock, Options{}) {}

Client::Client(std::shared_ptr<base::HttpTransport> transport, std::string server,
               std::shared_ptr<TokenSource> token, const base::Clock& clock, Options options)
    : transport_(std::move(transport)),
      server_(std::move(server)),
      token_(std::move(token)),
      clock_(clock),
      options_(options) {}

// ---- Reading

base::Result<json> Client::get(const ResourceType& type, const ObjectKey& key,
                               std::stop_token stop) {
  const std::string doing = named("getting", type, key);
  auto path = object_path(type, key);
  if (!path) return base::failure(base::while_doing(doing, std::move(path.error())));
  return exchange({doing, *path}, stop);
}

base::Result<ListPage> Client::list(const ResourceType& type, const ListOptions& options,
                                    std::stop_token stop) {
  const std::string doing = named("listing", type, options.namespace_);
  Query query;
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  if (options.limit > 0) query.add("limit", std::to_string(options.limit));
  query.add("continue", options.continue_token);
  auto answer = exchange({doing, collection_path(type, options.namespace_) + query.text()}, stop);
  if (!answer) return base::failure(std::move(answer.error()));

  JsonReader::Fault fault;
  const JsonReader metadata = JsonReader(*answer, fault).object("metadata");
  ListPage page;
  page.resource_version = metadata.text("resourceVersion");
  page.continue_token = metadata.text("continue");
  const auto items = answer->find("items");
  if (items != answer->end() && items->is_array()) {
    page.items = std::move(items->get_ref<json::array_t&>());
  } else if (items != answer->end() && !items->is_null()) {
    fault = "items must be an array";
  }
  if (fault.empty() && page.resource_version.empty()) fault = "metadata.resourceVersion is missing";
  if (!fault.empty()) return base::failure(base::ErrorKind::protocol, doing + ": " + fault);
  for (json& item : page.items) {
    if (!item.is_object()) continue;  // the reader of the item says so, and skips it alone
    item.emplace("apiVersion", type.api_version());
    item.emplace("kind", type.kind);
  }
  return page;
}

base::Result<std::vector<json>> Client::list_all(const ResourceType& type, ListOptions options,
                                                 std::stop_token stop) {
  std::vector<json> all;
  do {
    auto page = list(type, options, stop);
    if (!page) return base::failure(std::move(page.error()));
    std::move(page->items.begin(), page->items.end(), std::back_inserter(all));
    options.continue_token = std::move(page->continue_token);
  } while (!options.continue_token.empty());
  return all;
}

base::Result<json> Client::get_path(const std::string& path, std::stop_token stop) {
  return exchange({"getting " + path, path}, stop);
}

// ---- Writing

base::Result<json> Client::create(const ResourceType& type, const json& object,
                                  std::stop_token stop) {
  const ObjectKey key = read_key(object);
  const std::string doing = named("creating", type, key);
  if (type.namespaced && key.namespace_.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         doing + ": a namespaced object needs metadata.namespace");
  }
  return exchange({doing, collection_path(type, key.namespace_), "POST", "application/json",
                   dump(with_type(type, object))},
                  stop);
}

base::Result<json> Client::update(const ResourceType& type, const json& object,
                                  std::stop_token stop) {
  return write("PUT", type, object, "", "updating", stop);
}

base::Result<json> Client::update_status(const ResourceType& type, const json& object,
                                         std::stop_token stop) {
  return write("PUT", type, object, "status", "updating the status of", stop);
}

base::Result<json> Client::write(const char* method, const ResourceType& type, const json& object,
                                 const char* subresource, std::string_view doing,
                                 std::stop_token stop) {
  const ObjectKey key = read_key(object);
  const std::string sentence = named(doing, type, key);
  auto path = object_path(type, key, subresource);
  if (!path) return base::failure(base::while_doing(sentence, std::move(path.error())));
  return exchange({sentence, *path, method, "application/json", dump(with_type(type, object))},
                  stop);
}

base::Result<json> Client::apply(const ResourceType& type, const json& object,
                                 const ApplyOptions& options, std::stop_token stop) {
  return apply_to(type, object, "", options, stop);
}

base::Result<json> Client::apply_status(const ResourceType& type, const json& object,
                                        const ApplyOptions& options, std::stop_token stop) {
  return apply_to(type, object, "status", options, stop);
}

base::Result<json> Client::apply_to(const ResourceType& type, const json& object,
                                    const char* subresource, const ApplyOptions& options,
                                    std::stop_token stop) {
  const ObjectKey key = read_key(object);
  const std::string doing =
      named(*subresource == '\0' ? "applying" : "applying the status of", type, key);
  auto path = object_path(type, key, subresource);
  if (!path) return base::failure(base::while_doing(doing, std::move(path.error())));
  Query query;
  query.add("fieldManager", options.field_manager);
  if (options.force) query.add("force", "true");
  // JSON is YAML; every API server since server-side apply became stable takes this type.
  return exchange({doing, *path + query.text(), "PATCH", "application/apply-patch+yaml",
                   dump(with_type(type, object))},
                  stop);
}

base::Result<json> Client::patch(const ResourceType& type, const ObjectKey& key,
                                 const json& merge_patch, const std::string& resource_version,
                                 std::stop_token stop) {
  return patch_at(type, key, "", merge_patch, resource_version, stop);
}

base::Result<json> Client::patch_status(const ResourceType& type, const ObjectKey& key,
                                        const json& merge_patch,
                                        const std::string& resource_version, std::stop_token stop) {
  return patch_at(type, key, "status", merge_patch, resource_version, stop);
}

base::Result<json> Client::patch_at(const ResourceType& type, const ObjectKey& key,
                                    const char* subresource, json merge_patch,
                                    const std::string& resource_version, std::stop_token stop) {
  const std::string doing =
      named(*subresource == '\0' ? "patching" : "patching the status of", type, key);
  auto path = object_path(type, key, subresource);
  if (!path) return base::failure(base::while_doing(doing, std::move(path.error())));
  // A resourceVersion in the patch is a precondition, as it is in an update.
  if (!resource_version.empty()) merge_patch["metadata"]["resourceVersion"] = resource_version;
  return exchange({doing, *path, "PATCH", "application/merge-patch+json", dump(merge_patch)}, stop);
}

base::Status Client::delete_(const ResourceType& type, const ObjectKey& key,
                             const Preconditions& preconditions, std::stop_token stop) {
  const std::string doing = named("deleting", type, key);
  auto path = object_path(type, key);
  if (!path) return base::failure(base::while_doing(doing, std::move(path.error())));
  json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!preconditions.uid.empty()) body["preconditions"]["uid"] = preconditions.uid;
  if (!preconditions.resource_version.empty()) {
    body["preconditions"]["resourceVersion"] = preconditions.resource_version;
  }
  auto answer = exchange({doing, *path, "DELETE", "application/json", dump(body)}, stop);
  if (!answer) return base::failure(std::move(answer.error()));
  return {};
}

// ---- Watching

base::Status Client::watch(const ResourceType& type, const WatchOptions& options,
                           const OnWatchEvent& on_event, std::stop_token stop) {
  Query query;
  query.add("watch", "true").add("allowWatchBookmarks", "true");
  query.add("labelSelector", options.label_selector);
  query.add("fieldSelector", options.field_selector);
  query.add("resourceVersion", options.resource_version);
  query.add("timeoutSeconds", std::to_string(options.server_timeout.count()));
  const Call call{named("watching", type, options.namespace_),
                  collection_path(type, options.namespace_) + query.text()};

  LineSplitter lines;
  base::Status read;
  bool wants_more = true;
  const auto on_line = [&](std::string_view line) {
    read = read_watch_line(line, [&](const WatchEvent& event) { wants_more = on_event(event); });
    return read && wants_more;
  };
  const auto on_chunk = [&](std::string_view bytes) {
    const base::Status split = lines.push(bytes, on_line);
    if (!split) read = split;
    return read && wants_more;
  };
  auto ended = stream(call, options.idle_timeout, on_chunk, stop);
  // What the events said comes first: the stream may well call our ending it a failure.
  if (!read) return base::failure(base::while_doing(call.doing, std::move(read.error())));
  if (!wants_more) return {};
  return ended;
}

// ---- One request

base::Result<json> Client::exchange(const Call& call, const std::stop_token& stop) {
  auto response = send(call, stop);
  if (!response) return base::failure(std::move(response.error()));
  return parse_object(call.doing, response->body);
}

base::Result<base::HttpResponse> Client::send(const Call& call, const std::stop_token& stop) {
  const Turn turn(*this, stop);
  if (!turn.held()) {
    return base::failure(base::ErrorKind::cancelled, call.doing + ": stopped before it began");
  }
  for (bool may_repeat = true;; may_repeat = false) {
    auto token = token_->token();
    if (!token) return base::failure(base::while_doing(call.doing, std::move(token.error())));
    auto response = transport_->send(make_request(call, *token), stop);
    if (!response) return base::failure(base::while_doing(call.doing, std::move(response.error())));
    if (response->status >= 200 && response->status < 300) return response;
    if (response->status == 401 && may_repeat && token_->rejected(*token)) continue;
    return base::failure(refusal(call, *response));
  }
}

base::Status Client::stream(const Call& call, std::chrono::milliseconds idle_timeout,
                            const base::HttpTransport::OnChunk& on_chunk,
                            const std::stop_token& stop) {
  for (bool may_repeat = true;; may_repeat = false) {
    auto token = token_->token();
    if (!token) return base::failure(base::while_doing(call.doing, std::move(token.error())));
    base::HttpRequest request = make_request(call, *token);
    request.timeout = idle_timeout;
    base::HttpResponse refused;
    const auto on_head = [&](const base::HttpResponse& head) {
      if (head.status != 200) refused = head;
      return true;
    };
    const auto on_bytes = [&](std::string_view bytes) {
      if (refused.status == 0) return on_chunk(bytes);
      refused.body.append(bytes.substr(0, kRefusalBytesMax - refused.body.size()));
      return refused.body.size() < kRefusalBytesMax;
    };
    auto ended = transport_->stream(request, on_head, on_bytes, stop);
    if (refused.status == 401 && may_repeat && token_->rejected(*token)) continue;
    if (refused.status != 0) return base::failure(refusal(call, refused));
    if (!ended) return base::failure(base::while_doing(call.doing, std::move(ended.error())));
    return {};
  }
}

base::HttpRequest Client::make_request(const Call& call, const std::string& token) const {
  base::HttpRequest request;
  request.method = call.method;
  request.url = server_ + call.path;
  request.timeout = options_.timeout;
  request.headers.emplace("Accept", "application/json");
  if (!token.empty()) request.headers.emplace("Authorization", "Bearer " + token);
  if (!call.body.empty()) {
    request.headers.emplace("Content-Type", call.content_type);
    request.body = call.body;
  }
  return request;
}

base::Error Client::refusal(const Call& call, const base::HttpResponse& response) const {
  base::Error error =
      error_from_status(response.status, call.doing, json::parse(response.body, nullptr, false));
  if (const auto value = response.header("retry-after")) {
    if (const auto delay = base::parse_retry_after(*value, clock_.now())) {
      error.retry_after = delay;
    }
  }
  return error;
}

}  // namespace kube
