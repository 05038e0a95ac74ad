#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "operator/control/own_certificate_content.h"

// When the control API's own certificate and its CA are made, and by which steps a CA is replaced
// (docs/decisions/0013-control-api-certificate.md). Pure, but for the random numbers of keys.
//
// A CA is replaced in steps, each of which every proxy and replica survives:
//   1. make_next_ca       the bundle carries the next CA; the present one signs as before
//   2. let_next_ca_sign   once proxies had time to see it; the old one stays in the bundle
//   3. drop_previous_ca   once every replica has had time to swap its leaf
namespace control {

struct OwnCertificateTimes {
  std::chrono::hours ca_lifetime{24 * 3650};
  std::chrono::hours ca_renew_before{24 * 365};
  std::chrono::hours leaf_lifetime{24 * 90};
  std::chrono::hours leaf_renew_before{24 * 30};  // a third of its life
  // The kubelet brings a changed ConfigMap into a Pod within two minutes; a day also covers a node
  // that is out of reach for a night.
  std::chrono::hours overlap{24};
  // For clocks behind ours.
  std::chrono::hours backdate{1};
};

struct OwnCertificateInput {
  const OwnCertificateContent* content = nullptr;  // null: there is no Secret
  const PublishedBundle* published = nullptr;      // null: there is no ConfigMap
  std::vector<std::string> dns_names;              // that the leaf must have
  base::WallTime now;
  OwnCertificateTimes times{};
};

enum class OwnCertificateAction {
  keep,
  make_ca_and_leaf,  // nothing that is there can be used
  sign_leaf,         // by the CA that is there
  make_next_ca,
  let_next_ca_sign,  // it becomes the CA, and signs a new leaf
  drop_previous_ca,
};

struct OwnCertificateVerdict {
  OwnCertificateAction action = OwnCertificateAction::keep;
  std::string reason{};                  // part of a sentence; empty for keep
  std::vector<std::string> dns_names{};  // of the leaf to sign
  base::WallTime look_again_at{};        // for keep: nothing changes before, unless an object does
};

OwnCertificateVerdict plan_own_certificate(const OwnCertificateInput& input);

// Empty when a proxy that trusts the bundle would accept this leaf now, whatever its names; else
// why not. A replica serves what can be served until it has something better.
std::string why_not_served(const OwnCertificateContent& content, base::WallTime now);

// What the verdict makes of the present content (empty when there is no Secret). invalid: a name
// cannot stand in a certificate.
base::Result<OwnCertificateContent> carry_out(const OwnCertificateVerdict& verdict,
                                              const OwnCertificateContent& present,
                                              base::WallTime now, const OwnCertificateTimes& times);

}  // namespace control
