#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/policy/verdict.h"
#include "proxy/reason/words.h"

namespace proxy::policy {

// What a firewall found in a request, or why it could not look.
struct Inspection {
  std::string_view trouble{};          // static text, for the access log; empty: it was inspected
  int trouble_status = 503;            // of the answer, where that refuses
  bool is_attack = false;              // by the settings
  std::vector<std::uint32_t> rules{};  // that matched, by id; see firewall::Findings
};

// What was found in a request, by the settings that it was inspected with.
class Inspections {
 public:
  using Settings = std::shared_ptr<const config::Firewall>;

  // nullptr: it was not inspected so.
  const Inspection* find(const config::Firewall& settings) const {
    for (const auto& [asked, inspection] : all_) {
      if (*asked == settings) return &inspection;
    }
    return nullptr;
  }
  void add(Settings settings, Inspection inspection) {
    all_.emplace_back(std::move(settings), std::move(inspection));
  }
  const std::vector<std::pair<Settings, Inspection>>& all() const { return all_; }

 private:
  std::vector<std::pair<Settings, Inspection>> all_;  // few
};

// What becomes of a request in which that was found. Whoever asks only to be told of attacks gets
// everything, also what nobody could look at.
inline Verdict verdict_on(const Inspection& inspection, const config::Firewall& settings) {
  if (settings.mode == config::FirewallMode::detect) return kPasses;
  if (inspection.is_attack) return {403, reason::firewall};
  if (inspection.trouble.empty() || settings.passes_uninspected) return kPasses;
  Verdict refusal{inspection.trouble_status, inspection.trouble};
  // As long as it takes for most queues to become shorter.
  if (refusal.status == 503) refusal.retry_after = std::chrono::seconds(2);
  return refusal;
}

}  // namespace proxy::policy
