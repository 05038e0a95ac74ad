#include "proxy/http/field.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <arpa/inet.h>

#include "proxy/http/character_tables.h"

namespace proxy::http {
namespace {

struct KnownName {
  std::string_view name;
  FieldId id;
};

// Fields about the client that are believed when nobody in front writes them. Left out are fields
// that are signed (X-Goog-IAP-JWT-Assertion) and those that only choose (X-HTTP-Method-Override).
// Here: where the client is and how it came, which every load balancer is asked for.
constexpr KnownName about_client(std::string_view name) {
  return {name, FieldId::about_client};
}
// Here: who the client is, what its certificate said, which path is meant.
constexpr KnownName attested(std::string_view name) {
  return {name, FieldId::attested};
}

// By length, then in any order: a lookup compares only names as long as the one it has.
constexpr std::array kKnownNames = {
    KnownName{"te", FieldId::te},
    KnownName{"host", FieldId::host},
    KnownName{"date", FieldId::date},
    KnownName{"proxy", FieldId::proxy},
    KnownName{"expect", FieldId::expect},
    KnownName{"server", FieldId::server},
    KnownName{"trailer", FieldId::trailer},
    KnownName{"upgrade", FieldId::upgrade},
    about_client("x-scheme"),  // ingress-nginx's own spelling of X-Forwarded-Proto
    KnownName{"forwarded", FieldId::forwarded},
    KnownName{"x-real-ip", FieldId::x_real_ip},
    about_client("client-ip"),  // PHP applications, as HTTP_CLIENT_IP
    about_client("x-arr-ssl"),  // IIS: the client came over TLS
    KnownName{"connection", FieldId::connection},
    KnownName{"keep-alive", FieldId::keep_alive},
    about_client("cf-visitor"),  // Cloudflare: the scheme
    attested("x-client-dn"),     // a client certificate's subject
    attested("client-cert"),     // RFC 9440 §2.4: a proxy must drop what it did not write
    about_client("x-client-ip"),
    about_client("x-forwarded"),
    about_client("x-remote-ip"),
    KnownName{"x-request-id", FieldId::x_request_id},
    attested("x-vouch-user"),      // Vouch behind nginx: who the user is
    about_client("x-url-scheme"),  // Zope, Plone
    about_client("wl-proxy-ssl"),
    attested("x-consumer-id"),  // Kong, here and below: who the user is
    attested("x-rewrite-url"),  // IIS, Zend: the path to route by, in place of the real one
    about_client("x-forward-for"),
    about_client("fly-client-ip"),
    about_client("forwarded-for"),
    about_client("x-remote-addr"),
    KnownName{"content-length", FieldId::content_length},
    KnownName{"http2-settings", FieldId::http2_settings},
    about_client("true-client-ip"),  // Akamai, Cloudflare
    about_client("x-proxyuser-ip"),
    about_client("cf-pseudo-ipv4"),
    about_client("x-forwarded-by"),
    about_client("x-original-for"),  // ASP.NET Core keeps here what it replaced
    KnownName{"x-forwarded-for", FieldId::x_forwarded_for},
    about_client("proxy-client-ip"),  // Apache's module for WebLogic, read by many libraries
    about_client("front-end-https"),  // Microsoft: the client came over TLS
    attested("x-client-verify"),      // whether the client's certificate was accepted
    attested("x-sendfile-type"),      // Rack: which files the proxy may be told to send
    about_client("x-forwarded-ssl"),
    about_client("x-original-host"),  // Azure's gateway: the host that the client asked for
    KnownName{"proxy-connection", FieldId::proxy_connection},
    KnownName{"x-forwarded-host", FieldId::x_forwarded_host},
    KnownName{"x-forwarded-port", FieldId::x_forwarded_port},
    about_client("cf-connecting-ip"),  // Cloudflare
    attested("x-arr-clientcert"),      // IIS and Azure; what ASP.NET Core takes by default
    about_client("fastly-client-ip"),
    about_client("x-originating-ip"),
    about_client("x-azure-clientip"),
    about_client("x-azure-socketip"),
    about_client("x-original-proto"),
    KnownName{"transfer-encoding", FieldId::transfer_encoding},
    KnownName{"x-forwarded-proto", FieldId::x_forwarded_proto},
    attested("client-cert-chain"),  // RFC 9440 §2.4
    attested("x-consumer-groups"),
    KnownName{"proxy-authenticate", FieldId::proxy_authenticate},
    KnownName{"x-forwarded-scheme", FieldId::x_forwarded_scheme},
    about_client("cf-connecting-ipv6"),
    about_client("x-forwarded-prefix"),
    about_client("x-forwarded-server"),
    about_client("wl-proxy-client-ip"),
    KnownName{"proxy-authorization", FieldId::proxy_authorization},
    about_client("x-cluster-client-ip"),  // Rackspace, Zeus; read by many libraries
    about_client("x-appengine-user-ip"),
    attested("x-consumer-username"),
    attested("tailscale-user-name"),
    attested("x-consumer-custom-id"),
    attested("x-anonymous-consumer"),
    attested("tailscale-user-login"),  // Tailscale's proxy: who the user is
    about_client("x-forwarded-protocol"),
    attested("x-authenticated-scope"),
    attested("x-authenticated-userid"),
    attested("x-credential-identifier"),
    about_client("x-envoy-external-address"),
    about_client("x-original-forwarded-for"),  // ingress-nginx: the list as it came
    about_client("cloudfront-viewer-address"),
    about_client("cloudfront-forwarded-proto"),
    attested("cf-access-authenticated-user-email"),  // Cloudflare Access
};

constexpr std::size_t kLongestName = kKnownNames.back().name.size();

// Whole families, by how their names begin, in order of the first letter. Of most of them only the
// members above may come from a trusted proxy: what else such a family has is for who knows it.
constexpr std::array kFamilies = {
    attested("remote-"),      // CGI's REMOTE_USER and REMOTE_ADDR, Authelia's Remote-Groups
    attested("ssl-client-"),  // ingress-nginx: the client's certificate
    attested("wl-proxy-"),    // WebLogic: -Client-Cert
    attested("x-accel-"),     // Rack believes X-Accel-Mapping
    attested("x-amzn-mtls-"),
    attested("x-amzn-oidc-"),
    attested("x-auth-request-"),  // oauth2-proxy behind nginx: who the user is
    attested("x-authentik-"),
    attested("x-client-cert"),
    attested("x-envoy-"),      // Envoy: the path as it was, and how an Envoy behind us is to route
    attested("x-forwarded-"),  // -User, -Email, -Groups, -Uri, -Client-Cert, -Tls-Client-Cert
    attested("x-goog-authenticated-user-"),
    attested("x-ms-client-principal"),
    attested("x-original-"),  // -URL is what Symfony and IIS route by; -URI, -Method
    about_client("x-real-"),
    attested("x-remote-"),  // -User, -Group: Kubernetes' own front proxies
    attested("x-ssl-"),
    attested("x-webauth-"),  // Grafana: who the user is
};

struct Range {
  std::uint8_t begin = 0;
  std::uint8_t end = 0;
};

static_assert(std::is_sorted(kKnownNames.begin(), kKnownNames.end(),
                             [](const KnownName& a, const KnownName& b) {
                               return a.name.size() < b.name.size();
                             }),
              "kByLength has one range for each length");

constexpr std::array<Range, kLongestName + 1> kByLength = [] {
  std::array<Range, kLongestName + 1> ranges{};
  for (std::size_t i = 0; i < kKnownNames.size(); ++i) {
    Range& range = ranges[kKnownNames[i].name.size()];
    if (range.end == 0) range.begin = static_cast<std::uint8_t>(i);
    range.end = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}();

// ---- Names as words of eight bytes: most are told apart by their first, and compared by few

static_assert(std::endian::native == std::endian::little, "the first byte is the lowest");

template <class Word>
Word loaded(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

// As a word has the byte at that place.
constexpr std::uint64_t at_place(std::uint64_t byte, std::size_t place) {
  return byte << (8 * place);
}

// The first bytes of a name, which has some, with zeros behind those of a shorter one.
std::uint64_t first_word(std::string_view name) {
  const std::size_t size = name.size();
  const char* const begin = name.data();
  if (size >= kWordBytes) return loaded<std::uint64_t>(begin);
  if (size >= 4) {
    return loaded<std::uint32_t>(begin) |
           at_place(loaded<std::uint32_t>(begin + size - 4), size - 4);
  }
  const auto byte = [begin](std::size_t i) {
    return at_place(static_cast<unsigned char>(begin[i]), i);
  };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

// The first bytes of a known name, and which bits of a name's are to be the same where that may be
// the known one, in whatever case and with whatever marks.
struct FirstWord {
  std::uint64_t word = 0;
  std::uint64_t compared = 0;

  bool may_be(std::uint64_t first) const { return ((first ^ word) & compared) == 0; }
};

constexpr FirstWord first_word_of(std::string_view known) {
  FirstWord first;
  for (std::size_t i = 0; i < kWordBytes && i < known.size(); ++i) {
    const char c = known[i];
    first.word |= at_place(static_cast<unsigned char>(c), i);
    first.compared |= at_place(c >= 'a' && c <= 'z' ? 0xdf : c == '-' ? 0 : 0xff, i);
  }
  return first;
}

template <std::size_t kCount>
constexpr std::array<FirstWord, kCount> first_words_of(const std::array<KnownName, kCount>& names) {
  std::array<FirstWord, kCount> words{};
  for (std::size_t i = 0; i < kCount; ++i) words[i] = first_word_of(names[i].name);
  return words;
}

constexpr auto kFirstOfKnown = first_words_of(kKnownNames);
constexpr auto kFirstOfFamilies = first_words_of(kFamilies);

static_assert(std::all_of(kKnownNames.begin(), kKnownNames.end(),
                          [](const KnownName& known) {
                            return std::all_of(known.name.begin(), known.name.end(), [](char c) {
                              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                            });
                          }),
              "is_word() knows no others");

// Whether what differs is the case of letters at most: of what known names are made of, letters
// alone have the bit 0x40, and case is the bit 0x20.
bool is_word(std::uint64_t word, std::uint64_t known) {
  return ((word ^ known) & ~((known & 0x4040404040404040) >> 1)) == 0;
}

// Whether `name`, which is as long, is `known` in whatever case.
bool is_spelt_as(std::string_view name, std::uint64_t first, std::string_view known,
                 std::uint64_t first_of_known) {
  if (!is_word(first, first_of_known)) return false;
  for (std::size_t done = kWordBytes; done < name.size(); done += kWordBytes) {
    // The last word is the last eight bytes, some of which were looked at.
    const std::size_t at = std::min(done, name.size() - kWordBytes);
    if (!is_word(loaded<std::uint64_t>(name.data() + at),
                 loaded<std::uint64_t>(known.data() + at))) {
      return false;
    }
  }
  return true;
}

// Whether `name`, which is not the shorter, begins with `known`.
bool is_folded_to(std::string_view name, std::string_view known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (kFolded[static_cast<unsigned char>(name[i])] != known[i]) return false;
  }
  return true;
}

bool is_spelt_with_hyphens(std::string_view name) {
  for (const char c : name) {
    if (c != '-' && kFolded[static_cast<unsigned char>(c)] == '-') return false;
  }
  return true;
}

// Most names end here.
bool may_begin_family(char first) {
  const char letter = kFolded[static_cast<unsigned char>(first)];
  return letter == 'x' || letter == 'r' || letter == 's' || letter == 'w';
}

[[gnu::noinline]] FieldId id_from_family(std::string_view name, std::uint64_t first) {
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    const KnownName& family = kFamilies[i];
    if (kFirstOfFamilies[i].may_be(first) && name.size() >= family.name.size() &&
        is_folded_to(name, family.name)) {
      return is_spelt_with_hyphens(name) ? family.id : FieldId::look_alike;
    }
  }
  return FieldId::other;
}

// Of a name that is none of the known ones before that place. Apart from field_id(), which saves no
// registers for what it does not do with most names.
[[gnu::noinline]] FieldId id_from(std::size_t place, std::string_view name, std::uint64_t first) {
  for (const std::size_t end = kByLength[name.size()].end; place < end; ++place) {
    const FirstWord& word = kFirstOfKnown[place];
    if (!word.may_be(first)) continue;
    const KnownName& known = kKnownNames[place];
    if (is_spelt_as(name, first, known.name, word.word)) return known.id;
    if (is_folded_to(name, known.name)) return FieldId::look_alike;
  }
  return may_begin_family(name.front()) ? id_from_family(name, first) : FieldId::other;
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool is_valid_port(std::string_view port) {
  if (port.size() > 5) return false;
  unsigned value = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535;
}

bool is_ipv6_literal(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.size() >= copy.size()) return false;
  if (text.find('\0') != std::string_view::npos) return false;
  std::memcpy(copy.data(), text.data(), text.size());
  in6_addr address;
  return inet_pton(AF_INET6, copy.data(), &address) == 1;
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.empty()) return FieldId::other;
  const std::uint64_t first = first_word(name);
  if (name.size() <= kLongestName) {
    const Range range = kByLength[name.size()];
    const FirstWord* const words = kFirstOfKnown.data();
    for (std::size_t place = range.begin; place < range.end; ++place) {
      if (words[place].may_be(first)) return id_from(place, name, first);
    }
  }
  return may_begin_family(name.front()) ? id_from_family(name, first) : FieldId::other;
}

bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy:
    case FieldId::proxy_authenticate:
    case FieldId::proxy_authorization:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
    case FieldId::http2_settings:
      return true;
    default:
      return false;
  }
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a == b) return true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool is_same_to_cgi(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (kFolded[static_cast<unsigned char>(a[i])] != kFolded[static_cast<unsigned char>(b[i])]) {
      return false;
    }
  }
  return true;
}

