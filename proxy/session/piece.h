#pragma once

#include "proxy/upstream/piece.h"

namespace proxy::session {

using upstream::assemble;
using upstream::decode_in_place;
using upstream::Decoded;
using upstream::Piece;

}  // namespace proxy::session
