#include "cli/crds_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/source_directory.h"

namespace heddle {
namespace {
TEST(CrdsText, IsWhatTheManifestsHave) {
  auto file = source_directory() / "k8s" / "base" / "crds.yaml";
  if (std::getenv("HEDDLE_UPDATE_DOCS") != nullptr) std::ofstream(file) << crds_text();
  std::ostringstream there;
  there << std::ifstream(file).rdbuf();

  EXPECT_EQ(there.str(), crds_text()) << "HEDDLE_UPDATE_DOCS=1 unit_control --gtest_filter='CrdsText*' writes it anew";
}
}  // namespace
}  // namespace heddle
