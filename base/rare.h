#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace base {

// A value that is mostly not there, where there are thousands of places for it: std::optional that
// takes the room of a pointer while it is empty. What is in it moves with it, and keeps its
// address.
template <class T>
class Rare {
 public:
  using value_type = T;

  Rare() = default;
  Rare(std::nullopt_t) {}
  Rare(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Rare(std::optional<T> value) {
    if (value) emplace(*std::move(value));
  }
  Rare(const Rare& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  Rare& operator=(Rare other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  // A template, as that of std::optional is, so that {} is nothing.
  template <class U = T>
  requires(!std::same_as<std::remove_cvref_t<U>, Rare> && std::convertible_to<U&&, T>) Rare&
  operator=(U&& value) {
    emplace(std::forward<U>(value));
    return *this;
  }
  ~Rare() = default;

  explicit operator bool() const { return value_ != nullptr; }
  bool has_value() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  const T& value() const {
    if (value_ == nullptr) throw std::bad_optional_access();
    return *value_;
  }

  void reset() { value_.reset(); }
  template <class... Arguments>
  T& emplace(Arguments&&... arguments) {
    value_ = std::make_unique<T>(std::forward<Arguments>(arguments)...);
    return *value_;
  }

  friend bool operator==(const Rare& one, const Rare& other) requires std::equality_comparable<T> {
    if (!one || !other) return !one && !other;
    return *one == *other;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace base
