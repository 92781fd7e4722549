// What the parts of the generator of configurations (explain_generator.h) share: chance from a seed, and names.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/strings.h"
#include "tests/support/seeded_random.h"

namespace heddle {
constexpr std::string_view kGeneratedSets[] = {"set0",    "set1",     "set2",    "set3",  "fleet-a",
                                               "fleet-b", "fleet-no", "guarded", "empty", "idle"};

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  bool hits(uint64_t percent) { return random_.below(100) < percent; }
  size_t below(size_t n) { return static_cast<size_t>(random_.below(n)); }
  template <size_t N>
  std::string_view one_of(const std::string_view (&list)[N]) {
    return list[below(N)];
  }
  uint64_t draw() { return random_.next(); }

 private:
  SeededRandom random_;
};

// One resource in YAML, ended as a document.
inline std::string generated_resource(std::string_view group, std::string_view kind, std::string_view ns,
                                      std::string_view name, std::string_view spec) {
  return str_cat("{apiVersion: ", group, "/v1, kind: ", kind, ", metadata: {name: ", name, ", namespace: ", ns,
                 "}, spec: {", spec, "}}\n---\n");
}

inline std::string namespace_of(std::string_view service) { return service == "cart" ? "shop" : "default"; }

inline std::string plain_path(Dice& dice) {
  constexpr std::string_view kSegments[] = {"/a", "/b", "/c", "/admin"};
  std::string out;
  for (size_t left = dice.below(4); left > 0; --left) out.append(dice.one_of(kSegments));
  return out.empty() ? "/" : out;
}

}  // namespace heddle
