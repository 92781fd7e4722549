// The side of libFuzzer: a broken rule ends the program, which writes the input to a file.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "certs/narrow_openssl.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
void expect(bool holds, std::string_view rule, std::string_view seen) {
  if (holds) return;
  std::fprintf(stderr, "broken rule: %.*s\n%.*s\n", static_cast<int>(rule.size()), rule.data(),
               static_cast<int>(seen.size()), seen.data());
  std::abort();
}
}  // namespace heddle::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!heddle::narrow_openssl()) std::abort();
  return 0;
}
