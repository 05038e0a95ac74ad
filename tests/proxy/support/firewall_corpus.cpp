#include "tests/proxy/support/firewall_corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace proxy::support {
namespace {

constexpr const char* kBrowser =
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";

// "\r\n" is written as it is in C.
std::string with_line_ends(std::string text) {
  for (std::size_t at = 0; (at = text.find("\\r\\n", at)) != std::string::npos;) {
    text.replace(at, 4, "\r\n");
  }
  return text;
}

std::string take_until(std::string& rest, const std::string& end) {
  const std::size_t at = rest.find(end);
  std::string taken = rest.substr(0, at);
  rest = at == std::string::npos ? "" : rest.substr(at + end.size());
  return taken;
}

// Where a part is "> ", "form> ", "json> " or "xml> ", all that follows is the body.
bool take_body(const std::string& part, const std::string& rest, CorpusRequest& request) {
  const std::pair<const char*, const char*> kinds[] = {
      {"> ", ""},
      {"form> ", "application/x-www-form-urlencoded"},
      {"json> ", "application/json"},
      {"xml> ", "application/xml"}};
  for (const auto& [mark, type] : kinds) {
    if (!part.starts_with(mark)) continue;
    request.body = part.substr(std::string(mark).size());
    if (!rest.empty()) request.body += " | " + rest;
    request.body = with_line_ends(request.body);
    if (*type != '\0') request.fields.emplace_back("Content-Type", type);
    return true;
  }
  return false;
}

CorpusRequest read_request(const std::string& line) {
  CorpusRequest request{.line = line, .method = {}, .target = {}};
  std::string rest = line;
  request.method = take_until(rest, " ");
  request.target = take_until(rest, " | ");
  while (!rest.empty()) {
    std::string part = take_until(rest, " | ");
    if (take_body(part, rest, request)) break;
    const std::string name = take_until(part, ": ");
    request.fields.emplace_back(name, part);
  }
  return request;
}

CorpusClass read_class(const std::filesystem::path& path) {
  CorpusClass read{.name = path.stem().string(), .title = {}};
  std::ifstream file(path);
  std::vector<CorpusRequest>* into = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) {
      read.title = line.substr(2);
    } else if (line == "== attacks") {
      into = &read.attacks;
    } else if (line == "== harmless") {
      into = &read.harmless;
    } else if (into == nullptr) {
      throw std::runtime_error(path.string() + ": a request stands before its heading");
    } else {
      into->push_back(read_request(line));
    }
  }
  return read;
}

}  // namespace

std::string CorpusRequest::text() const {
  const auto has = [this](const std::string& name) {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& field) { return field.first == name; });
  };
  std::string text =
      method + " " + target + " HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n";
  if (!has("User-Agent")) text += std::string("User-Agent: ") + kBrowser + "\r\n";
  text += "Accept: */*\r\n";
  for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

std::vector<CorpusClass> read_firewall_corpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<CorpusClass> all;
  for (const auto& path : paths) all.push_back(read_class(path));
  return all;
}

}  // namespace proxy::support
