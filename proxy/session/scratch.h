#pragma once

#include <string>

namespace proxy::session {

// Texts that a worker's requests are decided with. Each is used during one event, by one request at
// a time, and what is in it is gone with the next.
struct Scratch {
  std::string path;         // normalized
  std::string rewrite;      // as an endpoint is asked for it
  std::string credentials;  // decoded, of Basic authentication
};

}  // namespace proxy::session
