#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "acme/account_key.h"
#include "acme/problem.h"
#include "acme/resources.h"
#include "base/clock.h"
#include "base/x509.h"
#include "operator/api/certificate.h"
#include "operator/certificate/data_plane.h"
#include "operator/certificate/pace.h"
#include "operator/certificate/reissue_policy.h"

// What status says at each turn of an issuance. Pure: each changes the status of the given value;
// writing it is somebody else's business.
namespace certificate {

// Neither lost nor done: a restart goes on with it.
bool has_order_under_way(const api::CertificateStatus& status);

// An order is begun: written before it is placed, or with the order where status told of it
// already.
void show_begun(api::Certificate& certificate, const Verdict& verdict, base::WallTime at);

// The order is placed; its tokens are for the proxies to answer.
void show_order(api::Certificate& certificate, const Verdict& verdict, const acme::Order& order,
                const std::vector<acme::Authorization>& authorizations, const acme::AccountKey& key,
                const std::string& account_url, base::WallTime now);

// What an order under way waits for.
void show_waiting(api::Certificate& certificate, const std::string& what_for, base::WallTime now);

// The newest words of the server about an order and its authorizations.
void show_progress(api::Certificate& certificate, const acme::Order& order,
                   const std::vector<acme::Authorization>& authorizations);

struct Failure {
  acme::ErrorClass error_class = acme::ErrorClass::other;
  std::string text;  // what was being done, and the server's own words
  std::optional<std::chrono::seconds> retry_after{};
  bool is_order_lost = true;    // else the same order goes on at the next attempt
  std::string account_url{};    // whose attempt it was
  bool is_about_names = false;  // of a rate limit: other names may be tried
  bool is_spent = false;        // the server took the CSR: it may count a certificate as issued
};
// verdict: why a certificate is wanted at all; nothing: the present one is good.
void show_failure(api::Certificate& certificate, const Failure& failure,
                  const std::optional<Verdict>& verdict, base::WallTime now);

// The next attempt after a failure is at another time than was said.
void show_attempt_moved(api::Certificate& certificate, base::WallTime now);

// Something that only a change elsewhere can remove: no attempt is made.
void show_blocked(api::Certificate& certificate, const std::string& reason,
                  const std::string& message, const std::optional<Verdict>& verdict,
                  base::WallTime now);

// The Kubernetes API refuses what is needed; whether there is an order under way stays as it is.
inline constexpr const char* kKubernetesApi = "KubernetesApi";  // the reason
void show_trouble(api::Certificate& certificate, const std::string& message, base::WallTime now);

// No order is placed before the brake lets it.
void show_held_back(api::Certificate& certificate, const Brake& brake, const Verdict& verdict,
                    base::WallTime now);

// The Secret holds this certificate and it is as spec wants it.
void show_ready(api::Certificate& certificate, const base::CertificateInfo& leaf,
                base::WallTime now);

// What a browser's certificate viewer shows, for comparing.
void show_view(api::Certificate& certificate, const SecretContent& content);

// As show_ready, and it came from the order under way, which is done.
void show_issued(api::Certificate& certificate, const base::CertificateInfo& leaf,
                 base::WallTime now);

void show_serving(api::Certificate& certificate, const std::string& serial,
                  const ProxyAnswers& answers, base::WallTime now);

// The configuration of the proxies does not have it.
void show_not_given(api::Certificate& certificate, const std::string& serial, base::WallTime now);

// No proxy has a reason to serve it, so none is asked: nothing is wrong.
void show_not_used(api::Certificate& certificate, base::WallTime now);

}  // namespace certificate
