#include "proxy/http2/session_options.h"

namespace proxy::http2 {

OptionPtr bounded_options() {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0) return nullptr;
  OptionPtr option(made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_continuations(made, 8);
  nghttp2_option_set_max_outbound_ack(made, 256);
  // The 32 KiB that a head may come with, as much again of what a guard or a route adds to it, and
  // what libnghttp2 puts on top of that in its estimate.
  nghttp2_option_set_max_send_header_block_length(made, 256u << 10);
  return option;
}

}  // namespace proxy::http2
