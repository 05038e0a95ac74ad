#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/admin/access_log.h"

namespace proxy::admin {
namespace {

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gatehouse-log-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~AccessLogTest() override { std::filesystem::remove_all(directory_); }

  std::string read(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::filesystem::path directory_;
};

AccessRecord request(std::string_view id) {
  return {.method = "GET", .path = "/", .protocol = "HTTP/1.1", .status = 200, .request_id = id};
}

TEST_F(AccessLogTest, WritesEveryLineOfEveryWorkerOnce) {
  const std::string path = (directory_ / "access.log").string();
  constexpr int kWorkers = 4;
  constexpr int kLines = 2000;
  {
    auto log = AccessLog::open(path);
    ASSERT_TRUE(log);
    std::vector<std::thread> workers;
    for (int w = 0; w < kWorkers; ++w) {
      workers.emplace_back([&log, w] {
        AccessLog::Lines lines(**log);
        for (int i = 0; i < kLines; ++i) {
          const std::string id = std::to_string(w) + "-" + std::to_string(i);
          lines.add(request(id));
          if (i % 7 == 0) lines.flush();
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ((*log)->dropped_lines(), 0u);
  }
  std::istringstream text(read(path));
  std::vector<std::string> ids;
  for (std::string line; std::getline(text, line);) {
    ids.push_back(nlohmann::json::parse(line)["request_id"]);
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(kWorkers * kLines));
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

TEST_F(AccessLogTest, AReaderThatDoesNotReadBlocksNobody) {
  const std::string path = (directory_ / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  {
    auto log = AccessLog::open(path);
    ASSERT_TRUE(log);
    AccessLog::Lines lines(**log);
    // More than all the room there is: in the worker, waiting, and in the pipe.
    const std::string id(2000, 'x');
    const std::size_t count = 3 * AccessLog::kPendingBytesMax / id.size();
    for (std::size_t i = 0; i < count; ++i) {
      lines.add(request(id));
      lines.flush();
    }
    EXPECT_GT((*log)->dropped_lines(), 0u);
    EXPECT_LT((*log)->dropped_lines(), count);
  }  // ends although nobody reads
  ::close(reader);
}

TEST_F(AccessLogTest, AReaderThatGoesAwayEndsNothing) {
  const std::string path = (directory_ / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  auto log = AccessLog::open(path);
  ASSERT_TRUE(log);
  ::close(reader);
  {
    AccessLog::Lines lines(**log);
    lines.add(request("a"));
  }
  log->reset();  // the last lines meet a closed pipe here at the latest
}

TEST_F(AccessLogTest, OffWritesNothing) {
  auto log = AccessLog::open("off");
  ASSERT_TRUE(log);
  AccessLog::Lines lines(**log);
  lines.add(request("a"));
  EXPECT_TRUE((*log)->is_off());
}

TEST_F(AccessLogTest, AFileThatCannotBeOpenedIsOneSentence) {
  const auto log = AccessLog::open((directory_ / "no" / "access.log").string());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().message, "the access log " + (directory_ / "no" / "access.log").string() +
                                     " cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace proxy::admin
