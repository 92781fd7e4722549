// One main for every test binary, with what the programs' mains do first: writes to a closed socket must not kill the
// process, and OpenSSL is narrowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "certs/narrow_openssl.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!heddle::narrow_openssl()) return 1;
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
