#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "operator/routing/backend_resolver.h"
#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"

namespace routing {

// What is wrong with backends. One backend's trouble is one complaint to a claimant, however many
// of its places lead there.
class BackendTroubles {
 public:
  // Nothing, where nothing is wrong. place: as a sentence names it. has_pages: there somebody is
  // asked for pages in place of the backend.
  void add(const Claimant& claimant, const ResolvedBackend& resolved, bool has_pages,
           const std::string& place);

  void report(Complaints& complaints) const;

 private:
  struct Trouble {
    Claimant claimant;
    std::string reason;
    std::string what;
    Severity severity = Severity::warning;
    bool has_pages = false;
    auto operator<=>(const Trouble&) const = default;
  };
  std::map<Trouble, std::vector<std::string>> places_;
};

}  // namespace routing
