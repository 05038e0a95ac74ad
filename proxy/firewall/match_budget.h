#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace proxy::firewall {

// While one is there, the comparisons with regular expressions that its thread makes by PCRE2 are
// bounded, each in its steps and all together in their CPU time. One that is not ended by itself
// finds nothing, and was_exceeded() says so. libmodsecurity 3.0.9 has no bound of its own, and the
// rules have expressions that would be at some texts of a few KiB for hours.
//
// PCRE2's functions are reached by this file's, which have their names and are found before the
// library's: the programs export them (proxy/CMakeLists.txt). Where nobody has a budget they do
// what PCRE2's do.
class MatchBudget {
 public:
  // An error: there is no PCRE2. Once, before the first one is made.
  static base::Status prepare();

  MatchBudget();
  ~MatchBudget();
  MatchBudget(const MatchBudget&) = delete;
  MatchBudget& operator=(const MatchBudget&) = delete;

  bool was_exceeded() const { return is_exceeded_; }
  // Comparisons so far: none, though there were some, says that they are not bounded.
  std::uint64_t comparisons() const { return comparisons_; }

  // For the functions of PCRE2's names.
  struct Arguments;
  using Function = int (*)(const void*, const unsigned char*, std::size_t, std::size_t,
                           std::uint32_t, void*, void*);
  int spend(Function function, const Arguments& arguments);

 private:
  std::uint64_t comparisons_ = 0;
  std::int64_t end_nanos_;  // of the thread's CPU time
  void* context_;           // PCRE2's, of this budget
  bool is_exceeded_ = false;
};

}  // namespace proxy::firewall
