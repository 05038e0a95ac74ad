#pragma once

#include <string>

namespace base {

// For a log line, an Event or a terminal: control characters (those of ASCII and, in UTF-8, those
// of ISO 6429's second set) become "?", so that text of a stranger's neither begins a line nor
// moves a cursor.
std::string without_controls(std::string text);

}  // namespace base
