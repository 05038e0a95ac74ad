#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/http.h"
#include "kube/object.h"

namespace operator_test {

// A small strict part of the Kubernetes API behind the transport seam, as the reconcilers of
// issuers and certificates use it: get, create, server-side apply and merge patches of status, with
// resourceVersions and conflicts; a write that changes nothing makes no new version. What it does
// not know fails the test. (tests/fakes/api_server is the whole thing, over sockets.)
class FakeCluster final : public base::HttpTransport {
 public:
  FakeCluster();
  ~FakeCluster() override;

  struct Write {
    std::string verb;  // create | apply | patch
    std::string path;  // "secrets/shop/www-tls", "certificates/shop/www/status"
    bool operator==(const Write&) const = default;
  };

  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override;
  base::Result<base::HttpResponse> stream(const base::HttpRequest& request, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override;

  // ---- As another client

  // Creates or replaces; generation goes up when spec changes.
  void put(const kube::ResourceType& type, nlohmann::json object);
  void remove(const kube::ResourceType& type, const kube::ObjectKey& key);
  nlohmann::json get(const kube::ResourceType& type, const kube::ObjectKey& key) const;  // or null
  std::vector<nlohmann::json> list(const kube::ResourceType& type) const;
  void each(const kube::ResourceType& type,
            const std::function<void(const nlohmann::json&)>& visit) const;
  // Goes up whenever anything does change.
  std::int64_t changes() const { return changes_; }

  // Server-side applies are refused with 422 and this message until it is empty again.
  std::string refusal_of_applies;
  // The same for patches of status.
  std::string refusal_of_status;
  // What a request meets instead of an answer, or of none. Nothing: it is answered.
  using Fault =
      std::function<std::optional<base::Result<base::HttpResponse>>(const base::HttpRequest&)>;
  Fault fault;
  static base::HttpResponse status_answer(int code, const std::string& reason,
                                          const std::string& message);

  // ---- What it saw: writes that changed something
  std::vector<Write> writes() const { return writes_; }
  void forget_writes() { writes_.clear(); }

 private:
  struct Target;
  base::HttpResponse answer(const base::HttpRequest& request);
  base::HttpResponse create(const Target& target, nlohmann::json object);
  base::HttpResponse apply(const Target& target, const nlohmann::json& object);
  base::HttpResponse patch(const Target& target, const nlohmann::json& patch);
  base::HttpResponse patch_status(const Target& target, nlohmann::json patch);
  nlohmann::json store(const std::string& verb, const Target& target, nlohmann::json object);

  struct Objects;
  std::unique_ptr<Objects> held_;                            // by "plural/namespace/name"
  std::map<std::string, std::vector<std::string>> applied_;  // JSON pointers that we own
  std::int64_t version_ = 100;
  std::int64_t changes_ = 0;
  std::vector<Write> writes_;
};

}  // namespace operator_test
