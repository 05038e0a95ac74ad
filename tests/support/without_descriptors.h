#pragma once

namespace support {

// Whether a test may leave its process without a file descriptor. UBSan makes a pipe to look at an
// object of a class that it has not seen yet, and takes one that it cannot look at for destroyed.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kMayBeWithoutDescriptors = false;
#else
inline constexpr bool kMayBeWithoutDescriptors = true;
#endif

}  // namespace support
