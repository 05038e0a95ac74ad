#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakes/api_server/auth.h"
#include "tests/fakes/api_server/http.h"
#include "tests/fakes/api_server/kinds.h"
#include "tests/fakes/api_server/misbehaviour.h"
#include "tests/fakes/api_server/refusal.h"
#include "tests/fakes/api_server/selector.h"
#include "tests/fakes/api_server/store.h"
#include "tests/fakes/api_server/target.h"
#include "tests/fakes/api_server/write_log.h"

namespace fakes::api_server {

// How a list or a watch shows its objects: by the Accept header.
enum class View { object, table, metadata_only };

// One request to a resource, understood.
struct Call {
  const Request& request;
  Target target;
  KindPtr kind;
  std::string user;
  std::string manager;
  View view = View::object;
  bool is_dry_run = false;
  std::vector<std::string> warnings{};
};

// Requests in, replies out: the API without its sockets. Thread-safe; one lock guards everything,
// so writes are as serial as etcd makes them. The collector runs on a thread of its own.
class Api {
 public:
  Api(Auth auth, std::chrono::milliseconds bookmark_interval);
  ~Api();
  Api(const Api&) = delete;

  Reply answer(const Request& request);
  // Ends all watches and waits; answers no more.
  void stop();

  Misbehaviour& misbehaviour() { return misbehaviour_; }
  const WriteLog& writes() const { return writes_; }
  WriteLog& writes() { return writes_; }
  void compact();
  // The URL path of an object, by its apiVersion, kind, name and namespace ("default" when it has
  // none); nothing when no such kind is served.
  std::optional<std::string> target_of(const Json& object) const;

 private:
  std::optional<User> user_of(const Request& request) const;
  Reply answer_resource(const Request& request, Target target, const User& user);
  Reply answer_discovery(const Request& request);
  Reply answer_fake(const Request& request);
  Answer<Reply> answer_call(Call& call);

  // reading: api_read.cpp, api_watch.cpp
  Answer<Reply> get(Call& call);
  Answer<Reply> list(Call& call);
  Answer<Reply> watch(Call& call);
  struct Watching;
  bool stream_watch(Watching watching, Stream& stream);
  Answer<Selector> selector_of(const Call& call) const;

  // writing: api_write.cpp
  Answer<Reply> create(Call& call);
  Answer<Reply> update(Call& call);
  Answer<Reply> patch(Call& call);
  Answer<Reply> create_only(Call& call);
  Answer<Reply> issue_token(Call& call);
  Answer<Json> create_object(Call& call, Json object, std::string_view verb);
  Answer<Json> update_object(Call& call, const Json& before, Json after, std::string_view verb);
  Answer<void> check_namespace(const Call& call) const;
  void note_write(const Call& call, std::string_view verb, const Json& object);
  void follow_definition(const Kind& kind, const Json& definition, bool is_gone);

  // deleting: api_delete.cpp
  Answer<Reply> remove(Call& call);
  Answer<Reply> remove_collection(Call& call);
  Answer<Json> remove_object(Call& call, const Object& object, const Json& options);
  void erase(const std::string& storage, const Json& object);

  // what controllers do in a real cluster: api_collector.cpp
  void collect();
  bool collect_once();
  bool collect_object(const std::string& storage, const Object& object);
  bool collect_namespace(const Object& object);
  bool let_go(const std::string& storage, const Object& object);
  bool drop_finalizer(const std::string& storage, const Object& object, const char* finalizer);

  const std::chrono::milliseconds bookmark_interval_;
  Misbehaviour misbehaviour_;
  WriteLog writes_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Auth auth_;
  Kinds kinds_;
  Store store_;
  // The rest of paged lists, as they were at their first page.
  struct Snapshot {
    std::string token;
    std::uint64_t version = 0;
    std::vector<Object> rest;
    bool is_filtered = false;
  };
  std::deque<Snapshot> snapshots_;
  std::atomic<bool> is_stopping_{false};
  std::thread collector_;
};

// Shown as the view wants it: api_read.cpp.
Json shown(const Kind& kind, const Json& stored, View view, std::string_view include_object,
           bool with_columns = true);
Reply json_reply(int status, const Json& body);
Reply refusal_reply(const Refusal& refusal);
View view_of(const Request& request);

// discovery.cpp: /version, /api, /apis, /openapi/v3 ...; a 404 Status for what it does not know.
Reply discovery_reply(const Kinds& kinds, const Request& request);

}  // namespace fakes::api_server
