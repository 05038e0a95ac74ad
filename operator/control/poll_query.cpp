#include "operator/control/poll_query.h"

#include <algorithm>

#include "base/time_text.h"

namespace control {
namespace {

constexpr std::size_t kRevisionBytes = 64;  // SHA-256 in hex
constexpr std::size_t kReasonBytesMax = 1024;
constexpr std::size_t kNameBytesMax = 253;  // of a Pod's name

std::string value_of(const std::map<std::string, std::string>& query, const char* name) {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

bool is_revision_or_empty(const std::string& text) {
  if (text.empty()) return true;
  return text.size() == kRevisionBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// It goes into our log: one line, of a length that we choose.
std::string printable(std::string text, std::size_t bytes_max) {
  if (text.size() > bytes_max) text.resize(bytes_max);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace

base::Result<PollQuery> read_poll_query(const std::map<std::string, std::string>& query) {
  PollQuery poll;
  poll.after = value_of(query, "after");
  poll.rejected = value_of(query, "rejected");
  poll.doubted = value_of(query, "doubted");
  poll.dialect = proxy::config::Dialect::read(value_of(query, "speaks"));
  poll.proxy = printable(value_of(query, "proxy"), kNameBytesMax);
  poll.reason = printable(value_of(query, "reason"), kReasonBytesMax);
  for (const auto& [name, revision] :
       {std::pair("after", &poll.after), std::pair("rejected", &poll.rejected),
        std::pair("doubted", &poll.doubted)}) {
    if (is_revision_or_empty(*revision)) continue;
    return base::failure(
        base::ErrorKind::invalid,
        std::string(name) + " must be a revision (64 hexadecimal digits) or empty");
  }
  const std::string wait = value_of(query, "wait");
  const auto duration = wait.empty() ? std::chrono::milliseconds(0) : base::parse_go_duration(wait);
  if (!duration) {
    return base::failure(base::ErrorKind::invalid, "wait must be a duration such as 60s");
  }
  poll.wait = std::min<std::chrono::milliseconds>(*duration, kWaitMax);
  return poll;
}

}  // namespace control
