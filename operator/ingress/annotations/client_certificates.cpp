#include "operator/ingress/annotations/client_certificates.h"

#include <charconv>
#include <string_view>

#include "operator/ingress/annotations/object_name.h"
#include "operator/ingress/annotations/redirection.h"
#include "operator/ingress/annotations/values.h"
#include "proxy/config/expression.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

using proxy::config::ClientProof;
using proxy::config::Expression;

void refuse(const Found& found, std::string_view expected, Issues& issues) {
  issues.push_back(bad_value(found, expected, Issue::Effect::guards));
}

// Nothing: nobody is asked, or there is an issue. As ingress-nginx has it, a Secret alone asks.
std::optional<ClientProof> read_proof(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "auth-tls-verify-client");
  if (!found) return ClientProof::required;
  struct Word {
    const char* text;
    ClientProof proof;
  };
  constexpr Word kWords[] = {{"on", ClientProof::required},
                             {"optional", ClientProof::optional},
                             {"optional_no_ca", ClientProof::unverified}};
  for (const Word& word : kWords) {
    if (is_same_word(found->value, word.text)) return word.proof;
  }
  refuse(*found, "\"on\", \"off\", \"optional\" or \"optional_no_ca\"", issues);
  return std::nullopt;
}

// Beside a Secret a switch that is off in other words is refused: ingress-nginx takes it for "on".
bool is_off(const AnnotationMap& annotations) {
  const auto found = find(annotations, "auth-tls-verify-client");
  return found && is_same_word(found->value, "off");
}

void read_depth(const AnnotationMap& annotations, std::uint64_t& depth, Issues& issues) {
  const auto found = find(annotations, "auth-tls-verify-depth");
  if (!found || (read_bool(found->value) == false && !is_zero(found->value))) return;
  const std::string_view text = trimmed(found->value);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), depth);
  if (error == std::errc() && end == text.data() + text.size() &&
      depth <= proxy::config::kVerifyDepthMax) {
    return;
  }
  refuse(*found, "a number from 0 to 100", issues);
}

// "CN=(ann|bob)": an expression that is the whole name. ingress-nginx looks for it anywhere in the
// subject, so that "CN=ann" opens to "CN=annabel", and to whoever has "CN=ann" for an organisation.
void read_common_name(const AnnotationMap& annotations, std::string& common_name, Issues& issues) {
  const auto found = find(annotations, "auth-tls-match-cn");
  if (!found || says_no(found->value)) return;
  constexpr std::string_view kBegin = "CN=";
  const std::string_view text = trimmed(found->value);
  const std::string written(text.starts_with(kBegin) ? text.substr(kBegin.size()) : "");
  // Alone first: what closes a parenthesis that it did not open would be another expression in one.
  const bool is_usable = !written.empty() && written.size() + 6 <= proxy::config::kPathBytesMax &&
                         Expression::compile(written, Expression::Use::value).has_value();
  common_name = "^(?:" + written + ")$";
  if (is_usable && Expression::compile(common_name, Expression::Use::value)) return;
  refuse(*found, "\"CN=\" and a regular expression without look-around and back references",
         issues);
}

// Whoever wrote one of these believes that somebody is asked for a certificate; the others only say
// how.
void judge_without_secret(const AnnotationMap& annotations, Issues& issues) {
  for (const char* const key : {"auth-tls-verify-client", "auth-tls-match-cn"}) {
    const auto found = find(annotations, key);
    if (!found || says_no(found->value)) continue;
    issues.push_back({Issue::Effect::guards, found->name,
                      "asks for certificates of clients, and no auth-tls-secret says whose",
                      "Name a Secret with the authorities in its key ca.crt, or remove the "
                      "annotation."});
  }
  for (const char* const key :
       {"auth-tls-verify-depth", "auth-tls-pass-certificate-to-upstream", "auth-tls-error-page"}) {
    const auto found = find(annotations, key);
    if (!found || read_bool(found->value) == false) continue;
    issues.push_back({Issue::Effect::tunes, found->name, "does nothing without auth-tls-secret",
                      "Name a Secret with auth-tls-secret, or remove the annotation."});
  }
}

}  // namespace

std::optional<ClientCertificates> read_client_certificates(const kube::Ingress& ingress,
                                                           Issues& issues) {
  const AnnotationMap& annotations = ingress.metadata.annotations;
  if (is_off(annotations)) {
    const auto name = find(annotations, "auth-tls-match-cn");
    if (!name || says_no(name->value)) return std::nullopt;
    issues.push_back({Issue::Effect::guards, name->name,
                      "asks for a name that nobody shows with auth-tls-verify-client: off",
                      "Write auth-tls-verify-client: on, or remove the annotation."});
    return std::nullopt;
  }
  const auto secret = find(annotations, "auth-tls-secret");
  if (!secret) {
    judge_without_secret(annotations, issues);
    return std::nullopt;
  }
  ClientCertificates read;
  read.annotation = secret->name;
  const auto proof = read_proof(annotations, issues);
  read_depth(annotations, read.asked.verify_depth, issues);
  read_common_name(annotations, read.asked.common_name, issues);
  if (const auto found = find(annotations, "auth-tls-pass-certificate-to-upstream")) {
    const auto passes = read_bool(found->value);
    read.asked.passes_certificate = passes.value_or(false);
    if (!passes) {
      issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::tunes));
    }
  }
  read.asked.error_page = read_error_page(annotations, "auth-tls-error-page", issues);
  const auto key = read_object_name(*secret, "Secret", ingress.metadata.namespace_,
                                    "whom its authorities vouch for is not this Ingress's to say",
                                    Issue::Effect::guards, issues);
  if (!proof || !key) return std::nullopt;
  read.asked.proof = *proof;
  read.secret = *key;
  return read;
}

}  // namespace ingress::annotations
