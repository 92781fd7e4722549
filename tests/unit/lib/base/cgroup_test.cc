#include "lib/base/cgroup.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(Cgroup, FindsTheOneOfTheProcess) {
  EXPECT_EQ(parse_cgroup_path("1:name=systemd:/x\n0::/kubepods/pod1\n"), "/kubepods/pod1");
  EXPECT_EQ(parse_cgroup_path("1:cpu:/x\n"), "");
}

TEST(Cgroup, AFileThatIsNotThereIsNothing) { EXPECT_EQ(read_cgroup("no.such.file"), std::nullopt); }
}  // namespace
}  // namespace heddle
