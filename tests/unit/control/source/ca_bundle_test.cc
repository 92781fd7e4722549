#include "control/source/ca_bundle.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
JsonValue parsed(std::string_view text) { return JsonValue::parse(text).value(); }

TEST(CaBundlePatch, EveryWebhookOfTheConfigurationGetsTheRoots) {
  JsonValue configuration = parsed(R"({"webhooks":[{"name":"a.heddle.dev","clientConfig":{}},
                                       {"name":"b.heddle.dev","clientConfig":{"caBundle":"cm9vdHM="}},
                                       {"name":"c.heddle.dev","clientConfig":{"caBundle":"b2xk"}}]})");
  EXPECT_EQ(ca_bundle_patch(configuration, "roots"),
            R"([{"op":"test","path":"/webhooks/0/name","value":"a.heddle.dev"},)"
            R"({"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"cm9vdHM="},)"
            R"({"op":"test","path":"/webhooks/2/name","value":"c.heddle.dev"},)"
            R"({"op":"add","path":"/webhooks/2/clientConfig/caBundle","value":"cm9vdHM="}])");
}

TEST(CaBundlePatch, WhatIsSoIsNotWritten) {
  EXPECT_EQ(ca_bundle_patch(parsed(R"({"webhooks":[{"name":"a","clientConfig":{"caBundle":"cm9vdHM="}}]})"), "roots"),
            "");
  EXPECT_EQ(ca_bundle_patch(parsed("{}"), "roots"), "");
}
}  // namespace
}  // namespace heddle
