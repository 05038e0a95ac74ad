#pragma once

#include <array>

#include "proxy/http/request_head.h"

namespace proxy::http {

// A number of 64 bits.
using MaxForwardsText = std::array<char, 20>;

// Max-Forwards of an OPTIONS or TRACE request (RFC 9110 §7.6.2): how many more proxies it may pass.
// What is no number says nothing, and passes as any other field does; so does the field with
// another method.

// It may pass none, so it is to be answered here.
bool ends_here(const RequestHead& head);

// Before it is forwarded: the value in `head` is one less, and lies in `storage`.
void count_down_forwards(RequestHead& head, MaxForwardsText& storage);

}  // namespace proxy::http
