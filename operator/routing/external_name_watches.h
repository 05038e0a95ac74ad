#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/name_lookup.h"
#include "operator/routing/external_names.h"

namespace routing {

// How an answer changes what is known of a name, and when it is asked for again. Pure.
struct NameState {
  std::shared_ptr<const ResolvedName> known{};  // nullptr: it was never asked for
  unsigned failures = 0;                        // since somebody could say something

  // So often at least, and at most, whatever an answer says of its life.
  static constexpr std::chrono::seconds kAgainAfterMin{5};
  static constexpr std::chrono::seconds kAgainAfterMax{300};
  static constexpr std::chrono::seconds kAgainAfterFailureMax{60};

  // Returns after how long to ask again. A failure leaves the addresses that are known.
  std::chrono::seconds take(const base::NameAnswer& answer,
                            const std::optional<proxy::config::IpAddress>& api_server);
};

// Asks DNS for names on a few threads of its own, each name when its answer has lived, and tells
// when addresses change. There are so many names at most. Where namespaces want more, those with
// the most have one share each, the first in the order of their text, so that every replica has the
// same; what is beyond it is told and never asked for.
class ExternalNameWatches final : public ExternalNames {
 public:
  using LookUp = std::function<base::NameAnswer(const std::string& name)>;
  // What is known of this name has changed. Called without a lock held, from any thread.
  using Wake = std::function<void(const std::string& name)>;

  struct Options {
    std::size_t names_max = 1000;
    std::size_t threads = 4;
    std::optional<proxy::config::IpAddress> api_server{};
  };

  ExternalNameWatches(LookUp look_up, Options options, Wake wake);
  ExternalNameWatches(const ExternalNameWatches&) = delete;
  ExternalNameWatches& operator=(const ExternalNameWatches&) = delete;
  ~ExternalNameWatches() override;  // stops, when lookups that are under way are over

  void follow(const std::set<NamedOutside>& names) override;
  bool are_known() const override;
  std::shared_ptr<const ResolvedName> get(const std::string& name) const override;
  void stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Watched {
    NameState state{};
    Time due{};
    bool is_under_way = false;
  };

  void begin_to_ask();
  void run(const std::stop_token& stop);
  std::map<std::string, Watched>::iterator next_due();

  const LookUp look_up_;
  const Options options_;
  const Wake wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_stopped_ = false;
  std::map<std::string, Watched> names_;
  std::set<std::string> left_out_;
  std::vector<std::jthread> threads_;
};

}  // namespace routing
