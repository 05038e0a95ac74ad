#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/broken_pipes.h"
#include "proxy/net/output.h"
#include "proxy/net/pipe.h"

namespace proxy::net {
namespace {

struct Pair {
  Fd near, far;
  Pair() {
    int ends[2] = {-1, -1};
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
    near = Fd(ends[0]);
    far = Fd(ends[1]);
  }
};

// A connection of which as much as possible was sent and nothing read.
std::size_t stuff(const Fd& fd) {
  std::size_t bytes = 0;
  for (;;) {
    const IoResult sent = send(fd.get(), "stuffing");
    if (sent.kind != IoResult::Kind::done) return bytes;
    bytes += sent.bytes;
  }
}

// All that is there now.
std::string read_some(const Fd& fd) {
  std::string text;
  char part[4096];
  for (;;) {
    const IoResult got = receive(fd.get(), part, sizeof part);
    if (got.kind != IoResult::Kind::done) return text;
    text.append(part, got.bytes);
  }
}

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + " ";
  text.resize(size);
  return text;
}

TEST(Pipe, MovesWhatThereIsAndTellsAnEmptySocketFromAClosedOne) {
  Pair from, to;
  const auto pipe = Pipe::create();
  ASSERT_NE(pipe, nullptr);
  EXPECT_EQ(pipe->fill_from(from.near.get(), 100).kind, IoResult::Kind::would_block);
  send(from.far.get(), "hello");
  EXPECT_EQ(pipe->fill_from(from.near.get(), 4).bytes, 4u);
  EXPECT_EQ(pipe->bytes(), 4u);
  EXPECT_EQ(pipe->drain_to(to.near.get()), IoResult::Kind::done);
  EXPECT_EQ(pipe->bytes(), 0u);
  EXPECT_EQ(read_some(to.far), "hell");
  EXPECT_EQ(pipe->fill_from(from.near.get(), 100).bytes, 1u);
  EXPECT_EQ(pipe->drain_to(to.near.get()), IoResult::Kind::done);
  from.far.reset();
  EXPECT_EQ(pipe->fill_from(from.near.get(), 100).kind, IoResult::Kind::closed);
}

TEST(Pipe, ASocketThatNobodyReadsAnyMoreIsAFailureAndNoSignal) {
  base::ignore_broken_pipes();
  Pair from, to;
  const auto pipe = Pipe::create();
  ASSERT_NE(pipe, nullptr);
  send(from.far.get(), "hello");
  EXPECT_EQ(pipe->fill_from(from.near.get(), 100).bytes, 5u);
  to.far.reset();
  EXPECT_EQ(pipe->drain_to(to.near.get()), IoResult::Kind::failed);
  EXPECT_EQ(pipe->bytes(), 5u);
}

TEST(Pipes, AreBoundedAndOneWithBytesLeftIsNotLentAgain) {
  Pair from;
  Pipes pipes(2);
  auto first = pipes.take();
  auto second = pipes.take();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(pipes.take(), nullptr);
  send(from.far.get(), "left");
  first->fill_from(from.near.get(), 4);
  pipes.give_back(std::move(first));
  EXPECT_EQ(pipes.lent(), 1u);
  const auto next = pipes.take();
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->bytes(), 0u);
}

TEST(Output, WhatWasMovedGoesBeforeWhatWasWrittenAfterIt) {
  Pair from, to;
  Pipes pipes(1);
  Output output;
  const std::string text = text_of(30'000);
  ASSERT_EQ(send(from.far.get(), text).bytes, text.size());
  const std::size_t stuffing = stuff(to.near);
  const auto moved = output.move(from.near.get(), to.near.get(), 20'000, pipes);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->taken.bytes, 20'000u);
  EXPECT_FALSE(moved->broken);
  EXPECT_EQ(output.size(), 20'000u);
  EXPECT_EQ(pipes.lent(), 1u);
  EXPECT_TRUE(output.send(to.near.get(), "and then this"));
  EXPECT_EQ(output.size(), 20'013u);
  EXPECT_EQ(output.flush(to.near.get()), IoResult::Kind::would_block);

  std::string got;
  while (output.size() > 0) {
    got += read_some(to.far);
    ASSERT_NE(output.flush(to.near.get()), IoResult::Kind::failed);
  }
  got += read_some(to.far);
  EXPECT_EQ(got.substr(stuffing), text.substr(0, 20'000) + "and then this");
  EXPECT_EQ(pipes.lent(), 0u);
  EXPECT_EQ(read_some(from.near), text.substr(20'000));
}

TEST(Output, TakesNothingWhenThereIsNoPipe) {
  Pair from, to;
  Pipes pipes(0);
  Output output;
  send(from.far.get(), "hello");
  EXPECT_FALSE(output.move(from.near.get(), to.near.get(), 5, pipes));
  EXPECT_EQ(output.size(), 0u);
  EXPECT_EQ(read_some(from.near), "hello");
}

TEST(Output, HoldsAPipeOnlyWhileThereIsSomethingInIt) {
  Pair from, to, stuck;
  stuff(stuck.near);
  Pipes pipes(1);
  {
    Output output;
    send(from.far.get(), "hello");
    EXPECT_TRUE(output.move(from.near.get(), to.near.get(), 5, pipes));
    EXPECT_EQ(pipes.lent(), 0u);
    EXPECT_EQ(output.move(from.near.get(), to.near.get(), 5, pipes)->taken.kind,
              IoResult::Kind::would_block);
    EXPECT_EQ(pipes.lent(), 0u);
    send(from.far.get(), "again");
    EXPECT_TRUE(output.move(from.near.get(), stuck.near.get(), 5, pipes));
    EXPECT_EQ(pipes.lent(), 1u);
  }
  EXPECT_EQ(pipes.lent(), 0u);
}

}  // namespace
}  // namespace proxy::net
