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

TEST(RequestId, NewOnesDiffer) {
  RequestIds ids;
  RequestIds::Text a, b;
  ids.next(a);
  ids.next(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace proxy::http
