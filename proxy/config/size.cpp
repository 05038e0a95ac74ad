#include "proxy/config/size.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "proxy/config/fields.h"

namespace proxy::config {
namespace {

constexpr std::uint64_t kAround = 3;        // quotes or brackets, and the comma behind
constexpr std::uint64_t kNumberBytes = 21;  // of 64 bits, and a comma
constexpr std::uint64_t kFlagBytes = 6;
constexpr std::uint64_t kTimeoutBytes = 24;
constexpr std::uint64_t kNetworkBytes = 46;   // an IPv6 address with a mask of three digits
constexpr std::uint64_t kEndpointBytes = 52;  // an IPv6 address, brackets and a port
constexpr std::uint64_t kChoiceBytes = 24;    // longer than any name of one

// JSON has six bytes for a control character, and two for what it escapes (RFC 8259 §7); what is no
// UTF-8 is written as U+FFFD, in three.
std::uint64_t bytes_of(std::string_view text) {
  std::uint64_t bytes = text.size() + kAround;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) bytes += 5;
    if (byte >= 0x80) bytes += 2;
    if (c == '"' || c == '\\') ++bytes;
  }
  return bytes;
}

Size of_key(std::string_view name) {
  return {0, name.size() + kAround + 1};
}

// One add() for each type that a field has; as in model_json.cpp.
class Measure {
 public:
  Size size;

  template <HasFields T>
  void add_object(const T& value) {
    size += {1, kAround};
    add_fields(value);
  }
  template <HasFields T>
  void add_fields(const T& value) {
    static const T defaults{};
    bool has_guard = false;
    for_each_field<T>(
        [&](const auto& field, bool in_first_release, const auto& member, const auto& unset) {
          using Value = std::remove_cvref_t<decltype(member)>;
          if constexpr (std::is_same_v<Value, Action>) {
            add_action(member);
          } else {
            if (field.presence == Presence::when_set && member == unset) return;
            size += of_key(field.name);
            add(field.rule, member);
            if (in_first_release || field.if_unknown != IfUnknown::close) return;
            size += size_of_text(field.name);
            has_guard = true;
          }
        },
        value, defaults);
    if (!has_guard) return;
    size += of_key("guards");
    size += {1, kAround};
  }

 private:
  void add_action(const Action& action) {
    if (const auto* const forward = std::get_if<Forward>(&action)) {
      size += of_key("cluster");
      size += size_of_text(forward->cluster);
      return;
    }
    size += of_key("answer");
    add_object(std::get<FixedAnswer>(action));
  }

  void add(const Flag&, bool) { size += {1, kFlagBytes}; }
  void add(const Number&, std::uint64_t) { size += {1, kNumberBytes}; }
  void add(const Status&, int) { size += {1, kNumberBytes}; }
  void add(const RedirectStatus&, int) { size += {1, kNumberBytes}; }
  void add(const PageStatus&, int) { size += {1, kNumberBytes}; }
  void add(const Timeout&, std::chrono::milliseconds) { size += {1, kTimeoutBytes}; }
  template <std::size_t count, class Enum>
  void add(const Choice<count>&, Enum) {
    size += {1, kChoiceBytes};
  }
  template <class Rule>
  void add(const Rule&, const std::string& text) {
    size += size_of_text(text);
  }
  void add(const Statuses&, const std::vector<int>& statuses) {
    size += {1, kAround};
    size += Size{1, kNumberBytes} * statuses.size();
  }
  void add(const Origins&, const std::vector<std::string>& origins) {
    size += {1, kAround};
    for (const std::string& origin : origins) size += size_of_text(origin);
  }
  template <MayBeMissing T>
  void add(const Part&, const T& part) {
    if (part) add_object(*part);
  }
  template <HasFields T>
  void add(const Part&, const T& part) {
    add_object(part);
  }
  template <HasFields T>
  void add(const List&, const std::vector<T>& list) {
    size += {1, kAround};
    for (const T& element : list) add_object(element);
  }
  void add(const List&, const std::vector<Endpoint>& endpoints) {
    size += {1, kAround};
    size += Size{1, kEndpointBytes} * endpoints.size();
  }
  void add(const List&, const std::vector<Network>& networks) {
    size += {1, kAround};
    size += Size{1, kNetworkBytes} * networks.size();
  }
};

template <class T>
Size of_object(const T& value) {
  Measure measure;
  measure.add_object(value);
  return measure.size;
}

}  // namespace

Size size_of(const Cluster& cluster) {
  return of_object(cluster);
}
Size size_of(const VirtualHost& host) {
  return of_object(host);
}
Size size_of(const ChallengeAnswer& answer) {
  return of_object(answer);
}
Size size_of(const Guards& guards) {
  return of_object(guards);
}
Size size_of(const Shape& shape) {
  return of_object(shape);
}
Size size_of(const Redirection& redirection) {
  return of_object(redirection);
}
Size size_of(const FixedAnswer& answer) {
  return of_object(answer);
}
Size size_of(const Split& split) {
  return of_object(split);
}

Size size_of(const Policies& policies) {
  Measure measure;
  measure.add_fields(policies);
  return measure.size;
}

Size size_of(const Endpoint&) {
  return {1, kEndpointBytes};
}

Size size_of_text(std::string_view text) {
  return {1, bytes_of(text)};
}

}  // namespace proxy::config
