#pragma once

namespace base {

// Makes writing to a connection that the peer has closed an error instead of a signal that ends the
// process. OpenSSL and splice() cannot ask for this per write, so it is set for the whole process,
// by whatever here writes through them. Idempotent, from any thread.
void ignore_broken_pipes();

}  // namespace base
