#include "base/pem.h"

#include <optional>

#include "base/base64url.h"

namespace base {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kLineWidth = 64;  // RFC 7468 §2

std::string_view without_trailing_space(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  return line;
}

// Takes the next line off the text, without its line break.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return without_trailing_space(line);
}

// "X" of "-----BEGIN X-----".
std::optional<std::string_view> label_of(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix) || !line.ends_with(kDashes)) return std::nullopt;
  if (line.size() < prefix.size() + kDashes.size()) return std::nullopt;
  line.remove_prefix(prefix.size());
  line.remove_suffix(kDashes.size());
  return line;
}

std::string nth_block(std::size_t index, std::string_view label) {
  // The label came from outside; a wild one would only spoil the sentence.
  constexpr std::size_t kShownMax = 40;
  return "PEM block " + std::to_string(index + 1) + " (" + std::string(label.substr(0, kShownMax)) +
         ")";
}

bool is_label(std::string_view label) {
  for (const char c : label) {
    if (c < 0x20 || c > 0x7e) return false;
  }
  return true;
}

// Reads up to and including the END line. The text stands behind the BEGIN line.
Result<PemBlock> read_block(std::string_view& text, std::string_view label, std::size_t index) {
  // A block whose line ends were lost. Not a word of it: the "label" holds the key itself.
  if (label.find(kDashes) != std::string_view::npos) {
    return failure(ErrorKind::invalid,
                   "PEM block " + std::to_string(index + 1) +
                       " stands on one line; BEGIN and END must each have a line of its own");
  }
  if (!is_label(label)) {
    return failure(ErrorKind::invalid, "PEM block " + std::to_string(index + 1) +
                                           " has a label with characters that are not printable");
  }
  std::string base64;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (const auto end_label = label_of(line, kEnd)) {
      if (*end_label != label) {
        return failure(ErrorKind::invalid,
                       nth_block(index, label) + " ends with another label than it began with");
      }
      auto der = base64_decode(base64);
      if (!der) {
        return failure(ErrorKind::invalid, nth_block(index, label) + " is not valid base64");
      }
      if (der->size() > kPemBlockBytesMax) {
        return failure(ErrorKind::invalid, nth_block(index, label) + " is larger than 1 MiB");
      }
      return PemBlock{std::string(label), std::move(*der)};
    }
    if (line.starts_with(kBegin)) break;
    base64 += line;
    if (base64.size() / 4 * 3 > kPemBlockBytesMax + 3) {
      return failure(ErrorKind::invalid, nth_block(index, label) + " is larger than 1 MiB");
    }
  }
  return failure(ErrorKind::invalid, nth_block(index, label) + " has no END line");
}

}  // namespace

Result<std::vector<PemBlock>> read_pem(std::string_view text) {
  if (text.size() > kPemTextBytesMax) {
    return failure(ErrorKind::invalid, "the PEM text is larger than 8 MiB");
  }
  std::vector<PemBlock> blocks;
  while (!text.empty()) {
    const auto label = label_of(take_line(text), kBegin);
    if (!label) continue;
    if (blocks.size() == kPemBlocksMax) {
      return failure(ErrorKind::invalid,
                     "the PEM text has more than " + std::to_string(kPemBlocksMax) + " blocks");
    }
    auto block = read_block(text, *label, blocks.size());
    if (!block) return failure(block.error());
    blocks.push_back(std::move(*block));
  }
  return blocks;
}

std::string write_pem(const PemBlock& block) {
  std::string text = std::string(kBegin) + block.label + std::string(kDashes) + "\n";
  const std::string base64 = base64_encode(block.der);
  for (std::size_t at = 0; at < base64.size(); at += kLineWidth) {
    text.append(base64, at, kLineWidth) += '\n';
  }
  return text + std::string(kEnd) + block.label + std::string(kDashes) + "\n";
}

}  // namespace base
