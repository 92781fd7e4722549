#include "control/app/options.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
ParsedControlOptions parse(std::vector<const char*> words) {
  words.insert(words.begin(), "heddle-control");
  return parse_control_options(static_cast<int>(words.size()), words.data());
}

TEST(ControlOptions, NeedNothingButTheDataDirectory) {
  auto parsed = parse({"--data", "/d"});

  ASSERT_FALSE(parsed.exit) << parsed.exit->text;
  EXPECT_EQ(parsed.options.watch.text(), "127.0.0.1:15010");
  EXPECT_EQ(parsed.options.api.text(), "127.0.0.1:15080");
  EXPECT_EQ(parsed.options.health.text(), "127.0.0.1:15014");
  EXPECT_EQ(parsed.options.trust_domain->name(), "cluster.local");
  EXPECT_EQ(parsed.options.svid_ttl, 24h);
  EXPECT_EQ(parsed.options.federation_ca_file, "/etc/ssl/certs/ca-certificates.crt");
}

TEST(ControlOptions, AWrongValueIsNamedWithItsFlag) {
  const std::vector<std::vector<const char*>> kWrong = {
      {"--watch", "localhost:1"},   {"--api", "unix:/x"},    {"--health", "1"},       {"--trust-domain", "Upper"},
      {"--svid-ttl", "4s"},         {"--svid-ttl", "day"},   {"--svid-ttl", "2161h"}, {"--log-level", "loud"},
      {"--advertise", "no spaces"}, {"--ca-root-ttl", "1s"}, {"--ca-root-ttl", "x"},  {"--ca-rotate-before", "-1s"}};
  for (const auto& words : kWrong) {
    auto parsed = parse({"--data", "/d", words[0], words[1]});

    ASSERT_TRUE(parsed.exit) << words[0];
    EXPECT_EQ(parsed.exit->code, 2);
    EXPECT_NE(parsed.exit->text.find(words[0]), std::string::npos) << parsed.exit->text;
  }
}

TEST(ControlOptions, ACertificateLivesFiveSecondsToNinetyDays) {
  auto shortest = parse({"--data", "/d", "--svid-ttl", "5s"});
  auto longest = parse({"--data", "/d", "--svid-ttl", "2160h"});

  ASSERT_FALSE(shortest.exit || longest.exit);
  EXPECT_EQ(shortest.options.svid_ttl, 5s);
  EXPECT_EQ(longest.options.svid_ttl, 2160h);
}

TEST(ControlOptions, TheFilesOfACaBelongTogether) {
  auto all = parse({"--data", "/d", "--ca-cert-file", "c", "--ca-key-file", "k", "--ca-root-file", "r"});
  auto two = parse({"--data", "/d", "--ca-cert-file", "c", "--ca-root-file", "r"});

  ASSERT_FALSE(all.exit) << all.exit->text;
  EXPECT_TRUE(all.options.ca_files.all());
  ASSERT_TRUE(two.exit);
  EXPECT_NE(two.exit->text.find("--ca-key-file is missing"), std::string::npos) << two.exit->text;
}

TEST(ControlOptions, ARootIsRotatedThirtyDaysBeforeItsEndUnlessToldOtherwise) {
  auto parsed = parse({"--data", "/d"});
  auto off = parse({"--data", "/d", "--ca-rotate-before", "0s", "--ca-root-ttl", "48h"});

  EXPECT_EQ(parsed.options.ca_rotate_before, 24h * 30);
  EXPECT_EQ(parsed.options.ca_root_ttl, 24h * 3650);
  ASSERT_FALSE(off.exit) << off.exit->text;
  EXPECT_EQ(off.options.ca_rotate_before, 0s);
  EXPECT_EQ(off.options.ca_root_ttl, 48h);
}

TEST(ControlOptions, MissingAndUnknownFlagsAreUsageErrors) {
  EXPECT_EQ(parse({}).exit->code, 2);
  EXPECT_NE(parse({}).exit->text.find("--data"), std::string::npos);
  EXPECT_EQ(parse({"--data", "/d", "--nope"}).exit->code, 2);
}

TEST(ControlOptions, HelpHasExamples) {
  auto parsed = parse({"--help"});

  EXPECT_EQ(parsed.exit->code, 0);
  EXPECT_NE(parsed.exit->text.find("Examples:"), std::string::npos);
}

TEST(ControlOptions, AdvertiseTakesManyNames) {
  auto parsed = parse({"--data", "/d", "--advertise", "a.example.org,10.0.0.1", "--advertise", "b"});

  ASSERT_FALSE(parsed.exit) << parsed.exit->text;
  EXPECT_EQ(parsed.options.advertise, (std::vector<std::string>{"a.example.org", "10.0.0.1", "b"}));
}
}  // namespace
}  // namespace heddle
