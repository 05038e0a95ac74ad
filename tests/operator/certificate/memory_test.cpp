#include "operator/certificate/memory.h"

#include <gtest/gtest.h>

namespace {

// There is one for each Certificate, of which nearly all are at rest.
TEST(CertificateMemory, HasNoRoomForWhatIsMostlyNotThere) {
  EXPECT_LE(sizeof(certificate::Memory), 544U);
}

}  // namespace
