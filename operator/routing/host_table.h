#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/alike.h"
#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"
#include "proxy/config/model.h"
#include "proxy/config/tls_policy.h"

namespace routing {

// What somebody says of plain http for a host: it is answered with 308 to https, served, or
// refused.
struct PlainHttp {
  std::optional<bool> where_certificate{};  // 308; nothing: not said, so the default (yes) holds
  bool always = false;                      // 308, also without a certificate of ours
  bool refuses = false;                     // 403 in place of both
};

// The virtual hosts under construction, and who claimed what. Claims are made in order of age: the
// first has the place, a later one is told (PathConflict, naming the winner).
class HostTable {
 public:
  // Makes the host known; a claimant that names a host has a say in its plain http.
  void claim_host(const std::string& host, const Claimant& by, const PlainHttp& said,
                  Complaints& complaints);

  // The host speaks this TLS at least, where it ends here: of several who say so the strictest
  // counts, among those of the namespace whose host it is.
  void claim_tls_policy(const std::string& host, const Claimant& by,
                        proxy::config::TlsPolicy policy);
  // Tells those who have said something else, and whom they have been told to.
  void report_tls_policies(Complaints& complaints) const;

  // Plain http is refused for a host where one of those says so. Tells who has said otherwise, and
  // who has said so of a host without a certificate, to which nobody comes then.
  void report_plain_http(const std::map<std::string, std::string>& sni,
                         const std::set<std::string>& own_only, Complaints& complaints) const;

  // A place is filled only by who gets it, so that nobody hears of trouble behind a path that is
  // another's. False when an older claim stands.
  using MakeAction = std::function<proxy::config::Action()>;
  bool claim_route(const std::string& host, proxy::config::Route route, const MakeAction& action,
                   const Claimant& by, Complaints& complaints);
  bool claim_expression(const std::string& host, proxy::config::ExpressionRoute route,
                        const MakeAction& action, const Claimant& by, Complaints& complaints);
  bool has_room_for_route(const std::string& host) const;
  bool has_room_for_expression(const std::string& host) const;
  bool claim_default(const std::string& host, const base::Alike<proxy::config::Policies>& policies,
                     const MakeAction& action, const Claimant& by, Complaints& complaints);

  // Where a canary may join: the route of a path, else of an expression; or the default.
  struct Sought {
    std::optional<proxy::config::Route> route{};  // its match and path
    std::optional<std::string> expression{};
    bool is_default = false;
  };
  // Pointers into the table, as long as nothing is claimed.
  struct Standing {
    Claimant owner;
    const proxy::config::Action* action = nullptr;
    base::Alike<proxy::config::Policies>* policies = nullptr;
    std::optional<Claimant>* canary = nullptr;  // nothing: nobody yet
  };
  std::optional<Standing> find_standing(const std::string& host, const Sought& sought);

  // TLS for the host ends at a backend: this one. Nothing: at none that could be told, and nobody's
  // TLS for it ends here.
  void pass_tls(const std::string& host, std::optional<proxy::config::Passthrough> passthrough);

  // Closes what this expression matches on the host, for the route that a refused claimant would
  // have had. False when the host has no place for one more.
  bool close_expression(const std::string& host, proxy::config::ClosedExpression closed);
  // Nothing of the host may be reached: what a claimant guards there cannot be told. The first one
  // to say so is named.
  void close_host(const std::string& host, const Claimant& by);

  // Takes what close_host() said into effect. Who had places that led somewhere, and how many.
  struct ClosedHost {
    std::string host;
    Claimant by;
    std::map<Claimant, std::size_t> over;
  };
  std::vector<ClosedHost> close_hosts(const proxy::config::FixedAnswer& answer);

  bool contains(const std::string& host) const { return hosts_.count(host) != 0; }
  // Who answers what no path of the host matches, where nobody has said it and the host is not
  // closed. It is nobody's place.
  void set_default(const std::string& host, proxy::config::DefaultRoute route);

  std::vector<std::string> names() const;

  // sni: the names that have a certificate, which decides about redirects to https. own_only: the
  // hosts that a wildcard's certificate or the default one is not for.
  proxy::config::ProxyConfig::Section<proxy::config::VirtualHost> finish(
      const std::map<std::string, std::string>& sni, const std::set<std::string>& own_only) const;

 private:
  struct Place {
    proxy::config::PathMatch match;
    std::string path;
    auto operator<=>(const Place&) const = default;
  };
  struct Claim {
    Claimant by;
    std::size_t route = 0;  // its index
  };
  struct PlainHttpSaid {
    Claimant by;
    PlainHttp said;
  };
  struct TlsSaid {
    Claimant by;
    proxy::config::TlsPolicy policy;
  };
  struct Host {
    Claimant owner;  // the oldest one that names it
    proxy::config::VirtualHost host;
    std::map<Place, Claim> claims;
    std::map<std::string, Claimant> expression_claims;
    // By where a route's policies stand.
    std::map<const base::Alike<proxy::config::Policies>*, std::optional<Claimant>> canaries;
    std::optional<Claimant> default_claim;
    std::optional<PlainHttpSaid> plain_http;
    std::optional<Claimant> closed_by;
    bool passes_tls = false;
    std::vector<TlsSaid> tls_said{};  // in order of age
    std::optional<Claimant> refuses_plain_http{};
    std::set<Claimant> serves_plain_http{};  // that say so in vain then
  };

  // Whose word counts; nullptr: nobody has said anything.
  static const TlsSaid* strictest_tls(const Host& host);

  static bool has_tls(const std::string& name, const Host& host,
                      const std::map<std::string, std::string>& sni,
                      const std::set<std::string>& own_only);

  std::map<std::string, Host> hosts_;
};

}  // namespace routing
