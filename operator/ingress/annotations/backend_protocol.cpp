#include "operator/ingress/annotations/backend_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/cipher_list.h"
#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

void read_protocol(const AnnotationMap& annotations, routing::BackendProtocol& read,
                   Issues& issues) {
  const auto found = find(annotations, "backend-protocol");
  if (!found || says_no(found->value) || is_same_word(found->value, "AUTO_HTTP")) return;
  struct Word {
    const char* text;
    bool tls;
    bool http2;
  };
  constexpr Word kWords[] = {
      {"HTTP", false, false}, {"HTTPS", true, false}, {"GRPC", false, true}, {"GRPCS", true, true}};
  for (const Word& word : kWords) {
    if (!is_same_word(found->value, word.text)) continue;
    read.tls = word.tls;
    read.http2 = word.http2;
    return;
  }
  Issue issue = bad_value(*found, "supported: backends are spoken to in HTTP/1.1 or HTTP/2",
                          Issue::Effect::guards);
  issue.remedy =
      "Let the Service offer a port for one of \"HTTP\", \"HTTPS\", \"GRPC\", \"GRPCS\".";
  issues.push_back(std::move(issue));
}

void read_switch(const AnnotationMap& annotations, std::string_view key, bool& value,
                 Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return;
  if (const auto read = read_bool(found->value)) {
    value = *read;
  } else {
    issues.push_back(bad_value(*found, "\"on\" or \"off\"", Issue::Effect::guards));
  }
}

// A backend that waits for the header hears no sense without it, and one that trusts it may let
// people in by the address that stands there.
void read_proxy_protocol(const AnnotationMap& annotations, routing::BackendProtocol& read,
                         Issues& issues) {
  using proxy::config::ProxyProtocol;
  const auto found = find(annotations, "proxy-protocol-to-backend");
  if (!found) return;
  if (is_same_word(found->value, "v1")) {
    read.proxy_protocol = ProxyProtocol::v1;
  } else if (is_same_word(found->value, "v2")) {
    read.proxy_protocol = ProxyProtocol::v2;
  } else if (read_bool(found->value) != false) {
    issues.push_back(bad_value(*found, "\"v1\", \"v2\" or \"off\"", Issue::Effect::guards));
  }
}

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
  return !text.empty() && text.size() <= proxy::config::kHostBytesMax &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

void read_name(const AnnotationMap& annotations, routing::BackendProtocol& read, Issues& issues) {
  const auto found = find(annotations, "proxy-ssl-name");
  if (!found) return;
  if (is_name(found->value)) {
    read.name = found->value;
  } else {
    issues.push_back(bad_value(*found, "a host name", Issue::Effect::guards));
  }
}

void read_depth(const AnnotationMap& annotations, routing::BackendProtocol& read, Issues& issues) {
  const auto found = find(annotations, "proxy-ssl-verify-depth");
  if (!found || (read_bool(found->value) == false && !is_zero(found->value))) return;
  const std::string_view text = found->value;
  std::uint64_t depth = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), depth);
  if (error == std::errc() && end == text.data() + text.size() &&
      depth <= proxy::config::kVerifyDepthMax) {
    read.verify_depth = depth;
  } else {
    issues.push_back(bad_value(*found, "a number from 0 to 100", Issue::Effect::guards));
  }
}

// Of the versions that nginx has words for 1.2 and 1.3 are spoken, and the newer one where an
// endpoint has it: a list without it keeps nobody from what is better.
void read_versions(const AnnotationMap& annotations, routing::BackendProtocol& read,
                   Issues& issues) {
  const auto found = find(annotations, "proxy-ssl-protocols");
  if (!found || says_no(found->value)) return;
  constexpr std::array<std::string_view, 6> kWords = {"SSLv2",   "SSLv3",   "TLSv1",
                                                      "TLSv1.1", "TLSv1.2", "TLSv1.3"};
  bool has_12 = false;
  bool has_13 = false;
  std::string_view rest = found->value;
  while (!(rest = trimmed(rest)).empty()) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n"));
    rest.remove_prefix(word.size());
    has_12 = has_12 || is_same_word(word, "TLSv1.2");
    has_13 = has_13 || is_same_word(word, "TLSv1.3");
    const bool is_known = std::any_of(kWords.begin(), kWords.end(), [&](std::string_view known) {
      return is_same_word(word, known);
    });
    if (is_known) continue;
    issues.push_back(
        bad_value(*found, "names of versions, such as \"TLSv1.2 TLSv1.3\"", Issue::Effect::guards));
    return;
  }
  read.tls13_only = has_13 && !has_12;
  if (has_12 || has_13) return;
  Issue issue =
      bad_value(*found, "a version that is spoken: TLSv1.2 or TLSv1.3", Issue::Effect::tunes);
  issue.remedy = "Let the backend speak one of them, and write that.";
  issues.push_back(std::move(issue));
}

