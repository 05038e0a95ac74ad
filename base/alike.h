#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace base {

// A value of which thousands are alike, as what holds for the paths of a cluster is: copies share
// it, and so do values that were made by themselves and say the same, where one thread made them
// not long after each other. Takes the room of two pointers and nothing else where it is as T{} is.
//
// What is in it is read through it; who changes it says so (change()), and changes no other one.
// Threads: each Alike for itself, as std::string; those of several threads may share.
template <class T>
class Alike {
 public:
  using value_type = T;

  Alike() = default;
  Alike(T value) {
    if (!(value == blank())) value_ = recent().shared(std::move(value));
  }

  const T& operator*() const { return value_ == nullptr ? blank() : *value_; }
  const T* operator->() const { return &**this; }

  // A value of its own, to be changed until this one is copied or settle()d.
  T& change() {
    value_ = std::make_shared<T>(**this);
    return *value_;
  }
  // Shares again what others have, too.
  void settle() { *this = Alike(T(**this)); }

  friend bool operator==(const Alike& one,
                         const Alike& other) requires std::equality_comparable<T> {
    return one.value_ == other.value_ || *one == *other;
  }

 private:
  static const T& blank() {
    static const T value{};
    return value;
  }

  // What was made lately, the newest at the end.
  class Recent {
   public:
    std::shared_ptr<T> shared(T value) {
      const auto known = std::find_if(held_.rbegin(), held_.rend(),
                                      [&](const auto& held) { return *held == value; });
      if (known != held_.rend()) {
        std::rotate(known.base() - 1, known.base(), held_.end());
        return held_.back();
      }
      if (held_.size() == kHeldMax) held_.erase(held_.begin());
      return held_.emplace_back(std::make_shared<T>(std::move(value)));
    }

   private:
    // Some classes and habits together have no more.
    static constexpr std::size_t kHeldMax = 16;
    std::vector<std::shared_ptr<T>> held_;
  };
  static Recent& recent() {
    thread_local Recent recent;
    return recent;
  }

  std::shared_ptr<T> value_;
};

}  // namespace base
