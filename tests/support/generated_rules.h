// Rules of generated routes: matches, filters, limits, sessions, backendRefs. Part of explain_generator.h.
#pragma once
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/generated_dice.h"

namespace heddle {
class GeneratedRules {
 public:
  // `marked` gets the rules that mark what obeys them.
  GeneratedRules(Dice& dice, std::set<std::string>& marked) : dice_(dice), marked_(marked) {}

  std::string http_rule(const std::string& mark);
  std::string grpc_rule(const std::string& mark);
  std::string backends();

 private:
  std::string match(bool is_prefix);
  std::string grpc_match();
  std::string redirect(const std::string& in_answer);
  std::string forwarding_filters(const std::string& mark, const std::string& marker, bool rewrites);
  void add_mirrors(std::vector<std::string>& filters);
  std::string limits();
  std::string session();

  Dice& dice_;
  std::set<std::string>& marked_;
};
}  // namespace heddle
