#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pem.h"
#include "base/result.h"

namespace base {

// PEM that is held for long, by the thousand, and seldom read as text: as it came, or in less room
// (small()). Then each block is the DER that it stands for, where that gives the very text again,
// and what stands behind the first one is held once for all texts that end so: the ten thousand
// chains of a cluster have a handful of issuers. The text is always what it was, byte for byte.
// Immutable; copies share. Any thread.
class PemText {
 public:
  PemText() = default;
  PemText(std::string text);
  PemText(std::string_view text) : PemText(std::string(text)) {}
  PemText(const char* text) : PemText(std::string(text)) {}
  static PemText small(std::string_view text);

  std::string text() const;
  std::size_t size() const;  // of the text, in bytes
  bool empty() const { return size() == 0; }
  // The text in memory; nullptr: it is held in less room, or is empty.
  std::shared_ptr<const std::string> held_text() const;
  // Both are one in memory.
  bool shares_with(const PemText& other) const {
    return begin_ == other.begin_ && text_ == other.text_;
  }
  // As read_pem() of the text.
  Result<std::vector<PemBlock>> blocks() const;

  friend bool operator==(const PemText& one, const PemText& other) {
    return one.shares_with(other) || one.is_same(other);
  }

 private:
  bool is_same(const PemText& other) const;

  std::shared_ptr<const char[]> begin_;  // of what is held small: up to the end of its first block
  std::shared_ptr<const std::string> text_;  // what is behind that, small, too; or the whole text
};

}  // namespace base
