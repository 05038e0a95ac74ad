#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/sorted_blocks.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/findings.h"

namespace ingress {

// Which Ingresses have come to be served in full, or in another way than before: every path reaches
// a cluster, every name under tls has its certificate. What is so at the first look is no news: it
// was so before we came.
class ProgrammedLog {
 public:
  using Tell = std::function<bool(const Summary& news)>;

  // As routing::ComplaintLog has it. is_live: it is what the proxies are told; else nobody has come
  // to be served by it, and nothing is said.
  std::optional<base::SteadyTime> update(const Findings& findings, base::SteadyTime now,
                                         const Tell& tell, bool is_live = true);

 private:
  bool has_looked_ = false;
  Findings::ByKey<Summary> summaries_;  // at the last call
  // As they were when they were told. Mostly those that the stores hold, too.
  struct Told {
    std::shared_ptr<const kube::Ingress> ingress;
    std::shared_ptr<const api::EdgeParameters> parameters;  // of its class
  };
  struct ByKey {
    static auto key(const kube::Ingress& ingress) {
      return std::tie(ingress.metadata.namespace_, ingress.metadata.name);
    }
    static auto key(const Told& told) { return key(*told.ingress); }
    template <class One, class Other>
    bool operator()(const One& one, const Other& other) const {
      return key(one) < key(other);
    }
  };
  static bool is_known(const Told& told, const Summary& now);
  base::SortedBlocks<Told, ByKey> served_;
  std::set<std::string> untold_;
};

bool is_served_in_full(const Summary& summary);

// "2 paths on a.example, b.example, with TLS for a.example, b.example (Secret shop/a-tls), with
// passwords, limits"
std::string served_text(const Summary& summary);

}  // namespace ingress
