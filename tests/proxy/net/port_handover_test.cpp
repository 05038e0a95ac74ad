// Where new clients go while the sockets of a shared port are closed one after the other.
#include "proxy/net/port_handover.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::net {
namespace {

// The kernel's row of sockets: 'o' is one of ours, 'n' one of the others'. The last takes the place
// of one that is closed (reuseport_detach_sock() in net/core/sock_reuseport.c).
class KernelRow {
 public:
  KernelRow(unsigned ours, unsigned others)
      : sockets_(std::string(ours, 'o') + std::string(others, 'n')) {}
  void close(unsigned place) {
    sockets_[place] = sockets_.back();
    sockets_.pop_back();
  }
  // Which may be given a client: a choice that names no socket is no choice.
  std::string given(Row row) const {
    std::string all;
    for (unsigned i = row.first; i < row.first + row.count; ++i) {
      all += i < sockets_.size() ? std::string(1, sockets_[i]) : sockets_;
    }
    return all;
  }
  const std::string& sockets() const { return sockets_; }

 private:
  std::string sockets_;
};

TEST(PortHandover, NoSocketThatIsAboutToCloseIsGivenAClient) {
  for (unsigned ours = 1; ours <= 6; ++ours) {
    for (unsigned others = 1; others <= 6; ++others) {
      KernelRow row(ours, others);
      for (unsigned left = ours; left > 0; --left) {
        const Row chosen = PortHandover::row_while_closing(left, others);
        EXPECT_EQ(row.given(chosen).find('o'), std::string::npos) << ours << " " << others;
        row.close(left - 1);
        // The one of the others that is alone moves at each step.
        if (others > 1 || left == 1) {
          EXPECT_EQ(row.given(chosen).find('o'), std::string::npos) << ours << " " << others;
        }
      }
    }
  }
}

TEST(PortHandover, AllOfTheOthersAreGivenClientsWhenOursAreClosed) {
  for (unsigned others = 1; others <= 6; ++others) {
    KernelRow row(1, others);
    const Row chosen = PortHandover::row_while_closing(1, others);
    row.close(0);
    EXPECT_EQ(row.given(chosen), row.sockets());
  }
}

}  // namespace
}  // namespace proxy::net
