#include "control/api/federation_view.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
NodeStatus sidecar(bool is_connected, std::optional<std::string> federated) {
  NodeStatus row;
  row.is_connected = is_connected;
  if (federated) row.trust = WatchTrustInUse{std::string(64, '0'), "", *std::move(federated)};
  return row;
}

TEST(FederationView, CountsWhoSaidThatItUsesTheNewest) {
  std::vector<NodeStatus> rows{sidecar(true, "new"), sidecar(true, "old"), sidecar(true, ""),
                               sidecar(true, std::nullopt), sidecar(false, "new")};

  FederationUse use = federation_use(rows, "new");

  EXPECT_EQ(use.connected, 4U);
  EXPECT_EQ(use.newest, 1U);
}

TEST(FederationView, WhereThereAreNoneNothingIsToBeSaid) {
  EXPECT_EQ(federation_use({sidecar(true, std::nullopt), sidecar(true, ""), sidecar(true, "old")}, "").newest, 2U);
}
}  // namespace
}  // namespace heddle
