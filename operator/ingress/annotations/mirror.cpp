#include "operator/ingress/annotations/mirror.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "operator/ingress/annotations/service_address.h"
#include "operator/ingress/annotations/values.h"
#include "operator/routing/host_name.h"
#include "proxy/config/authority.h"
#include "proxy/config/limits.h"
#include "proxy/config/text_template.h"

namespace ingress::annotations {
namespace {

class Reader {
 public:
  Reader(const kube::Ingress& ingress, Issues& issues) : ingress_(ingress), issues_(issues) {}

  std::optional<Mirror> read() {
    const AnnotationMap& annotations = ingress_.metadata.annotations;
    const auto target = find(annotations, "mirror-target");
    if (!target) {
      for (const char* const key : {"mirror-host", "mirror-request-body"}) {
        if (const auto alone = find(annotations, key)) {
          leave_out(*alone, "copies nothing without mirror-target", "");
        }
      }
      return std::nullopt;
    }
    Mirror mirror;
    mirror.annotation = target->name;
    if (!read_target(*target, mirror)) return std::nullopt;
    if (const auto host = find(annotations, "mirror-host")) {
      const std::string_view text = trimmed(host->value);
      if (!is_text(*host, text)) return std::nullopt;
      mirror.settings.host = text;
    }
    if (const auto body = find(annotations, "mirror-request-body")) {
      const auto value = read_bool(body->value);
      if (!value) issues_.push_back(bad_value(*body, "on or off", Issue::Effect::tunes));
      mirror.settings.with_body = value.value_or(true);
    }
    return mirror;
  }

 private:
  void leave_out(const Found& found, std::string why, std::string remedy) {
    issues_.push_back({Issue::Effect::tunes, found.name, std::move(why), std::move(remedy)});
  }

  bool is_text(const Found& found, std::string_view text) {
    const auto is_plain = [](char c) {
      return c > ' ' && c <= '~' && std::string_view("\"<>\\^`|").find(c) == std::string_view::npos;
    };
    if (text.size() > proxy::config::kTextBytesMax ||
        !std::all_of(text.begin(), text.end(), is_plain)) {
      issues_.push_back(
          bad_value(found, "text that can stand in an address", Issue::Effect::tunes));
      return false;
    }
    const std::string_view unknown = proxy::config::unknown_variable(text);
    if (unknown.empty()) return true;
    leave_out(found,
              "has the variable " + std::string(unknown) +
                  ", which is not known here, so nothing is copied",
              "");
    return false;
  }

  // False: there is an issue.
  bool read_target(const Found& found, Mirror& mirror) {
    std::string_view rest = trimmed(found.value);
    if (!is_text(found, rest)) return false;
    const bool is_https = rest.starts_with("https://");
    if (!is_https && !rest.starts_with("http://")) {
      issues_.push_back(bad_value(found, "an address that begins with http:// or https://",
                                  Issue::Effect::tunes));
      return false;
    }
    rest.remove_prefix(is_https ? 8 : 7);
    const std::size_t end = std::min(rest.find_first_of("/?#$"), rest.size());
    const std::string_view authority = rest.substr(0, end);
    const std::string_view target = rest.substr(end);
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    const auto host = routing::config_host(authority.substr(0, colon));
    const bool is_host = !authority.starts_with('[') && proxy::config::is_authority(authority) &&
                         host && !host->empty() && !host->starts_with('*');
    if (!is_host || target.find('#') != std::string_view::npos) {
      issues_.push_back(bad_value(found, "the address of a host", Issue::Effect::tunes));
      return false;
    }
    int port = is_https ? 443 : 80;
    if (colon < authority.size()) {
      const std::string_view digits = authority.substr(colon + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), port);
    }
    mirror.settings.host = authority;
    mirror.settings.target = target.empty() ? "$request_uri" : std::string(target);
    if (target.starts_with('?')) mirror.settings.target.insert(0, "/");
    mirror.speaks_tls = is_https;
    mirror.server_name = *host;
    return name_who(found, *host, port, mirror);
  }

  bool name_who(const Found& found, const std::string& host, int port, Mirror& mirror) {
    mirror.service = service_named_by(host);
    mirror.port = port;
    if (mirror.service && mirror.service->namespace_ != ingress_.metadata.namespace_) {
      leave_out(found,
                "names a Service of another namespace, which gets no copies of what is sent here",
                "Name a Service of the namespace " + ingress_.metadata.namespace_ + ".");
      return false;
    }
    if (mirror.service) return true;
    if (mirror.speaks_tls) {
      mirror.outside = routing::OutsideHost{host, port};
      return true;
    }
    leave_out(found, "names a host outside, which gets copies over https alone",
              "Name it with https://, or a Service (http://NAME.NAMESPACE.svc:PORT/).");
    return false;
  }

  const kube::Ingress& ingress_;
  Issues& issues_;
};

}  // namespace

std::optional<Mirror> read_mirror(const kube::Ingress& ingress, Issues& issues) {
  return Reader(ingress, issues).read();
}

}  // namespace ingress::annotations
