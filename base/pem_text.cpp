#include "base/pem_text.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/digest.h"

namespace base {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "\n-----END ";

// What a small form is made of: pieces, each with its kind, its length and its bytes.
enum class Kind : char { text, certificate, private_key, ec_private_key, rsa_private_key };
constexpr std::array<std::string_view, 5> kLabels = {"", "CERTIFICATE", "PRIVATE KEY",
                                                     "EC PRIVATE KEY", "RSA PRIVATE KEY"};

using Length = std::uint32_t;

void add_length(std::string& bytes, std::size_t length) {
  const auto value = static_cast<Length>(length);
  std::array<char, sizeof value> raw{};
  std::memcpy(raw.data(), &value, sizeof value);
  bytes.append(raw.data(), raw.size());
}

std::size_t length_at(const char* place) {
  Length value = 0;
  std::memcpy(&value, place, sizeof value);
  return value;
}

void add_piece(std::string& bytes, Kind kind, std::string_view content) {
  bytes += static_cast<char>(kind);
  add_length(bytes, content.size());
  bytes += content;
}

template <class Visit>
void for_each_piece(std::string_view small, const Visit& visit) {
  while (!small.empty()) {
    const auto kind = static_cast<Kind>(small.front());
    const std::size_t length = length_at(small.data() + 1);
    visit(kind, small.substr(1 + sizeof(Length), length));
    small.remove_prefix(1 + sizeof(Length) + length);
  }
}

PemBlock block_of(Kind kind, std::string_view der) {
  return {std::string(kLabels.at(static_cast<std::size_t>(kind))), std::string(der)};
}

void add_text(std::string& text, std::string_view small) {
  for_each_piece(small, [&](Kind kind, std::string_view content) {
    text += kind == Kind::text ? std::string(content) : write_pem(block_of(kind, content));
  });
}

// Where the next block begins and ends; nothing: there is none, or it does not end.
struct Span {
  std::size_t begin;
  std::size_t end;
};
std::optional<Span> next_block(std::string_view text) {
  std::size_t begin = text.find(kBegin);
  while (begin != std::string_view::npos && begin > 0 && text[begin - 1] != '\n') {
    begin = text.find(kBegin, begin + 1);
  }
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end_line = text.find(kEnd, begin);
  if (end_line == std::string_view::npos) return std::nullopt;
  const std::size_t end = text.find('\n', end_line + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return Span{begin, end + 1};
}

// The kind of what stands there as write_pem() writes it, and nothing else.
std::optional<std::pair<Kind, std::string>> read_block(std::string_view text) {
  const auto blocks = read_pem(text);
  if (!blocks || blocks->size() != 1 || write_pem(blocks->front()) != text) return std::nullopt;
  for (std::size_t i = 1; i < kLabels.size(); ++i) {
    if (kLabels.at(i) == blocks->front().label) {
      return std::pair(static_cast<Kind>(i), blocks->front().der);
    }
  }
  return std::nullopt;
}

// Takes what is up to the end of the first such block off the text. Empty: there is none.
std::string take_small(std::string_view& text) {
  std::string small;
  for (std::size_t looked_at = 0; const auto span = next_block(text.substr(looked_at));) {
    const std::size_t begin = looked_at + span->begin;
    const std::size_t end = looked_at + span->end;
    const auto block = read_block(text.substr(begin, end - begin));
    if (!block) {
      looked_at = end;
      continue;
    }
    if (begin > 0) add_piece(small, Kind::text, text.substr(0, begin));
    add_piece(small, block->first, block->second);
    text.remove_prefix(end);
    break;
  }
  return small;
}

// Texts that many have in common, each once for as long as somebody has it.
class CommonTexts {
 public:
  std::shared_ptr<const std::string> of(std::string text) {
    std::string hash = sha256(text);
    const std::lock_guard lock(mutex_);
    const auto known = texts_.find(hash);
    if (known != texts_.end()) {
      if (auto held = known->second.lock()) return held;
    }
    if (texts_.size() >= sweep_at_) {
      std::erase_if(texts_, [](const auto& entry) { return entry.second.expired(); });
      sweep_at_ = 2 * texts_.size() + kSweepAtLeast;
    }
    text.shrink_to_fit();
    auto made = std::make_shared<const std::string>(std::move(text));
    texts_.insert_or_assign(std::move(hash), made);
    return made;
  }

 private:
  static constexpr std::size_t kSweepAtLeast = 64;
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const std::string>> texts_;
  std::size_t sweep_at_ = kSweepAtLeast;
};

// Before the pieces: the size of the text as a whole, and theirs.
constexpr std::size_t kHeadBytes = 2 * sizeof(Length);

std::shared_ptr<const char[]> with_head(std::size_t text_bytes, const std::string& pieces) {
  std::string head;
  add_length(head, text_bytes);
  add_length(head, pieces.size());
  auto made = std::make_shared<char[]>(kHeadBytes + pieces.size());
  std::memcpy(made.get(), head.data(), kHeadBytes);
  std::memcpy(made.get() + kHeadBytes, pieces.data(), pieces.size());
  return made;
}

std::string_view pieces_of(const char* with_head) {
  return {with_head + kHeadBytes, length_at(with_head + sizeof(Length))};
}

}  // namespace

PemText::PemText(std::string text)
    : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}

PemText PemText::small(std::string_view text) {
  if (text.size() > kPemTextBytesMax) return PemText(text);
  std::string_view rest = text;
  const std::string begin = take_small(rest);
  if (begin.empty()) return PemText(text);
  static CommonTexts common;
  PemText made;
  made.begin_ = with_head(text.size(), begin);
  std::string behind;
  for (std::string next = take_small(rest); !next.empty(); next = take_small(rest)) behind += next;
  if (!rest.empty()) add_piece(behind, Kind::text, rest);
  if (!behind.empty()) made.text_ = common.of(std::move(behind));
  return made;
}

std::string PemText::text() const {
  if (begin_ == nullptr) return text_ == nullptr ? std::string() : *text_;
  std::string text;
  text.reserve(size());
  add_text(text, pieces_of(begin_.get()));
  if (text_ != nullptr) add_text(text, *text_);
  return text;
}

std::size_t PemText::size() const {
  if (begin_ != nullptr) return length_at(begin_.get());
  return text_ == nullptr ? 0 : text_->size();
}

std::shared_ptr<const std::string> PemText::held_text() const {
  return begin_ == nullptr ? text_ : nullptr;
}

Result<std::vector<PemBlock>> PemText::blocks() const {
  if (begin_ == nullptr) return read_pem(text());
  std::vector<PemBlock> blocks;
  bool has_others = false;
  const auto add = [&](Kind kind, std::string_view content) {
    if (kind == Kind::text) {
      has_others = has_others || content.find(kBegin) != std::string_view::npos;
    } else {
      blocks.push_back(block_of(kind, content));
    }
  };
  for_each_piece(pieces_of(begin_.get()), add);
  if (text_ != nullptr) for_each_piece(*text_, add);
  // What is wrong with them, if anything is, counts in their order.
  if (has_others || blocks.size() > kPemBlocksMax) return read_pem(text());
  return blocks;
}

bool PemText::is_same(const PemText& other) const {
  if (size() != other.size()) return false;
  if (begin_ == nullptr || other.begin_ == nullptr) return text() == other.text();
  // One text has one small form.
  const auto behind = [](const PemText& one) {
    return one.text_ == nullptr ? std::string_view() : std::string_view(*one.text_);
  };
  return pieces_of(begin_.get()) == pieces_of(other.begin_.get()) && behind(*this) == behind(other);
}

}  // namespace base