bool is_disguised_framing(std::string_view name) {
  constexpr std::string_view kContentLength = "contentlength";
  constexpr std::string_view kTransferEncoding = "transferencoding";
  // Most names are told by their length or their last letter.
  if (name.size() < kContentLength.size()) return false;
  std::size_t last = name.size() - 1;
  while (last > 0 && !is_letter_or_digit(name[last])) --last;
  const char end = lower(name[last]);
  if (end != 'h' && end != 'g') return false;
  const std::string_view wanted = end == 'h' ? kContentLength : kTransferEncoding;
  std::size_t matched = 0;
  for (const char c : name.substr(0, last + 1)) {
    if (!is_letter_or_digit(c)) continue;
    if (matched == wanted.size() || lower(c) != wanted[matched]) return false;
    ++matched;
  }
  if (matched != wanted.size()) return false;
  return !equals_ignoring_case(name, end == 'h' ? "content-length" : "transfer-encoding");
}

bool is_valid_authority(std::string_view authority) {
  if (authority.empty()) return false;
  if (authority.front() == '[') {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos || !is_ipv6_literal(authority.substr(1, end - 1))) {
      return false;
    }
    const std::string_view rest = authority.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_valid_port(rest.substr(1)));
  }
  std::size_t host_bytes = 0;
  while (host_bytes < authority.size() && is_in_class(authority[host_bytes], kRegName)) {
    ++host_bytes;
  }
  // RFC 1035 §2.3.4 has no longer name, so none has a rule.
  if (host_bytes == 0 || host_bytes > 255) return false;
  if (host_bytes == authority.size()) return true;
  return authority[host_bytes] == ':' && is_valid_port(authority.substr(host_bytes + 1));
}

}  // namespace proxy::http