// "DEFAULT" is nginx's own default, and OpenSSL's.
void read_ciphers(const AnnotationMap& annotations, routing::BackendProtocol& read,
                  Issues& issues) {
  const auto found = find(annotations, "proxy-ssl-ciphers");
  if (!found || is_blank(found->value) || is_same_word(found->value, "DEFAULT")) return;
  const std::string_view list = trimmed(found->value);
  if (list.size() <= proxy::config::kCipherListBytesMax && base::is_cipher_list(list)) {
    read.ciphers = list;
    return;
  }
  Issue issue =
      bad_value(*found, "a list of ciphers of TLS 1.2 as OpenSSL has them, such as \"HIGH:!MD5\"",
                Issue::Effect::guards);
  issue.remedy =
      "Write names that \"openssl ciphers\" knows, without @ and without those of TLS 1.3, which "
      "are not chosen so; or say \"TLSv1.3\" alone in proxy-ssl-protocols, or remove it.";
  issues.push_back(std::move(issue));
}

// It has nothing but authorities, so who names one has backends verified.
void read_config_map(const AnnotationMap& annotations, routing::BackendProtocol& read,
                     Issues& issues) {
  const auto found = find(annotations, "proxy-ssl-configmap");
  if (!found || is_blank(found->value)) return;
  read.config_map = trimmed(found->value);
  const auto verify = find(annotations, "proxy-ssl-verify");
  if (!verify) {
    read.verify = true;
  } else if (!read.verify) {
    issues.push_back({Issue::Effect::guards, found->name,
                      "guards nothing beside " + verify->name + ": " + std::string(verify->value),
                      "Remove one of the two."});
  }
}

}  // namespace

routing::BackendProtocol read_backend_protocol(const AnnotationMap& annotations, Issues& issues) {
  routing::BackendProtocol read;
  read_protocol(annotations, read, issues);
  read_switch(annotations, "proxy-ssl-verify", read.verify, issues);
  read_switch(annotations, "proxy-ssl-server-name", read.sends_name, issues);
  read_name(annotations, read, issues);
  read_depth(annotations, read, issues);
  read_versions(annotations, read, issues);
  read_ciphers(annotations, read, issues);
  read_proxy_protocol(annotations, read, issues);
  if (const auto secret = find(annotations, "proxy-ssl-secret")) read.secret = secret->value;
  read_config_map(annotations, read, issues);
  if (read.verify && read.secret.empty() && read.config_map.empty()) {
    issues.push_back(bad_value(*find(annotations, "proxy-ssl-verify"),
                               "possible without proxy-ssl-secret or proxy-ssl-configmap, whose "
                               "ca.crt says who is trusted",
                               Issue::Effect::guards));
  }
  return read;
}

std::optional<std::string> backend_secret_of(const AnnotationMap& annotations,
                                             const std::string& namespace_) {
  const auto found = find(annotations, "proxy-ssl-secret");
  return found ? routing::name_in(namespace_, found->value) : std::nullopt;
}

std::optional<std::string> backend_config_map_of(const AnnotationMap& annotations,
                                                 const std::string& namespace_) {
  const auto found = find(annotations, "proxy-ssl-configmap");
  if (!found || is_blank(found->value)) return std::nullopt;
  return routing::name_in(namespace_, trimmed(found->value));
}

}  // namespace ingress::annotations
