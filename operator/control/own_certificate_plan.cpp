#include "operator/control/own_certificate_plan.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/key.h"
#include "base/time_text.h"
#include "base/x509.h"

namespace control {
namespace {

// A certificate of ours is one PEM block of about 700 bytes.
base::Result<base::CertificateInfo> read_one(const std::string& pem) {
  auto chain = base::read_chain(pem);
  if (!chain) return base::failure(std::move(chain.error()));
  if (chain->size() != 1) {
    return base::failure(base::ErrorKind::invalid, "there is more than one certificate");
  }
  return std::move(chain->front());
}

std::string why_not_valid(const base::CertificateInfo& info, base::WallTime now) {
  if (now >= info.not_after) return "has expired at " + base::to_rfc3339(info.not_after);
  if (now < info.not_before) return "is not valid before " + base::to_rfc3339(info.not_before);
  return {};
}

// Why this CA cannot sign; empty when it can.
std::string why_no_ca(const std::string& certificate, const std::string& key, base::WallTime now) {
  if (certificate.empty() || key.empty()) return "is incomplete";
  const auto info = read_one(certificate);
  if (!info) return "cannot be read: " + info.error().message;
  if (const auto pair = base::check_key_pair(certificate, key); !pair) {
    return "cannot be used: " + pair.error().message;
  }
  if (const auto is_root = base::check_issued_by(certificate, certificate); !is_root) {
    return "is no CA that signed itself: " + is_root.error().message;
  }
  return why_not_valid(*info, now);
}

// Why this leaf must not be served; empty when it may. The CA is good.
std::string why_no_leaf(const OwnCertificateContent& content, base::WallTime now) {
  if (content.leaf.empty() || content.leaf_key.empty()) return "is incomplete";
  const auto info = read_one(content.leaf);
  if (!info) return "cannot be read: " + info.error().message;
  if (const auto pair = base::check_key_pair(content.leaf, content.leaf_key); !pair) {
    return "cannot be used: " + pair.error().message;
  }
  if (!base::check_issued_by(content.leaf, content.ca)) return "is not signed by the CA beside it";
  return why_not_valid(*info, now);
}

std::string missing_name(const base::CertificateInfo& leaf,
                         const std::vector<std::string>& dns_names) {
  for (const std::string& name : dns_names) {
    if (!base::covers_host(leaf, name)) return name;
  }
  return {};
}

// Two replicas that want different names, as while an upgrade rolls out, must not undo each other's
// work for ever: a leaf that lacks a name gets it beside those that it has. The next renewal is for
// the wanted names alone.
std::vector<std::string> with_present_names(std::vector<std::string> wanted,
                                            const base::CertificateInfo& leaf) {
  for (const std::string& name : leaf.dns_names) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) wanted.push_back(name);
  }
  return wanted;
}

OwnCertificateVerdict act(OwnCertificateAction action, std::string reason,
                          std::vector<std::string> dns_names = {}) {
  return {action, std::move(reason), std::move(dns_names), {}};
}

// The replacement of a CA; content's CA and leaf are good.
OwnCertificateVerdict plan_rotation(const OwnCertificateInput& input,
                                    const base::CertificateInfo& leaf,
                                    const base::CertificateInfo& ca) {
  const OwnCertificateContent& content = *input.content;
  const OwnCertificateTimes& times = input.times;
  OwnCertificateVerdict keep;
  keep.look_again_at =
      std::min(leaf.not_after - times.leaf_renew_before, ca.not_after - times.ca_renew_before);

  if (!content.previous_ca.empty()) {
    // The leaf was signed when the next CA took over, or later.
    const base::WallTime drop_at = leaf.not_before + times.backdate + times.overlap;
    if (input.now >= drop_at) {
      return act(OwnCertificateAction::drop_previous_ca, "the new one has signed for long enough");
    }
    if (!read_one(content.previous_ca)) {
      return act(OwnCertificateAction::drop_previous_ca, "the previous CA in it cannot be read");
    }
    keep.look_again_at = std::min(keep.look_again_at, drop_at);
  }
  if (content.next_ca.empty() && content.next_ca_key.empty()) {
    if (input.now < ca.not_after - times.ca_renew_before) return keep;
    return act(OwnCertificateAction::make_next_ca,
               "the present CA expires at " + base::to_rfc3339(ca.not_after));
  }
  if (const std::string problem = why_no_ca(content.next_ca, content.next_ca_key, input.now);
      !problem.empty()) {
    return act(OwnCertificateAction::make_next_ca, "the next CA in it " + problem);
  }
  // Its time counts from when the proxies could see it, not from when it was made.
  keep.look_again_at = leaf.not_after - times.leaf_renew_before;
  if (!input.published || input.published->pem != bundle_of(content) || !input.published->since) {
    return keep;
  }
  const base::WallTime sign_at = *input.published->since + times.overlap;
  if (input.now >= sign_at) {
    return act(OwnCertificateAction::let_next_ca_sign,
               "the proxies know it since " + base::to_rfc3339(*input.published->since),
               input.dns_names);
  }
  keep.look_again_at = std::min(keep.look_again_at, sign_at);
  return keep;
}

