#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace proxy::policy {

// A table's memory: words that are 0, of which only those that were used take room, since the
// kernel gives a page when it is touched. For std::atomic_ref.
class ZeroedWords {
 public:
  explicit ZeroedWords(std::size_t count)
      : words_(static_cast<std::uint64_t*>(std::calloc(count, sizeof(std::uint64_t)))) {
    if (words_ == nullptr) throw std::bad_alloc();
  }

  std::uint64_t* at(std::size_t index) { return words_.get() + index; }

 private:
  struct Free {
    void operator()(std::uint64_t* words) const { std::free(words); }
  };
  std::unique_ptr<std::uint64_t[], Free> words_;
};

}  // namespace proxy::policy
