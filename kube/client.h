#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/http.h"
#include "base/result.h"
#include "kube/object.h"
#include "kube/token_source.h"

namespace kube {

struct ListOptions {
  std::string namespace_{};  // empty: all namespaces
  std::string label_selector{};
  std::string field_selector{};
  int limit = 500;  // objects a page; 0: no limit
  std::string continue_token{};
};

// One page of a list. Each item carries apiVersion and kind, as it would alone.
struct ListPage {
  std::vector<nlohmann::json> items;
  std::string resource_version;
  std::string continue_token;  // empty: the last page
};

struct WatchOptions {
  std::string namespace_{};  // empty: all namespaces
  std::string label_selector{};
  std::string field_selector{};
  std::string resource_version{};
  std::chrono::seconds server_timeout{290};
  // Longest silence before the connection counts as dead; must be over server_timeout.
  std::chrono::seconds idle_timeout{295};
};

struct WatchEvent;  // kube/watch_lines.h

struct ApplyOptions {
  std::string field_manager{};
  bool force = false;  // take fields over from other managers
};

// The object must still be this one; empty: any.
struct Preconditions {
  std::string uid{};
  std::string resource_version{};
};

// True for the conflict that create() gets when the name is taken; other conflicts are a stale
// resourceVersion, a failed precondition or a field that another manager owns.
bool is_already_exists(const base::Error& error);

// The Kubernetes API over HTTP, one request a call. Objects are JSON; typed values are made with
// T::from_json, or by the templates below. Safe to use from many threads; blocking; a stop request
// ends a call at once with ErrorKind::cancelled. It never sleeps and never retries, save once with
// a fresh token after a 401: back-off is its callers' (error.retry_after says what the server
// asked for).
//
// A refusal is an Error whose kind says the reaction and whose message is a sentence with verb,
// object and the server's own words:
//   404 not_found; 409 conflict (see is_already_exists); 410 expired; 429 rate_limited;
//   401 and 403 denied; 400 and 422 and other 4xx invalid; 5xx and no connection unavailable;
//   an answer that is not what the API promises protocol.
//
// There is no limit on requests per second, which binds just when there is much to do; at most
// requests_max calls (watches not counted) are under way at once, others wait their turn, and the
// server's own flow control (429, Retry-After) is honoured by the callers.
class Client {
 public:
  struct Options {
    std::chrono::milliseconds timeout = std::chrono::seconds(30);  // of every call but watch
    int requests_max = 64;
  };

  // server: "https://10.0.0.1:443". Transport and clock outlive the client by shared ownership and
  // by contract. CurlOptions::body_bytes_max bounds an answer, watch_lines.h an event.
  Client(std::shared_ptr<base::HttpTransport> transport, std::string server,
         std::shared_ptr<TokenSource> token, const base::Clock& clock);
  Client(std::shared_ptr<base::HttpTransport> transport, std::string server,
         std::shared_ptr<TokenSource> token, const base::Clock& clock, Options options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  base::Result<nlohmann::json> get(const ResourceType& type, const ObjectKey& key,
                                   std::stop_token stop = {});
  base::Result<ListPage> list(const ResourceType& type, const ListOptions& options,
                              std::stop_token stop = {});
  // Every page; the limit is the page size.
  base::Result<std::vector<nlohmann::json>> list_all(const ResourceType& type, ListOptions options,
                                                     std::stop_token stop = {});

  // Name and namespace are those in the object; apiVersion and kind are filled in from type. Each
  // returns the object as the server stored it.
  base::Result<nlohmann::json> create(const ResourceType& type, const nlohmann::json& object,
                                      std::stop_token stop = {});
  // Replaces; with metadata.resourceVersion set, only that version (else conflict).
  base::Result<nlohmann::json> update(const ResourceType& type, const nlohmann::json& object,
                                      std::stop_token stop = {});
  base::Result<nlohmann::json> update_status(const ResourceType& type, const nlohmann::json& object,
                                             std::stop_token stop = {});
  // Server-side apply (KEP-555): the object holds just the fields that we want to own.
  base::Result<nlohmann::json> apply(const ResourceType& type, const nlohmann::json& object,
                                     const ApplyOptions& options, std::stop_token stop = {});
  base::Result<nlohmann::json> apply_status(const ResourceType& type, const nlohmann::json& object,
                                            const ApplyOptions& options, std::stop_token stop = {});
  // A JSON merge patch (RFC 7396). With a resourceVersion, only that version (else conflict).
  base::Result<nlohmann::json> patch(const ResourceType& type, const ObjectKey& key,
                                     const nlohmann::json& merge_patch,
                                     const std::string& resource_version = {},
                                     std::stop_token stop = {});
  // merge_patch is {"status": {...}}.
  base::Result<nlohmann::json> patch_status(const ResourceType& type, const ObjectKey& key,
                                            const nlohmann::json& merge_patch,
                                            const std::string& resource_version = {},
                                            std::stop_token stop = {});
  base::Status delete_(const ResourceType& type, const ObjectKey& key,
                       const Preconditions& preconditions = {}, std::stop_token stop = {});

  // Calls on_event until the server ends the watch (success), on_event returns false (success), or
  // something fails; expired when the resourceVersion is too old. Needs watch_lines.h.
  using OnWatchEvent = std::function<bool(const WatchEvent&)>;
  base::Status watch(const ResourceType& type, const WatchOptions& options,
                     const OnWatchEvent& on_event, std::stop_token stop);

  // Any other path of the API, such as "/version" or "/readyz?verbose"; JSON only.
  base::Result<nlohmann::json> get_path(const std::string& path, std::stop_token stop = {});

  // ---- The same with types that have type() and from_json().

  template <class T>
  base::Result<T> get(const ObjectKey& key, std::stop_token stop = {}) {
    auto object = get(T::type(), key, stop);
    if (!object) return base::failure(std::move(object.error()));
    return T::from_json(*object);
  }

 private:
  struct Call;  // one request, before it is made
  class Turn;   // a place among requests_max

  base::Result<nlohmann::json> write(const char* method, const ResourceType& type,
                                     const nlohmann::json& object, const char* subresource,
                                     std::string_view doing, std::stop_token stop);
  base::Result<nlohmann::json> apply_to(const ResourceType& type, const nlohmann::json& object,
                                        const char* subresource, const ApplyOptions& options,
                                        std::stop_token stop);
  base::Result<nlohmann::json> patch_at(const ResourceType& type, const ObjectKey& key,
                                        const char* subresource, nlohmann::json merge_patch,
                                        const std::string& resource_version, std::stop_token stop);
  base::Result<nlohmann::json> exchange(const Call& call, const std::stop_token& stop);
  base::Result<base::HttpResponse> send(const Call& call, const std::stop_token& stop);
  base::Status stream(const Call& call, std::chrono::milliseconds idle_timeout,
                      const base::HttpTransport::OnChunk& on_chunk, const std::stop_token& stop);
  base::HttpRequest make_request(const Call& call, const std::string& token) const;
  base::Error refusal(const Call& call, const base::HttpResponse& response) const;

  const std::shared_ptr<base::HttpTransport> transport_;
  const std::string server_;
  const std::shared_ptr<TokenSource> token_;
  const base::Clock& clock_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable_any turn_ended_;
  int under_way_ = 0;
};

}  // namespace kube
