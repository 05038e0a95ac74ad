#pragma once

#include <string_view>

#include "operator/ingress/annotations/catalogue.h"

// The words that the two tables of annotations are written in; for their own files.
namespace ingress::annotations::table_words {

inline constexpr Treatment kHonoured = Treatment::honoured;
inline constexpr Treatment kGuards = Treatment::guards;
inline constexpr Treatment kTunes = Treatment::tunes;

inline constexpr ValueKind kText = ValueKind::text;
inline constexpr ValueKind kOnOff = ValueKind::on_off;
inline constexpr ValueKind kNumber = ValueKind::number;
inline constexpr ValueKind kAdmitted = ValueKind::admitted;
inline constexpr ValueKind kHead = ValueKind::head;

// Remedies, in sentences that do not name the annotation.
inline constexpr std::string_view kAddresses =
    "Restrict addresses in front of the proxy or with a NetworkPolicy, and remove it, to have it "
    "served.";
inline constexpr std::string_view kSnippet =
    "Configuration text is never taken from annotations; remove it to have it served.";
inline constexpr std::string_view kTlsPolicy =
    "Ciphers and versions go by name here: write gatehouse.dev/tls-policy: \"modern\" (TLS 1.3), "
    "\"intermediate\" (1.2 and 1.3, as when nothing is said) or \"old\".";
inline constexpr std::string_view kFirewall =
    "Write gatehouse.dev/firewall-mode: block for the firewall that is here, and remove it, to "
    "have it served.";
inline constexpr std::string_view kPaths =
    "Write the paths as Exact or Prefix paths that the backend knows, and remove it.";
inline constexpr std::string_view kRedirects = "Answer the redirect from a backend, and remove it.";

}  // namespace ingress::annotations::table_words
