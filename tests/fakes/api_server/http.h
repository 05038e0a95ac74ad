#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fakes::api_server {

struct Request {
  std::string method;
  std::string path;                            // percent-encoding kept
  std::map<std::string, std::string> query;    // decoded; the last of a repeated name
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
  std::string parameter(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  }
  bool has(const std::string& name) const { return query.count(name) != 0; }
};

// The open end of a streamed answer.
class Stream {
 public:
  virtual ~Stream() = default;
  // False when the peer has gone or the server stops: the writer returns then.
  virtual bool write(std::string_view bytes) = 0;
  virtual bool is_open() = 0;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // When set, chunks instead of body until it returns: true ends the body well, false hangs up.
  std::function<bool(Stream&)> stream;
  bool hang_up = false;  // close the connection without an answer
};

std::string percent_decoded(std::string_view text);

}  // namespace fakes::api_server
