#include "proxy/firewall/match_budget.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>

#include <dlfcn.h>

namespace proxy::firewall {
namespace {

constexpr const char* kLibrary = "libpcre2-8.so.0";
// pcre2.h
constexpr int kMatchLimit = -47;
constexpr std::array<int, 3> kLimitErrors = {kMatchLimit, -53, -63};  // steps, depth, heap
constexpr int kInternal = -44;

// Steps from one place of a text, and from all of them: PCRE2 counts anew at each place. The
// recommended configuration of ModSecurity has 1000 for a place; most have less than ten. Some
// expressions look from each quotation mark to the end of the text and back: three steps a byte,
// which leaves prose of 10 KiB alone. A hundred million steps take about a tenth of a second.
constexpr std::size_t kStepsOfPlaceMax = 32'000;
constexpr std::size_t kStepsOfPlaceMin = 1'000;
constexpr std::size_t kStepsOfTextMax = 320'000'000;
// Of one request: most take a millisecond.
constexpr std::int64_t kNanosMax = 2'000'000'000;
// It is a system call.
constexpr std::uint64_t kLooksAtClockEvery = 16;

struct Pcre2 {
  MatchBudget::Function match = nullptr;
  MatchBudget::Function jit_match = nullptr;
  void* (*create_context)(void*) = nullptr;
  void (*free_context)(void*) = nullptr;
  int (*set_match_limit)(void*, std::uint32_t) = nullptr;

  bool is_whole() const {
    return match != nullptr && jit_match != nullptr && create_context != nullptr &&
           free_context != nullptr && set_match_limit != nullptr;
  }
  static Pcre2 load() {
    Pcre2 loaded;
    void* const handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return loaded;
    const auto find = [handle]<class Pointer>(Pointer& pointer, const char* name) {
      pointer = reinterpret_cast<Pointer>(::dlsym(handle, name));
    };
    find(loaded.match, "pcre2_match_8");
    find(loaded.jit_match, "pcre2_jit_match_8");
    find(loaded.create_context, "pcre2_match_context_create_8");
    find(loaded.free_context, "pcre2_match_context_free_8");
    find(loaded.set_match_limit, "pcre2_set_match_limit_8");
    return loaded;
  }
  static const Pcre2& get() {
    static const Pcre2 loaded = load();
    return loaded;
  }
};

thread_local MatchBudget* budget = nullptr;

std::int64_t cpu_nanos() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

struct MatchBudget::Arguments {
  const void* code;
  const unsigned char* subject;
  std::size_t length;
  std::size_t start;
  std::uint32_t options;
  void* match_data;
};

base::Status MatchBudget::prepare() {
  if (Pcre2::get().is_whole()) return {};
  return base::failure(base::ErrorKind::unavailable, std::string("loading ") + kLibrary +
                                                         ": it is not there, or lacks something");
}

MatchBudget::MatchBudget()
    : end_nanos_(cpu_nanos() + kNanosMax), context_(Pcre2::get().create_context(nullptr)) {
  budget = this;
}

MatchBudget::~MatchBudget() {
  budget = nullptr;
  Pcre2::get().free_context(context_);
}

int MatchBudget::spend(Function function, const Arguments& of) {
  if (++comparisons_ % kLooksAtClockEvery == 0 && cpu_nanos() > end_nanos_) end_nanos_ = 0;
  if (end_nanos_ == 0) {
    is_exceeded_ = true;
    return kMatchLimit;
  }
  const std::size_t steps = std::clamp(kStepsOfTextMax / std::max<std::size_t>(of.length, 1),
                                       kStepsOfPlaceMin, kStepsOfPlaceMax);
  Pcre2::get().set_match_limit(context_, static_cast<std::uint32_t>(steps));
  const int result =
      function(of.code, of.subject, of.length, of.start, of.options, of.match_data, context_);
  is_exceeded_ = is_exceeded_ ||
                 std::find(kLimitErrors.begin(), kLimitErrors.end(), result) != kLimitErrors.end();
  return result;
}

}  // namespace proxy::firewall

// ---- What libmodsecurity finds in place of PCRE2's own

extern "C" {

int pcre2_match_8(const void* code, const unsigned char* subject, std::size_t length,
                  std::size_t start, std::uint32_t options, void* match_data, void* context) {
  const auto function = proxy::firewall::Pcre2::get().match;
  if (function == nullptr) return proxy::firewall::kInternal;
  if (proxy::firewall::budget == nullptr) {
    return function(code, subject, length, start, options, match_data, context);
  }
  return proxy::firewall::budget->spend(function,
                                        {code, subject, length, start, options, match_data});
}

int pcre2_jit_match_8(const void* code, const unsigned char* subject, std::size_t length,
                      std::size_t start, std::uint32_t options, void* match_data, void* context) {
  const auto function = proxy::firewall::Pcre2::get().jit_match;
  if (function == nullptr) return proxy::firewall::kInternal;
  if (proxy::firewall::budget == nullptr) {
    return function(code, subject, length, start, options, match_data, context);
  }
  return proxy::firewall::budget->spend(function,
                                        {code, subject, length, start, options, match_data});
}

}  // extern "C"
