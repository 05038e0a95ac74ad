#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"

// Parsing for tests: whole, and byte by byte from a buffer that moves each time.
namespace proxy::http1 {

// What came out of parsing, as text, so that two ways of parsing can be compared and a difference
// can be read.
struct Parsed {
  std::string verdict;  // "complete at 40", "needs more", "failed: bad_host"
  std::string head;
};

inline std::string describe(const http::RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.path).append(" ").append(head.query).append(" ").append(head.host);
  text += "\nminor " + std::to_string(head.minor_version);
  if (head.content_length) text += " length " + std::to_string(*head.content_length);
  if (head.chunked) text += " chunked";
  if (head.keep_alive) text += " keep-alive";
  if (head.expects_continue) text += " expects-continue";
  if (!head.upgrade.empty()) text += " upgrade " + std::string(head.upgrade);
  for (const http::Field& field : head.fields) {
    text.append("\n").append(field.name).append("=").append(field.value);
    if (field.dropped) text += " dropped";
  }
  return text;
}

inline std::string describe(const http::ResponseHead& head) {
  std::string text = std::to_string(head.status) + " ";
  text.append(head.reason);
  text += "\nframing " + std::to_string(static_cast<int>(head.framing));
  if (head.content_length) text += " length " + std::to_string(*head.content_length);
  if (head.keep_alive) text += " keep-alive";
  for (const http::Field& field : head.fields) {
    text.append("\n").append(field.name).append("=").append(field.value);
    if (field.dropped) text += " dropped";
  }
  return text;
}

template <class Parser>
std::string verdict_of(const Parser& parser, typename Parser::Outcome outcome) {
  switch (outcome) {
    case Parser::Outcome::complete:
      return "complete at " + std::to_string(parser.head_bytes());
    case Parser::Outcome::failed:
      return "failed: " + std::string(http::reason_of(parser.failure()));
    default:
      return "needs more";
  }
}

inline Parsed parse_whole(std::string_view bytes, const Limits& limits = {}) {
  RequestParser parser(limits);
  http::RequestHead head;
  const auto outcome = parser.parse(bytes, head);
  const bool complete = outcome == RequestParser::Outcome::complete;
  return {verdict_of(parser, outcome), complete ? describe(head) : ""};
}

inline Parsed parse_bytewise(std::string_view bytes, const Limits& limits = {}) {
  RequestParser parser(limits);
  http::RequestHead head;
  auto outcome = RequestParser::Outcome::needs_more;
  // Exact-size copies, so that AddressSanitizer sees a read past the end or of the old buffer.
  std::unique_ptr<char[]> copy;
  for (std::size_t n = 1; n <= bytes.size() && outcome == RequestParser::Outcome::needs_more; ++n) {
    auto moved = std::make_unique<char[]>(n);
    bytes.copy(moved.get(), n);
    outcome = parser.parse({moved.get(), n}, head);
    copy = std::move(moved);
  }
  const bool complete = outcome == RequestParser::Outcome::complete;
  return {verdict_of(parser, outcome), complete ? describe(head) : ""};
}

inline Parsed parse_response_whole(std::string_view bytes, Question question = {},
                                   const Limits& limits = {}) {
  ResponseParser parser(limits);
  http::ResponseHead head;
  const auto outcome = parser.parse(bytes, question, head);
  const bool complete = outcome == ResponseParser::Outcome::complete;
  return {verdict_of(parser, outcome), complete ? describe(head) : ""};
}

inline Parsed parse_response_bytewise(std::string_view bytes, Question question = {},
                                      const Limits& limits = {}) {
  ResponseParser parser(limits);
  http::ResponseHead head;
  auto outcome = ResponseParser::Outcome::needs_more;
  std::unique_ptr<char[]> copy;
  for (std::size_t n = 1; n <= bytes.size() && outcome == ResponseParser::Outcome::needs_more;
       ++n) {
    auto moved = std::make_unique<char[]>(n);
    bytes.copy(moved.get(), n);
    outcome = parser.parse({moved.get(), n}, question, head);
    copy = std::move(moved);
  }
  const bool complete = outcome == ResponseParser::Outcome::complete;
  return {verdict_of(parser, outcome), complete ? describe(head) : ""};
}

}  // namespace proxy::http1
