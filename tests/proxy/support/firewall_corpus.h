#pragma once

#include <string>
#include <utility>
#include <vector>

namespace proxy::support {

// One request of tests/golden/firewall: "POST /login | Name: value | form> user=ann".
struct CorpusRequest {
  std::string line;  // as written, to be shown
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> fields{};
  std::string body{};

  std::string text() const;  // as HTTP/1.1, on a connection of its own
};

// A class of attacks, and what looks like them.
struct CorpusClass {
  std::string name;   // of its file: "sql_injection"
  std::string title;  // a sentence
  std::vector<CorpusRequest> attacks{}, harmless{};
};

// All of the folder, by name.
std::vector<CorpusClass> read_firewall_corpus(const std::string& folder);

}  // namespace proxy::support
