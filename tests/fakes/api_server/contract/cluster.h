#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include "tests/fakes/kubectl_lite/rest_client.h"

namespace fakes::api_server::contract {

using Json = nlohmann::json;

// An answer; copies share the body.
struct Reply {
  Reply(int its_status, Json its_body, std::string its_warning);

  int status;
  std::shared_ptr<Json> owned_body;
  Json& body;
  std::string warning;

  std::string reason() const;
  std::string message() const;
  std::string version() const;
};

// The server that the contract is tested against: the one of GATEHOUSE_CONTRACT_KUBECONFIG, or else
// an in-memory one that lives as long as the process. Its user must be a cluster admin.
const kubectl_lite::RestClient& cluster();
bool is_in_memory();

// Ends the test's hope when the network fails: an HTTP error is a Reply.
Reply call(const std::string& method, const std::string& target);
Reply call(const std::string& method, const std::string& target, const Json& body,
           const std::string& content_type = "application/json");

// A watch on a thread of its own.
class Watch {
 public:
  explicit Watch(const std::string& target);
  ~Watch();

  struct Event {
    Event(std::string its_type, Json its_object);

    std::string type;
    std::shared_ptr<Json> owned_object;
    Json& object;
    std::string name() const;
  };
  // The next event; nothing when the watch has ended, or none came in twenty seconds.
  std::optional<Event> next();
  // The same without bookmarks.
  std::optional<Event> next_change();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
  bool is_over_ = false;
  std::jthread thread_;
};

// Every test gets a namespace of its own, and the kind Widget of contract.gatehouse.dev/v1.
class Contract : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  void SetUp() override;
  void TearDown() override;

  std::string core(const std::string& rest) const { return "/api/v1/namespaces/" + ns_ + rest; }
  std::string widgets(const std::string& rest = "") const {
    return "/apis/contract.gatehouse.dev/v1/namespaces/" + ns_ + "/widgets" + rest;
  }
  Json config_map(const std::string& name) const;
  Json config_map(const std::string& name, const Json& data) const;
  Json widget(const std::string& name, const Json& spec) const;
  Reply apply(const std::string& target, const Json& object, const std::string& manager,
              const std::string& more = "") const;

  std::string ns_;
};

}  // namespace fakes::api_server::contract
