#include "tests/fakes/api_server/api.h"

#include <nlohmann/json.hpp>

namespace fakes::api_server {

Api::Api(Auth auth, std::chrono::milliseconds bookmark_interval)
    : bookmark_interval_(bookmark_interval), auth_(std::move(auth)) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    store_.put("/namespaces", {{"apiVersion", "v1"},
                               {"kind", "Namespace"},
                               {"metadata",
                                {{"name", name},
                                 {"uid", new_uid()},
                                 {"creationTimestamp", now_text()},
                                 {"labels", {{"kubernetes.io/metadata.name", name}}}}},
                               {"spec", {{"finalizers", {"kubernetes"}}}},
                               {"status", {{"phase", "Active"}}}});
  }
  collector_ = std::thread([this] { collect(); });
}

Api::~Api() {
  stop();
}

void Api::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (collector_.joinable()) collector_.join();
}

void Api::compact() {
  const std::lock_guard lock(mutex_);
  store_.compact();
  snapshots_.clear();
}

std::optional<std::string> Api::target_of(const Json& object) const {
  const std::lock_guard lock(mutex_);
  for (const KindPtr& kind : kinds_.all()) {
    if (kind->kind != text(object, {"kind"}) ||
        kind->api_version() != text(object, {"apiVersion"})) {
      continue;
    }
    std::string path = kind->group.empty() ? "/api/" : "/apis/";
    path += kind->api_version();
    if (kind->is_namespaced) {
      const std::string namespace_ = namespace_of(object);
      path += "/namespaces/" + (namespace_.empty() ? "default" : namespace_);
    }
    return path + "/" + kind->plural + "/" + name_of(object);
  }
  return std::nullopt;
}

Reply json_reply(int status, const Json& body) {
  Reply reply;
  reply.status = status;
  reply.body = body.dump() + "\n";
  return reply;
}

Reply refusal_reply(const Refusal& refusal) {
  Reply reply = json_reply(refusal.code, status_object(refusal));
  if (refusal.retry_after_seconds) {
    reply.headers.emplace_back("Retry-After", std::to_string(*refusal.retry_after_seconds));
  }
  return reply;
}

namespace {

Reply plain(std::string body) {
  Reply reply;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

Reply fault_reply(const Misbehaviour::Rule& rule) {
  Refusal refusal{rule.status, "", "This answer was ordered by the test"};
  refusal.retry_after_seconds = rule.retry_after_seconds;
  switch (rule.status) {
    case 429:
      refusal.reason = "TooManyRequests";
      break;
    case 503:
      refusal.reason = "ServiceUnavailable";
      break;
    case 500:
      refusal.reason = "InternalError";
      break;
    case 409:
      refusal.reason = "Conflict";
      break;
    case 410:
      refusal.reason = "Expired";
      break;
    case 403:
      refusal.reason = "Forbidden";
      break;
    case 401:
      refusal.reason = "Unauthorized";
      break;
    case 404:
      refusal.reason = "NotFound";
      break;
    default:
      break;
  }
  return refusal_reply(refusal);
}

// The manager that a request without fieldManager gets: the first word of its user agent.
std::string manager_of(const Request& request) {
  if (request.has("fieldManager")) return request.parameter("fieldManager");
  const std::string agent = request.header("user-agent");
  const std::string first = agent.substr(0, agent.find('/'));
  return first.empty() ? "unknown" : first;
}

}  // namespace

Reply Api::answer(const Request& request) {
  if (request.path == "/livez" || request.path == "/readyz" || request.path == "/healthz") {
    return plain("ok");
  }
  const auto user = user_of(request);
  if (!user) return refusal_reply(unauthorized());
  if (request.path.starts_with("/fake/")) return answer_fake(request);

  while (misbehaviour_.is_paused() && !is_stopping_) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const auto rule = misbehaviour_.take(request);
  if (rule) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, rule->delay, [this] { return is_stopping_.load(); });
    lock.unlock();
    Reply hang_up;
    hang_up.hang_up = true;
    if (rule->hang_up) return hang_up;
    if (rule->status != 0 && !rule->hang_up_after) return fault_reply(*rule);
  }
  Reply reply;
  if (auto target = read_target_path(request.path)) {
    reply = answer_resource(request, std::move(*target), *user);
  } else {
    reply = answer_discovery(request);
  }
  reply.hang_up = rule && rule->hang_up_after;
  return reply;
}

std::optional<User> Api::user_of(const Request& request) const {
  const std::lock_guard lock(mutex_);
  return auth_.user_of(request.header("authorization"));
}

Reply Api::answer_discovery(const Request& request) {
  if (request.method != "GET") return refusal_reply(method_not_allowed());
  const std::lock_guard lock(mutex_);
  return discovery_reply(kinds_, request);
}

namespace {

bool has_subresource(const Kind& kind, const std::string& subresource) {
  if (subresource == "status") return kind.has_status;
  if (subresource == "token") return kind.group.empty() && kind.kind == "ServiceAccount";
  return subresource.empty();
}

}  // namespace

Reply Api::answer_resource(const Request& request, Target target, const User& user) {
  const std::lock_guard lock(mutex_);
  const KindPtr kind = kinds_.find(target.group, target.version, target.plural);
  const bool fits = kind != nullptr && (target.namespace_.empty() || kind->is_namespaced) &&
                    has_subresource(*kind, target.subresource);
  if (!fits) return refusal_reply(no_such_path());
  if (kind->is_namespaced && target.namespace_.empty() &&
      (!target.name.empty() || request.method != "GET")) {
    return refusal_reply(no_such_path());
  }
  Call call{request, std::move(target), kind, user.name, manager_of(request), view_of(request)};
  if (request.has("dryRun")) {
    if (request.parameter("dryRun") != "All") {
      return refusal_reply(bad_request("invalid dryRun: only All is supported"));
    }
    call.is_dry_run = true;
  }
  // A field of another type than its reader expects is what the real server's decoder refuses.
  Answer<Reply> answered = refuse(Refusal{});
  try {
    answered = answer_call(call);
  } catch (const nlohmann::json::exception& e) {
    answered = refuse(bad_request(std::string("the object cannot be decoded: ") + e.what()));
  }
  Reply reply = answered ? std::move(*answered) : refusal_reply(answered.error());
  for (const std::string& warning : call.warnings) {
    reply.headers.emplace_back("Warning", "299 - " + Json(warning).dump());
  }
  return reply;
}

Answer<Reply> Api::answer_call(Call& call) {
  const std::string& method = call.request.method;
  const bool is_collection = call.target.name.empty();
  if (call.target.subresource == "token") {
    return method == "POST" ? issue_token(call) : refuse(method_not_allowed());
  }
  if (call.kind->is_create_only) {
    return method == "POST" && is_collection ? create_only(call) : refuse(method_not_allowed());
  }
  if (is_collection) {
    if (method == "GET") {
      const std::string wanted = call.request.parameter("watch");
      return wanted == "true" || wanted == "1" ? watch(call) : list(call);
    }
    if (method == "POST") return create(call);
    if (method == "DELETE") return remove_collection(call);
  } else {
    if (method == "GET") return get(call);
    if (method == "PUT") return update(call);
    if (method == "PATCH") return patch(call);
    if (method == "DELETE" && call.target.subresource.empty()) return remove(call);
  }
  return refuse(method_not_allowed());
}

}  // namespace fakes::api_server
