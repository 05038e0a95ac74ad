#include "operator/ingress/programmed_log.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "kube/event_recorder.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/policies_in_force.h"
#include "operator/ingress/annotations/source.h"
#include "operator/routing/joined.h"

namespace ingress {

namespace {

using routing::joined;

// The annotations that say how an Ingress is served; a change of them leaves its generation.
std::map<std::string_view, std::string_view> policies_said(const kube::Ingress& ingress) {
  std::map<std::string_view, std::string_view> said;
  for (const auto& [name, value] : ingress.metadata.annotations) {
    const bool says_something = name.starts_with(annotations::kOwnPrefix) ||
                                name.starts_with(annotations::kNginxPrefix) ||
                                name.starts_with(annotations::kClassPrefix);
    if (says_something) said.emplace(name, value);
  }
  return said;
}

bool ask_for_the_same(const kube::Ingress& one, const kube::Ingress& other) {
  if (&one == &other) return true;
  return one.metadata.uid == other.metadata.uid &&
         one.metadata.generation == other.metadata.generation &&
         policies_said(one) == policies_said(other);
}

}  // namespace

bool is_served_in_full(const Summary& summary) {
  return summary.paths_served > 0 && summary.paths_closed == 0 && summary.tls_missing.empty() &&
         summary.hosts_denied.empty();
}

// What its class says is told where it changes what is in force for the Ingress: most of it does so
// for few.
bool ProgrammedLog::is_known(const Told& told, const Summary& now) {
  if (!ask_for_the_same(*told.ingress, *now.ingress)) return false;
  if (told.parameters == now.parameters) return true;
  return annotations::policies_in_force(*told.ingress, {"", told.parameters}) ==
         annotations::policies_in_force(*now.ingress, {"", now.parameters});
}

std::optional<base::SteadyTime> ProgrammedLog::update(const Findings& findings,
                                                      base::SteadyTime now, const Tell& tell,
                                                      bool is_live) {
  if (!is_live) return std::nullopt;
  Findings::ByKey<Summary>::visit_differences(
      summaries_, findings.summaries,
      [this](const std::string& key, const auto* gone, const auto* summary) {
        untold_.erase(key);
        const kube::Ingress& ingress = *(summary != nullptr ? *summary : *gone)->ingress;
        if (summary == nullptr || !is_served_in_full(**summary)) {
          served_.erase(ingress);
          return;
        }
        const Told* const told = served_.find(ingress);
        const bool is_news = has_looked_ && (told == nullptr || !is_known(*told, **summary));
        served_.erase(ingress);
        if (is_news) {
          untold_.insert(key);
        } else {
          served_.insert(Told{(*summary)->ingress, (*summary)->parameters});
        }
      });
  summaries_ = findings.summaries;
  has_looked_ = true;
  std::optional<base::SteadyTime> next;
  for (auto key = untold_.begin(); key != untold_.end();) {
    const Summary& summary = *summaries_.at(*key);
    if (!tell(summary)) {
      next = now + kube::kTellAgain;
      ++key;
      continue;
    }
    served_.insert(Told{summary.ingress, summary.parameters});
    key = untold_.erase(key);
  }
  return next;
}

std::string served_text(const Summary& summary) {
  std::vector<std::string> hosts = summary.hosts;
  std::replace(hosts.begin(), hosts.end(), std::string(), std::string("every host"));
  std::string text = std::to_string(summary.paths_served) +
                     (summary.paths_served == 1 ? " path on " : " paths on ") + joined(hosts);
  if (!summary.tls_names.empty()) {
    std::vector<std::string> secrets;
    std::set<std::string> known;
    for (const kube::IngressTls& tls : summary.ingress->tls) {
      const bool is_new = !tls.secret_name.empty() && known.insert(tls.secret_name).second;
      if (is_new) secrets.push_back(tls.secret_name);
    }
    text += ", with TLS for " + joined(summary.tls_names);
    if (!secrets.empty()) {
      text += (secrets.size() == 1 ? " (Secret " : " (Secrets ") + joined(secrets) + ")";
    }
  }
  const std::vector<std::string> policies =
      annotations::policies_in_force(*summary.ingress, {"", summary.parameters});
  // All of them: what guards must not be among those that were left out.
  for (std::size_t i = 0; i < policies.size(); ++i) {
    text += (i == 0 ? ", with " : ", ") + policies[i];
  }
  return text;
}

}  // namespace ingress
