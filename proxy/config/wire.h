#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/config/model.h"
#include "proxy/config/valid_config.h"

// The control API's language (docs/decisions/0006-control-api.md).
//
//   GET /v1/config?after=REVISION&wait=60s[&speaks=FIELDS][&proxy=NAME]
//                 [&rejected=REVISION&reason=TEXT][&doubted=REVISION]
//     200 with a Delta; 304 when nothing is newer within `wait`. `after` is the revision that is
//     live in that proxy, so the poll is the acknowledgement; empty when it has none. `speaks` is
//     what it knows beyond the first release (Dialect): it is told no more, and its revisions are
//     those of what it is told. `proxy` is what it calls itself (its Pod's name), for logs and
//     metrics; `rejected` is a newer revision that it cannot serve, and why;
//     `doubted` is one that it would rather hear twice: that is said again after `wait`, anything
//     else at once.
//     Both carry kReplicaHeader: which replica of the operator it is, another after each restart.
//     What one replica says of the live state and of another one is in order; what two say is not.
//     And kProxiesHeader, where the operator knows it: how many proxies are ready, of which each
//     lets its share of a limit pass. It is no part of the configuration: it changes with each
//     rollout of the proxies, and a poll is soon over.
//   POST /v1/certificates   {"hashes": ["...", ...]}
//     200 {"certificates": {"HASH": {"chain": "PEM", "key": "PEM"}, ...}}
//   GET /v1/ticket-keys
//     200 {"keys": ["BASE64URL", ...]}: what session tickets are sealed with, kTicketKeyBytes each.
//     The first seals, all of them open. They are no part of the configuration, whose revisions are
//     logged and compared. 404: an operator of the first release; each proxy makes its own.
//
// A delta names certificates by content hash only; a proxy asks once for those whose content it
// does not hold. So a reconnect, another replica or a full state never resends a private key. A
// revision is content-addressed (a hash of the whole state): every operator replica that sees the
// same cluster state serves the same revision, and a restart invalidates nothing. There are two
// kinds of them; a proxy is told those that it says it knows (Dialect::revisions()), and takes
// both.
namespace proxy::config {

inline constexpr const char* kReplicaHeader = "gatehouse-replica";  // an operator may not say it
inline constexpr const char* kProxiesHeader = "gatehouse-proxies";  // likewise

// SHA-256 in hex over the content, length-prefixed; equal content, equal hash.
std::string certificate_hash(const Certificate& certificate);
// of_list: SHA-256 over all entries one after the other, as since the first release. of_tree: over
// the digests of the sections, which are trees of hashes: a change costs the way to its entries.
enum class Revisions { of_list, of_tree };
std::string revision_of(const ProxyConfig& config, Revisions kind = Revisions::of_list);
// Of either kind.
bool is_revision_of(const ProxyConfig& config, const std::string& revision);
// The key of these in ProxyConfig::guards: of their content, so that those who say the same share
// it.
std::string guards_id(const Guards& guards);
std::string shape_id(const Shape& shape);  // likewise

// The change from one state to the next. `full` replaces the whole state.
struct Delta {
  std::string revision;  // of the state after it was applied
  bool full = false;
  template <class T>
  struct Change {
    std::map<std::string, T> set;
    std::set<std::string> removed;
    bool operator==(const Change&) const = default;
  };
  Change<Cluster> clusters;
  Change<VirtualHost> hosts;
  Change<std::string> certificates;  // id -> content hash
  Change<std::string> sni;
  Change<ChallengeAnswer> challenges;
  Change<Guards> guards{};
  Change<Shape> shapes{};
  Change<Arrivals> arrivals{};
  // Places of what the reader does not know and passes over, the first few, for its log. What was
  // not known and guards has closed its place already (closing.h).
  std::vector<std::string> skipped{};
};

Delta full_state(const ProxyConfig& config, Revisions kind = Revisions::of_list);
// Costs what is different where the two share the rest, but for a revision of_list.
Delta difference(const ProxyConfig& from, const ProxyConfig& to,
                 Revisions kind = Revisions::of_list);

// Certificates by content hash: what a proxy already holds, and what it fetched.
using CertificatesByHash = std::map<std::string, std::shared_ptr<const Certificate>>;

// The hashes that apply() will need and `held` lacks.
std::vector<std::string> missing_certificates(const Delta& delta, const CertificatesByHash& held);

// The state after the change. invalid when a hash is missing, the result is not valid (validate()),
// or its revision is not the one that the delta names; the old state is untouched in any case.
// Costs what the delta says, but for a revision of_list; the second one looks at everything.
base::Result<ValidConfig> apply(const ValidConfig& from, const Delta& delta,
                                const CertificatesByHash& certificates);
base::Result<ProxyConfig> apply(const ProxyConfig& from, const Delta& delta,
                                const CertificatesByHash& certificates);

// JSON. Parsing is strict: wrong types and text over the limits are invalid, with the place; so are
// unknown fields in a document of people. On the wire they are what a newer operator says: passed
// over, or what they guard is closed when they stand on their object's list "guards".
std::string delta_to_json(const Delta& delta);
base::Result<Delta> delta_from_json(std::string_view json);
// The revision that a delta leads to, also when the rest of it cannot be read (a newer operator may
// have said what we do not know); empty when there is none.
std::string revision_in_json(std::string_view json);
std::string certificates_to_json(const CertificatesByHash& certificates);
base::Result<CertificatesByHash> certificates_from_json(std::string_view json);
std::string ticket_keys_to_json(const std::vector<std::string>& keys);
base::Result<std::vector<std::string>> ticket_keys_from_json(std::string_view json);
std::string hashes_to_json(const std::vector<std::string>& hashes);
base::Result<std::vector<std::string>> hashes_from_json(std::string_view json);

// A whole state as one document, for `gatehouse-proxy --config FILE` and for people to look at. A
// certificate has "chain"/"key" with PEM, or "chainFile"/"keyFile" with paths relative to the
// document (only here, never on the wire).
// `files`, when given, gets the paths of the certificate files that were looked for.
std::string config_to_json(const ProxyConfig& config);
// The same without a line break, and not as one value on the way: for programs.
std::string config_to_compact_json(const ProxyConfig& config);
base::Result<ProxyConfig> config_from_json(std::string_view json, const std::string& base_directory,
                                           std::vector<std::string>* files = nullptr);

}  // namespace proxy::config
