#include "proxy/app/bootstrap_trust.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
constexpr std::string_view kFiles = "trustDomain: td\nidentity: {source: files, certificate: a, key: b, bundle: c}\n";

std::string problems_of(std::string_view trust, std::string_view before = kFiles) {
  auto parsed = parse_bootstrap(str_cat(before, "trust: ", trust, "\n"), "proxy.yaml");
  return parsed ? "" : parsed.error().detail;
}

TEST(BootstrapTrust, NamesTheFileOfEachOtherDomain) {
  auto settings = parse_bootstrap(
      str_cat(kFiles,
              "trust: {federated: [{trustDomain: b.test, bundleFile: /b}, {trustDomain: a.test, bundleFile: /a}]}"),
      "proxy.yaml");

  ASSERT_TRUE(settings) << settings.error().detail;
  ASSERT_EQ(settings->federated.size(), 2U);
  EXPECT_EQ(settings->federated[0].domain.name(), "b.test");
  EXPECT_EQ(settings->federated[0].bundle, "/b");
}

TEST(BootstrapTrust, RefusesWhatIsNoOtherDomain) {
  auto says = [](std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; };

  EXPECT_TRUE(says(problems_of("{federated: [{trustDomain: td, bundleFile: /b}]}"), "trust.federated[0].trustDomain"));
  EXPECT_TRUE(says(problems_of("{federated: [{trustDomain: B, bundleFile: /b}]}"), "trust.federated[0].trustDomain"));
  EXPECT_TRUE(says(problems_of("{federated: [{trustDomain: b}]}"), "trust.federated[0].bundleFile"));
  EXPECT_TRUE(says(problems_of("{federated: [{trustDomain: b, bundleFile: /b}, {trustDomain: b, bundleFile: /c}]}"),
                   "trust.federated[1]"));
  EXPECT_TRUE(says(problems_of("{federates: []}"), "trust.federates"));
}

TEST(BootstrapTrust, IsForAnIdentityOfFiles) {
  std::string_view spire = "trustDomain: td\nidentity: {source: spire, socket: 'unix:///x'}\n";

  EXPECT_NE(problems_of("{federated: [{trustDomain: b, bundleFile: /b}]}", spire).find("trust.federated: is for"),
            std::string::npos);
  EXPECT_EQ(problems_of("{federated: []}", spire), "");
}

TEST(BootstrapTrust, NeedsARestartToChange) {
  auto read = [](std::string_view trust) { return *parse_bootstrap(str_cat(kFiles, "trust: ", trust), "proxy.yaml"); };

  EXPECT_EQ(keys_that_need_restart(read("{federated: []}"), read("{federated: [{trustDomain: b, bundleFile: /b}]}")),
            std::vector<std::string>{"trust"});
}
}  // namespace
}  // namespace heddle
