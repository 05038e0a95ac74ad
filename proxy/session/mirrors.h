#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/session/side_request.h"
#include "proxy/upstream/cluster.h"

namespace proxy::session {

// Copies of requests that are under way, of one worker: nobody waits for them, and what finds no
// room is left out. One worker's thread only.
class Mirrors {
 public:
  // A target that never answers holds so many, each for as long as its cluster's times allow.
  static constexpr std::size_t kMax = 256;
  // Of one copy, with its body: as much as is gathered of a request.
  static constexpr std::size_t kBytesOfOneMax = 64u << 10;
  // Of all of them, those included whose request has not ended.
  static constexpr std::size_t kBytesMax = 8u << 20;

  // What a copy holds while its request comes in. Given back when it is destroyed.
  class Share {
   public:
    explicit Share(Mirrors& mirrors) : mirrors_(mirrors) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { mirrors_.bytes_ -= held_; }
    // False: it, or all of them, would hold too much; it holds what it held.
    bool hold(std::size_t bytes);

   private:
    Mirrors& mirrors_;
    std::size_t held_ = 0;
  };

  explicit Mirrors(const SideRequest::Means& means);
  ~Mirrors();

  bool is_full() const;
  // `text`: the whole request, of this method. `preface`: what its connection begins with.
  void send(std::shared_ptr<upstream::Cluster> cluster, std::string_view method,
            const std::string& text, std::string preface);
  // Before the clusters that they go to are gone.
  void end_all();

 private:
  struct Copy;

  SideRequest::Means means_;
  std::size_t bytes_ = 0;
  std::list<Copy> copies_;
};

}  // namespace proxy::session
