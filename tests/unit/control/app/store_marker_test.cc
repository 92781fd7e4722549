#include "control/app/store_marker.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
TEST(StoreMarker, ADirectoryThatWasUsedWithEtcdIsNoPlaceForAStoreOfItsOwn) {
  TempDir dir;
  EXPECT_TRUE(check_not_etcd(dir.path()).has_value());

  ASSERT_TRUE(mark_as_etcd(dir.path(), "/heddle/default/").has_value());
  ASSERT_TRUE(mark_as_etcd(dir.path(), "/heddle/default/").has_value()) << "at each start";

  Result<void> refused = check_not_etcd(dir.path());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::kConfigInvalid);
  EXPECT_NE(refused.error().detail.find("etcd /heddle/default/"), std::string::npos);
  EXPECT_NE(refused.error().detail.find("--store etcd"), std::string::npos);
  EXPECT_EQ(*read_file(dir.path() + "/store", 100), "etcd /heddle/default/\n");
}

TEST(StoreMarker, WhatCannotBeReadIsNotTakenForNothing) {
  TempDir dir;
  ASSERT_TRUE(ensure_private_dir(dir.path() + "/store").has_value());

  EXPECT_FALSE(check_not_etcd(dir.path()).has_value());
}
}  // namespace
}  // namespace heddle
