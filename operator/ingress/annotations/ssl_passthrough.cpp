#include "operator/ingress/annotations/ssl_passthrough.h"

#include <algorithm>
#include <array>

#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/tls_policy.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

// Of connections, hosts, plain HTTP or certificates: they need no request.
constexpr std::array<std::string_view, 37> kOfConnections = {
    "allowlist-source-range",
    "backend-protocol",
    "cluster-issuer",
    "common-name",
    "denylist-source-range",
    "eject-after",
    "force-ssl-redirect",
    "from-to-www-redirect",
    "issuer",
    "issuer-group",
    "issuer-kind",
    "limit-allowlist",
    "limit-burst-multiplier",
    "limit-connections",
    "limit-rpm",
    "limit-rps",
    "limit-status",
    "limit-whitelist",
    "load-balance",
    "max-requests-per-endpoint",
    "plain-http",
    "preserve-trailing-slash",
    "private-key-algorithm",
    "private-key-rotation-policy",
    "private-key-size",
    "proxy-connect-timeout",
    "proxy-protocol-to-backend",
    "proxy-send-timeout",
    "renew-before",
    "renew-before-percentage",
    "secret-template",
    "server-alias",
    "service-upstream",
    "slow-start",
    "ssl-passthrough",
    "ssl-redirect",
    "whitelist-source-range",
};

// Their names smell of a guard, and they say how what is read here is passed on: the client itself
// judges the backend's certificate, and which paths there are is the backend's to say.
constexpr std::array<std::string_view, 9> kOfRequests = {
    "proxy-ssl-name",   "proxy-ssl-secret",       "proxy-ssl-server-name",
    "proxy-ssl-verify", "proxy-ssl-verify-depth", "rewrite-target",
    "satisfy",          "session-cookie-secure",  "use-regex",
};

template <std::size_t count>
bool is_among(const std::array<std::string_view, count>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Which TLS a backend speaks is its own affair.
void judge_tls_policy(const std::string& name, std::string_view value, Issues& issues) {
  if (tls_policy_named(value) == proxy::config::TlsPolicy::modern) {
    issues.push_back({Issue::Effect::guards, name,
                      "cannot hold where ssl-passthrough lets TLS pass to the backend",
                      "Remove one of the two, and let the backend speak TLS 1.3 alone."});
  } else {
    issues.push_back({Issue::Effect::tunes, name,
                      "has no effect where ssl-passthrough lets TLS pass to the backend",
                      "Say it to the backend, and remove it."});
  }
}

}  // namespace

bool read_ssl_passthrough(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "ssl-passthrough");
  if (!found) return false;
  const auto value = read_bool(found->value);
  if (!value) {
    issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::guards));
  }
  return value.value_or(true);
}

bool asks_for_passthrough(const AnnotationMap& annotations) {
  Issues unsaid;
  return read_ssl_passthrough(annotations, unsaid);
}

void judge_beside_passthrough(const AnnotationMap& annotations, Issues& issues) {
  for (const auto& [name, value] : annotations) {
    const bool is_of_class = name.starts_with(kClassPrefix);
    const std::string_view key =
        is_of_class ? std::string_view(name).substr(kClassPrefix.size()) : key_of(name);
    if (key.empty() || is_among(kOfConnections, key)) continue;
    const CatalogueEntry entry = look_up(key);
    if (entry.treatment != Treatment::honoured || asks_for_nothing(entry, value)) continue;
    if (key == "tls-policy") {
      judge_tls_policy(name, value, issues);
      continue;
    }
    const bool answers = key == "fixed-answer";
    if (!is_among(kOfRequests, key) && (answers || keeps_somebody_out(entry))) {
      issues.push_back({Issue::Effect::guards, name,
                        "cannot hold where ssl-passthrough lets requests pass unread",
                        is_of_class ? "Say otherwise for this Ingress, or give it another class."
                                    : "Remove one of the two."});
    } else if (!is_of_class) {
      issues.push_back({Issue::Effect::tunes, name,
                        "holds for plain HTTP alone, for with ssl-passthrough what comes in TLS "
                        "passes unread",
                        ""});
    }
  }
}

}  // namespace ingress::annotations
