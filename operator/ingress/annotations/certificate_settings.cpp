#include "operator/ingress/annotations/certificate_settings.h"

#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "operator/ingress/annotations/issuer.h"
#include "operator/routing/host_name.h"

namespace ingress::annotations {
namespace {

constexpr auto kTunes = Issue::Effect::tunes;

std::optional<int> read_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void read_common_name(const AnnotationMap& annotations, api::CertificateSpec& spec,
                      Issues& issues) {
  const auto found = find_certificate_key(annotations, "common-name");
  if (!found) return;
  constexpr std::size_t kCommonNameMax = 64;  // RFC 5280 appendix A.1
  // It is asked for like the hosts under tls; "My Shop" is what other CAs put there, and would cost
  // the whole certificate.
  const auto host = routing::config_host(found->value);
  const bool is_host = host && !host->empty() && host->front() != '*';
  if (!is_host || found->value.size() > kCommonNameMax) {
    issues.push_back(
        bad_value(*found, "a host name of at most 64 characters, so it is left out", kTunes));
  } else {
    spec.common_name = *host;
  }
}

void read_key(const AnnotationMap& annotations, api::CertificateSpec& spec, Issues& issues) {
  base::KeySpec key;
  bool is_asked_for = false;
  if (const auto found = find_certificate_key(annotations, "private-key-algorithm")) {
    is_asked_for = true;
    if (found->value == "RSA") {
      key = {base::KeyAlgorithm::rsa, 2048};
    } else if (found->value != "ECDSA") {
      issues.push_back(bad_value(*found, "\"ECDSA\" (which is used) or \"RSA\"", kTunes));
    }
  }
  if (const auto found = find_certificate_key(annotations, "private-key-size")) {
    const bool is_rsa = key.algorithm == base::KeyAlgorithm::rsa;
    const int size = read_number(found->value).value_or(0);
    const bool is_known =
        is_rsa ? size == 2048 || size == 3072 || size == 4096 : size == 256 || size == 384;
    is_asked_for = true;
    if (is_known) {
      key.bits = size;
    } else {
      issues.push_back(bad_value(
          *found, is_rsa ? "2048, 3072 or 4096 (for RSA)" : "256 or 384 (for ECDSA)", kTunes));
    }
  }
  if (is_asked_for) spec.key = key;
  if (const auto found = find_certificate_key(annotations, "private-key-rotation-policy")) {
    if (found->value == "Never") {
      spec.rotation_policy = api::RotationPolicy::never;
    } else if (found->value != "Always") {
      issues.push_back(bad_value(*found, "\"Always\" (which is used) or \"Never\"", kTunes));
    }
  }
}

void read_renewal(const AnnotationMap& annotations, api::CertificateSpec& spec, Issues& issues) {
  const auto before = find_certificate_key(annotations, "renew-before");
  const auto percentage = find_certificate_key(annotations, "renew-before-percentage");
  if (before) {
    const auto duration = base::parse_go_duration(before->value);
    const auto whole = duration ? std::chrono::duration_cast<std::chrono::seconds>(*duration)
                                : std::chrono::seconds(0);
    if (whole.count() > 0) {
      spec.renew_before = whole;
    } else {
      issues.push_back(bad_value(*before, "a duration such as \"720h\"", kTunes));
    }
  }
  if (!percentage) return;
  const int number = read_number(percentage->value).value_or(0);
  if (number < 1 || number > 99) {
    issues.push_back(bad_value(*percentage, "a number from 1 to 99", kTunes));
  } else if (before) {
    issues.push_back({kTunes, percentage->name, "stands beside " + before->name + ", which counts",
                      "Remove one of the two."});
  } else {
    spec.renew_before_percentage = number;
  }
}

bool read_texts(const nlohmann::json& object, const char* name,
                std::map<std::string, std::string>& texts) {
  if (!object.contains(name)) return true;
  if (!object[name].is_object()) return false;
  for (const auto& [key, value] : object[name].items()) {
    if (!value.is_string()) return false;
    texts[key] = value.get<std::string>();
  }
  return true;
}

void read_secret_template(const AnnotationMap& annotations, api::CertificateSpec& spec,
                          Issues& issues) {
  const auto found = find_certificate_key(annotations, "secret-template");
  if (!found) return;
  const auto json = nlohmann::json::parse(found->value, nullptr, false);
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> texts;
  if (json.is_object() && read_texts(json, "labels", labels) &&
      read_texts(json, "annotations", texts)) {
    spec.secret_labels = std::move(labels);
    spec.secret_annotations = std::move(texts);
  } else {
    issues.push_back(bad_value(
        *found, R"(JSON such as {"annotations": {"a": "b"}, "labels": {"c": "d"}})", kTunes));
  }
}

void report_meaningless(const AnnotationMap& annotations, Issues& issues) {
  for (const char* key :
       {"alt-names", "duration", "email-sans", "ip-sans", "literal-subject", "subject-countries",
        "subject-localities", "subject-organizationalunits", "subject-organizations",
        "subject-postalcodes", "subject-provinces", "subject-serialnumber",
        "subject-streetaddresses", "uri-sans", "usages"}) {
    const auto found = annotations.find(std::string(kCertManagerPrefix) + key);
    if (found == annotations.end()) continue;
    issues.push_back({kTunes, found->first,
                      "is not supported: what an ACME server signs is the hosts of spec.tls", ""});
  }
}

}  // namespace

void read_certificate_settings(const AnnotationMap& annotations, api::CertificateSpec& spec,
                               Issues& issues) {
  read_common_name(annotations, spec, issues);
  read_key(annotations, spec, issues);
  read_renewal(annotations, spec, issues);
  read_secret_template(annotations, spec, issues);
  report_meaningless(annotations, issues);
}

}  // namespace ingress::annotations
