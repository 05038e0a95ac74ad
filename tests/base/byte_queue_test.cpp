#include "base/byte_queue.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ByteQueue, GivesWhatWasAppendedInOrder) {
  ByteQueue queue;
  std::string appended, taken;
  for (int i = 0; i < 2'000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    queue.append(piece);
    appended += piece;
    const std::size_t count = std::min<std::size_t>(queue.size(), static_cast<std::size_t>(i) % 89);
    taken += queue.view().substr(0, count);
    queue.consume(count);
  }
  taken += queue.view();
  queue.consume(queue.size());
  EXPECT_EQ(taken, appended);
  EXPECT_TRUE(queue.empty());
}

TEST(ByteQueue, ThatNeverRunsEmptyHoldsNoMoreForAllThatPassed) {
  for (const std::size_t waiting : {1u, 100u, 5'000u, 100'000u}) {
    for (const std::size_t step : {1u, 7u, 1'024u, 70'000u}) {
      ByteQueue queue;
      queue.append(std::string(waiting, 'w'));
      const std::string piece(step, 'p');
      std::size_t held = 0;
      for (std::size_t passed = 0; passed < std::min<std::size_t>(step * 3'000, 8u << 20);
           passed += step) {
        queue.append(piece);
        queue.consume(step);
        held = std::max(held, queue.capacity());
      }
      EXPECT_EQ(queue.size(), waiting);
      EXPECT_LE(held, 4 * (waiting + step) + 2 * ByteQueue::kKeptBytes) << waiting << " " << step;
    }
  }
}

TEST(ByteQueue, LeavesWhatWaitsWhereItLiesWhileThatIsMoreThanAQuarter) {
  constexpr std::size_t kStep = 16u << 10;
  ByteQueue queue;
  queue.append(std::string(8 * kStep, 'x'));
  const char* const begin = queue.view().data();
  for (std::size_t taken = kStep; taken <= 5 * kStep; taken += kStep) {
    queue.consume(kStep);
    EXPECT_EQ(queue.view().data(), begin + taken);
  }
  queue.consume(2 * kStep);
  EXPECT_LE(queue.capacity(), 4 * queue.size() + ByteQueue::kKeptBytes);
}

TEST(ByteQueue, GivesBackWhatABurstTookOnceMostOfItIsTaken) {
  ByteQueue queue;
  queue.append(std::string(1 << 20, 'x'));
  queue.consume((1 << 20) - 100);
  EXPECT_LE(queue.capacity(), 2 * ByteQueue::kKeptBytes);
}

TEST(ByteQueue, ThatIsEmptyKeepsASmallPieceOfMemoryAtMost) {
  ByteQueue queue;
  queue.append(std::string(1 << 20, 'x'));
  queue.consume(1 << 20);
  EXPECT_LE(queue.capacity(), ByteQueue::kKeptBytes);
  queue.append(std::string(1 << 20, 'x'));
  queue.clear();
  EXPECT_LE(queue.capacity(), ByteQueue::kKeptBytes);
}

}  // namespace
}  // namespace base
