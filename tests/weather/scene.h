#pragma once

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/operator/world/world.h"

namespace weather {

// One bad situation: the real reconcilers, an ACME server that misbehaves, and what other people do
// to the cluster meanwhile. A thin layer of words over operator_test::World.
class Scene {
 public:
  explicit Scene(fakes::AcmeServer::Options acme_options);

  operator_test::World& world() { return *world_; }
  fakes::AcmeServer& ca() { return world_->ca; }
  fakes::FakeClock& clock() { return world_->clock; }

  // ---- What people do
  void issue(const std::string& name = "www");  // and wait until it is ready
  void want(const std::string& name = "www", const std::vector<std::string>& names = {});
  void want(nlohmann::json certificate);
  void renew(const std::string& name, int time);
  void delete_secret(const std::string& name = "www-tls");
  void overwrite_secret(const std::string& chain, const std::string& key,
                        const std::string& name = "www-tls");
  void change_secret(const std::function<void(nlohmann::json&)>& change,
                     const std::string& name = "www-tls");
  std::string chain(const std::string& name = "www-tls") const;
  std::string key(const std::string& name = "www-tls") const;

  // ---- What the server does, for longer than any case lasts
  void refuse(const std::string& endpoint, int status, const std::string& type,
              const std::string& retry_after = "", const std::string& detail = "told to fail");
  void rewrite(const std::string& endpoint, std::function<void(nlohmann::json&)> change);
  void answer_with(const std::string& endpoint,
                   std::function<base::HttpResponse(base::HttpResponse)> change);
  void lose_requests(const std::string& endpoint);
  void hang(const std::string& endpoint);  // as long as our own deadline for a request

  // The same numbers in each run.
  int random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  // What began here is counted, and what was before is not.
  void start_counting();
  int orders() const;
  int requests() const;
  int writes() const;
  // The conditions and the Warnings of a Certificate, as kubectl describe shows them.
  std::string described(const std::string& name) const;
  const std::set<std::string>& certificates() const { return names_; }

 private:
  int orders_in_all() const;
  int requests_in_all() const;

  std::unique_ptr<operator_test::World> world_;
  std::mt19937 random_{20260101};
  std::set<std::string> names_;
  int orders_before_ = 0;
  int requests_before_ = 0;
};

}  // namespace weather
