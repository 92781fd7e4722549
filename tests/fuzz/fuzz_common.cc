#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
// FNV-1a: the same on every machine.
uint64_t digest_of(std::string_view bytes) {
  uint64_t digest = 0xcbf29ce484222325U;
  for (char c : bytes) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return digest;
}
}  // namespace

void expect_same(std::string_view a, std::string_view b, std::string_view rule) {
  if (a == b) return;
  expect(false, rule, std::string(a) + "\n--- differs from ---\n" + std::string(b));
}

size_t take_choice(std::string_view& input, size_t n) {
  if (input.empty()) return 0;
  size_t choice = static_cast<unsigned char>(input.front()) % n;
  input.remove_prefix(1);
  return choice;
}

std::vector<Split> splits_of(std::string_view bytes) {
  constexpr size_t kByteByByte = 2048;
  std::vector<Split> out;
  if (bytes.size() < 2) return out;
  uint64_t digest = digest_of(bytes);
  size_t cut = 1 + static_cast<size_t>(digest % (bytes.size() - 1));
  out.push_back({cut, 0});
  if (bytes.size() <= kByteByByte) out.push_back({1, 1});
  return out;
}
}  // namespace heddle::fuzz
