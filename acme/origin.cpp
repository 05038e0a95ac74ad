#include "acme/origin.h"

#include <algorithm>

#include "acme/resources.h"

namespace acme {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kDefaultPort = "443";

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string origin_of(std::string_view url) {
  if (!is_https_url(url)) return "";
  const std::string_view rest = url.substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  // "https://ca.example@elsewhere" and "https://ca.example\@elsewhere" are read in several ways.
  if (authority.empty() || authority.find_first_of("@\\%") != std::string_view::npos) return "";
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string host(authority.substr(0, colon));
  const std::string_view port =
      colon == std::string_view::npos ? kDefaultPort : authority.substr(colon + 1);
  if (host.empty() || !is_port(port)) return "";
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::string(kScheme) + host + ":" + std::string(port);
}

}  // namespace acme
