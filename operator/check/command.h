#pragma once

#include <iosfwd>

#include "base/clock.h"

namespace check {

// `gatehouse-operator check`: what each Ingress of manifests, or of a cluster, would become here.
// It reads and never writes. argv[0] is "check". Returns the exit status: 0 all are served as they
// ask, 1 some are not, 2 something could not be read; 2 for flags that cannot be read, as well.
int run(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err,
        const base::Clock& clock);

}  // namespace check
