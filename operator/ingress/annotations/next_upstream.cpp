#include "operator/ingress/annotations/next_upstream.h"

#include <algorithm>
#include <array>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

using proxy::config::NextUpstream;

struct Word {
  std::string_view text;
  bool NextUpstream::*member;
};
constexpr std::array kWords = {
    Word{"error", &NextUpstream::error},
    Word{"timeout", &NextUpstream::timeout},
    Word{"invalid_header", &NextUpstream::invalid_answer},
    Word{"http_403", &NextUpstream::status_403},
    Word{"http_404", &NextUpstream::status_404},
    Word{"http_429", &NextUpstream::status_429},
    Word{"http_500", &NextUpstream::status_500},
    Word{"http_502", &NextUpstream::status_502},
    Word{"http_503", &NextUpstream::status_503},
    Word{"http_504", &NextUpstream::status_504},
    Word{"non_idempotent", &NextUpstream::non_idempotent},
};

constexpr NextUpstream kNever{.error = false, .timeout = false};

// Nothing where a word is not known.
std::optional<NextUpstream> read_words(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  NextUpstream next = kNever;
  bool is_off = false;
  while (!(text = trimmed(text)).empty()) {
    const std::size_t end = std::min(text.find_first_of(kSpace), text.size());
    const std::string_view written = text.substr(0, end);
    text.remove_prefix(end);
    if (is_same_word(written, "off")) {
      is_off = true;
      continue;
    }
    const auto* const word = std::find_if(kWords.begin(), kWords.end(), [&](const Word& one) {
      return is_same_word(one.text, written);
    });
    if (word == kWords.end()) return std::nullopt;
    next.*word->member = true;
  }
  return is_off ? kNever : next;
}

}  // namespace

std::optional<NextUpstream> read_next_upstream(const AnnotationMap& annotations, Issues& issues) {
  std::optional<NextUpstream> next;
  const auto complain = [&](const Found& found, const char* expected) {
    issues.push_back(bad_value(found, expected, Issue::Effect::tunes));
  };
  if (const auto found = find(annotations, "proxy-next-upstream")) {
    next = read_words(found->value);
    if (!next) {
      complain(
          *found,
          "of the words error, timeout, invalid_header, http_403, http_404, http_429, http_500, "
          "http_502, http_503, http_504, non_idempotent and off");
    }
  }
  if (const auto found = find(annotations, "proxy-next-upstream-tries")) {
    const auto tries = read_whole_number(found->value, proxy::config::kTriesMax);
    if (tries) {
      if (!next) next.emplace();
      next->tries = *tries;
    } else {
      complain(*found, "a number from 0 to 1000");
    }
  }
  if (const auto found = find(annotations, "proxy-next-upstream-timeout")) {
    const auto time = read_seconds(found->value);
    const auto count = time ? static_cast<std::uint64_t>(time->count()) : 0;
    if (time && count <= proxy::config::kTrySecondsMax) {
      if (!next) next.emplace();
      next->seconds = count;
    } else {
      complain(*found, "a number of seconds from 0 to 86400");
    }
  }
  return next;
}

}  // namespace ingress::annotations
