#include "proxy/http/request_id.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

RequestHead with_request_ids(const std::vector<std::string>& ids) {
  RequestHead head;
  for (const std::string& id : ids) {
    head.fields.push_back({"X-Request-ID", id, FieldId::x_request_id});
  }
  return head;
}

TEST(RequestId, TheClientsIsKeptWhenItIsOneUsableValue) {
  RequestIds ids({1, 2, 3, 4});
  RequestIds::Text storage;
  const std::vector<std::string> good = {"abc-123"};
  EXPECT_EQ(choose_request_id(with_request_ids(good), ids, storage), "abc-123");
  const std::vector<std::vector<std::string>> unusable = {
      {}, {""}, {"a", "b"}, {"a b"}, {"\xc3\xa9"}, {std::string(129, 'a')}};
  for (const auto& values : unusable) {
    const std::string_view id = choose_request_id(with_request_ids(values), ids, storage);
    EXPECT_EQ(id.size(), 32u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string_view::npos);
  }
}

TEST(RequestId, HasEveryDigitOfItsNumbers) {
  RequestIds ids({1, 2, 3, 4});
  RequestIds numbers({1, 2, 3, 4});
  RequestIds::Text text;
  for (int i = 0; i < 100; ++i) {
    ids.next(text);
    std::string expected;
    for (int half = 0; half < 2; ++half) {
      const std::uint64_t number = numbers.draw();
      for (int digit = 0; digit < 16; ++digit) {
        expected += "0123456789abcdef"[(number >> (4 * digit)) & 15];
      }
    }
    EXPECT_EQ(std::string_view(text.data(), text.size()), expected);
  }
}

TEST(RequestId, NewOnesDiffer) {
  RequestIds ids;
  RequestIds::Text a, b;
  ids.next(a);
  ids.next(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace proxy::http
