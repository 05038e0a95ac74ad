#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kube/resources/service.h"
#include "proxy/config/network.h"

namespace routing {

// What DNS says of the name of a Service of type ExternalName, as far as anybody may be sent there.
struct ResolvedName {
  std::vector<std::string> addresses;  // literals, sorted and unique, of one family
  std::string problem;  // a clause: why there are none, or why they may be old; empty: nothing
  bool operator==(const ResolvedName&) const = default;
};

// A name that Services of a namespace stand for.
struct NamedOutside {
  std::string namespace_;
  std::string name;  // see external_name_of()
  auto operator<=>(const NamedOutside&) const = default;
};

// Who finds that out, for as long as a Service has the name. Thread-safe.
class ExternalNames {
 public:
  virtual ~ExternalNames() = default;
  // Exactly these from now on. Does not wait for answers.
  virtual void follow(const std::set<NamedOutside>& names) = 0;
  // Each of them was asked for, whatever came of it.
  virtual bool are_known() const = 0;
  // nullptr: it has not been asked for yet.
  virtual std::shared_ptr<const ResolvedName> get(const std::string& name) const = 0;
};

// Whether a name that any tenant may write, and whoever runs its DNS may answer for, can lead
// there. Not to where only the proxy's own host listens (loopback, link-local with the metadata of
// clouds), nor to what is no host's address, as the API server has it for EndpointSlices; nor to
// the API server itself, where that is known: `api_server` is its literal.
bool may_be_external(const proxy::config::IpAddress& address,
                     const std::optional<proxy::config::IpAddress>& api_server = {});

// What can be asked for in DNS: letters, digits, "-", "_" and dots; or an address, which is not.
bool is_external_name(std::string_view name);

// The name that a Service of type ExternalName stands for, in lower case and without a dot at its
// end; nothing: it is of another type, or has none that can be asked for in DNS.
std::optional<std::string> external_name_of(const kube::Service& service);

}  // namespace routing