base::Status make_ca(std::string& certificate, std::string& key_pem, base::WallTime now,
                     const OwnCertificateTimes& times) {
  const auto key = base::PrivateKey::generate({});
  if (!key) return base::failure(key.error());
  base::SelfSignedOptions options;
  // A name of its own: with two CAs in one bundle, nobody has to guess by the key.
  options.names.common_name =
      "gatehouse control CA " + base::sha256_hex(base::random_bytes(16)).substr(0, 8);
  options.is_ca = true;
  options.lifetime = times.ca_lifetime;
  options.backdate = times.backdate;
  options.now = now;
  auto made = base::make_self_signed(*key, options);
  if (!made) return base::failure(std::move(made.error()));
  certificate = std::move(*made);
  key_pem = key->to_pem();
  return {};
}

base::Status sign_leaf(OwnCertificateContent& content, const std::vector<std::string>& dns_names,
                       base::WallTime now, const OwnCertificateTimes& times) {
  const auto ca_key = base::PrivateKey::from_pem(content.ca_key);
  if (!ca_key) return base::failure(ca_key.error());
  const auto key = base::PrivateKey::generate({});
  if (!key) return base::failure(key.error());
  base::SelfSignedOptions options;
  options.names.dns_names = dns_names;
  options.lifetime = times.leaf_lifetime;
  options.backdate = times.backdate;
  options.now = now;
  auto leaf = base::sign_leaf(*key, options, content.ca, *ca_key);
  if (!leaf) return base::failure(std::move(leaf.error()));
  content.leaf = std::move(*leaf);
  content.leaf_key = key->to_pem();
  return {};
}

}  // namespace

OwnCertificateVerdict plan_own_certificate(const OwnCertificateInput& input) {
  using Action = OwnCertificateAction;
  if (!input.content)
    return act(Action::make_ca_and_leaf, "there is no such Secret", input.dns_names);
  const OwnCertificateContent& content = *input.content;
  if (const std::string problem = why_no_ca(content.ca, content.ca_key, input.now);
      !problem.empty()) {
    return act(Action::make_ca_and_leaf, "the CA in it " + problem, input.dns_names);
  }
  if (const std::string problem = why_no_leaf(content, input.now); !problem.empty()) {
    return act(Action::sign_leaf, "the certificate in it " + problem, input.dns_names);
  }
  const base::CertificateInfo leaf = *read_one(content.leaf);
  if (input.now >= leaf.not_after - input.times.leaf_renew_before) {
    return act(Action::sign_leaf,
               "the certificate in it expires at " + base::to_rfc3339(leaf.not_after),
               input.dns_names);
  }
  if (const std::string name = missing_name(leaf, input.dns_names); !name.empty()) {
    return act(Action::sign_leaf, "the certificate in it does not have the name " + name,
               with_present_names(input.dns_names, leaf));
  }
  return plan_rotation(input, leaf, *read_one(content.ca));
}

std::string why_not_served(const OwnCertificateContent& content, base::WallTime now) {
  if (const auto ca = read_one(content.ca); !ca) return "its CA cannot be read";
  const std::string problem = why_no_leaf(content, now);
  return problem.empty() ? problem : "the certificate in it " + problem;
}

base::Result<OwnCertificateContent> carry_out(const OwnCertificateVerdict& verdict,
                                              const OwnCertificateContent& present,
                                              base::WallTime now,
                                              const OwnCertificateTimes& times) {
  OwnCertificateContent made = present;
  base::Status done;
  switch (verdict.action) {
    case OwnCertificateAction::keep:
      break;
    case OwnCertificateAction::make_ca_and_leaf:
      made = {};
      done = make_ca(made.ca, made.ca_key, now, times);
      if (done) done = sign_leaf(made, verdict.dns_names, now, times);
      break;
    case OwnCertificateAction::sign_leaf:
      done = sign_leaf(made, verdict.dns_names, now, times);
      break;
    case OwnCertificateAction::make_next_ca:
      done = make_ca(made.next_ca, made.next_ca_key, now, times);
      break;
    case OwnCertificateAction::let_next_ca_sign:
      made.previous_ca = std::exchange(made.ca, std::exchange(made.next_ca, {}));
      made.ca_key = std::exchange(made.next_ca_key, {});
      done = sign_leaf(made, verdict.dns_names, now, times);
      break;
    case OwnCertificateAction::drop_previous_ca:
      made.previous_ca.clear();
      break;
  }
  if (!done) return base::failure(std::move(done.error()));
  return made;
}

}  // namespace control
