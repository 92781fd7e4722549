// What a fuzz target is: a function of bytes that drives one piece of the product and says which rules hold. One
// source, two programs: compiled for libFuzzer (HEDDLE_FUZZ_ENGINE, `./dev fuzz`) each target is a program of its own
// and a broken rule aborts it; in `fuzz_replay` (`./dev test`) all targets are linked together and fed the files of
// tests/fuzz/corpus/<target>. A target must give the same verdict every time: no clock, no chance, no files.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/codec_harness.h"

namespace heddle::fuzz {
using Target = void (*)(std::string_view input);

// A rule that every input must keep. A broken one is told with `seen` and fails the run; the target goes on (replay)
// or not (libFuzzer).
void expect(bool holds, std::string_view rule, std::string_view seen = {});
// The same for two texts that must not differ.
void expect_same(std::string_view a, std::string_view b, std::string_view rule);

// Takes the first byte off `input`: a number below `n`. The seeds write it as a digit, which stands for itself up to 9
// when n divides 48 (2, 3, 4, 6, 8).
size_t take_choice(std::string_view& input, size_t n);

// Ways to cut `bytes` besides not at all: into two parts (where: a digest of the bytes), and byte by byte when short.
std::vector<Split> splits_of(std::string_view bytes);

// Puts a target into the list of fuzz_replay.
struct Registration {
  Registration(std::string_view name, Target target);
};
}  // namespace heddle::fuzz

#ifdef HEDDLE_FUZZ_ENGINE
#define HEDDLE_FUZZ_TARGET(name, input)                                     \
  static void name(std::string_view input);                                 \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    name(std::string_view(reinterpret_cast<const char*>(data), size));      \
    return 0;                                                               \
  }                                                                         \
  static void name(std::string_view input)
#else
#define HEDDLE_FUZZ_TARGET(name, input)                                        \
  static void name(std::string_view input);                                    \
  static const ::heddle::fuzz::Registration kRegistration_##name{#name, name}; \
  static void name(std::string_view input)
#endif
