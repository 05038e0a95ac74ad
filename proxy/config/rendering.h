#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/config/closing.h"
#include "proxy/config/dialect.h"
#include "proxy/config/fields.h"

// How a value is said in another dialect; for this room and its tests.
namespace proxy::config {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T, class F>
std::string feature_of(const F& field) {
  return std::string(Fields<T>::kName) + "." + field.name;
}

template <class T>
consteval bool has_guard() {
  const auto is_guard = [](const auto& field) {
    if constexpr (requires { field.name; }) return field.if_unknown == IfUnknown::close;
    return false;
  };
  return std::apply([&](const auto&... fields) { return (is_guard(fields) || ...); },
                    Fields<T>::kList);
}

// Takes out of a value what `dialect` does not have. True: something was.
class Rendering {
 public:
  explicit Rendering(Dialect dialect) : dialect_(std::move(dialect)) {}

  template <HasFields T>
  bool take_from(T& value) const {
    static const T defaults{};
    bool is_changed = false;
    bool is_closed = false;
    for_each_field<T>(
        [&](const auto& field, bool in_first_release, auto& member, const auto& unset) {
          if (!in_first_release && !(member == unset) && !dialect_.knows(feature_of<T>(field))) {
            member = unset;
            is_changed = true;
            is_closed |= field.if_unknown == IfUnknown::close;
          }
          is_changed |= take_from_part(member);
        },
        value, defaults);
    if constexpr (requires { close(value); }) {
      if (is_closed) close(value);
    } else {
      static_assert(!has_guard<T>(), "say in closing.h what closes a value that a guard guards");
    }
    return is_changed;
  }

 private:
  template <class Value>
  bool take_from_part(Value& value) const {
    bool is_changed = false;
    if constexpr (HasFields<Value>) {
      is_changed = take_from(value);
    } else if constexpr (std::is_same_v<Value, Action>) {
      if (auto* const answer = std::get_if<FixedAnswer>(&value)) is_changed = take_from(*answer);
    } else if constexpr (MayBeMissing<Value>) {
      if (value) is_changed = take_from_part(*value);
    } else if constexpr (IsVector<Value>::value) {
      if constexpr (HasFields<typename Value::value_type>) {
        for (auto& element : value) is_changed |= take_from(element);
      }
    }
    return is_changed;
  }

  const Dialect dialect_;
};

}  // namespace proxy::config
