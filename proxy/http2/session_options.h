#pragma once

#include <memory>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using OptionPtr = std::unique_ptr<nghttp2_option, OptionDeleter>;

// What bounds libnghttp2 in either role: windows are opened by us alone, nothing is kept of streams
// that are over, a head has few CONTINUATION frames, and answers to pings and settings that the
// peer does not read are few. nullptr: no memory.
OptionPtr bounded_options();

}  // namespace proxy::http2
