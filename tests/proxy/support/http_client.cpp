#include "tests/proxy/support/http_client.h"

#include <algorithm>

namespace proxy::support {

bool HttpClient::fill() {
  const std::string more = stream_.receive();
  pending_ += more;
  return !more.empty();
}

bool HttpClient::read_line(std::string& line) {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n")) == std::string::npos) {
    if (!fill()) return false;
  }
  line = pending_.substr(0, end);
  pending_.erase(0, end + 2);
  return true;
}

std::string HttpClient::read_bytes(std::size_t size) {
  while (pending_.size() < size && fill()) {
  }
  const std::string bytes = pending_.substr(0, size);
  pending_.erase(0, bytes.size());
  return bytes;
}

void HttpClient::read_chunks(HttpAnswer& answer) {
  std::string line;
  while (read_line(line)) {
    const std::size_t size = std::stoul(line, nullptr, 16);
    if (size == 0) {
      while ((answer.complete = read_line(line)) && !line.empty()) answer.trailer += line + "\n";
      return;
    }
    const std::string data = read_bytes(size);
    answer.body += data;
    if (data.size() < size || !read_line(line)) return;
  }
}

HttpAnswer HttpClient::read_answer(bool head_method) {
  HttpAnswer answer;
  std::string line;
  if (!read_line(line) || line.size() < 12) return answer;
  const int status = std::stoi(line.substr(9, 3));
  while (read_line(line) && !line.empty()) {
    const std::size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    answer.fields[name] = line.substr(colon + 2);
  }
  if (!line.empty()) return answer;
  answer.status = status;
  if (head_method || status < 200 || status == 204 || status == 304) {
    answer.complete = true;
  } else if (answer.fields.contains("transfer-encoding")) {
    read_chunks(answer);
  } else if (answer.fields.contains("content-length")) {
    const std::size_t size = std::stoul(answer.fields["content-length"]);
    answer.body = read_bytes(size);
    answer.complete = answer.body.size() == size;
  } else {
    while (fill()) {
    }
    answer.body = std::exchange(pending_, {});
    answer.complete = stream_.at_end();
  }
  return answer;
}

HttpAnswer HttpClient::get(const std::string& path, const std::string& host) {
  if (!send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")) return {};
  return read_answer();
}

}  // namespace proxy::support
