#include "control/app/etcd_flags.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "control/app/options.h"
#include "lib/base/strings.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
using Words = std::vector<const char*>;

ParsedControlOptions parse(const Words& more) {
  Words words{"heddle-control", "--data", "/d"};
  words.insert(words.end(), more.begin(), more.end());
  return parse_control_options(static_cast<int>(words.size()), words.data());
}

Words etcd(const Words& more) {
  Words words{"--store",   "etcd", "--ca-passphrase-file", "/p", "--etcd-endpoints", "http://127.0.0.1:2379",
              "--replica", "one"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string refusal(const Words& words) {
  auto parsed = parse(words);
  if (!parsed.exit) return "accepted";
  EXPECT_EQ(parsed.exit->code, 2);
  return parsed.exit->text;
}

TEST(StoreFlags, TheStoreIsSqliteUnlessTold) {
  auto parsed = parse({});

  ASSERT_FALSE(parsed.exit) << parsed.exit->text;
  EXPECT_EQ(parsed.options.store.kind, StoreKind::kSqlite);
  EXPECT_FALSE(parsed.options.store.replica.empty()) << "people see a name with every store";
  EXPECT_TRUE(parsed.options.store.warnings().empty());
}

TEST(StoreFlags, AllOfEtcdsAreRead) {
  auto parsed = parse({"--store",
                       "etcd",
                       "--ca-passphrase-file",
                       "/p",
                       "--etcd-endpoints",
                       "https://etcd-1:2379,https://[::1]:23790",
                       "--etcd-ca-file",
                       "ca.pem",
                       "--etcd-cert-file",
                       "c.pem",
                       "--etcd-key-file",
                       "c.key",
                       "--etcd-user",
                       "heddle",
                       "--etcd-password-file",
                       "pass",
                       "--mesh",
                       "blue",
                       "--replica",
                       "one",
                       "--watch",
                       "0.0.0.0:15010",
                       "--replica-address",
                       "10.0.0.5:15010"});

  ASSERT_FALSE(parsed.exit) << parsed.exit->text;
  const StoreOptions& store = parsed.options.store;
  EXPECT_EQ(store.kind, StoreKind::kEtcd);
  ASSERT_EQ(store.etcd.endpoints.size(), 2U);
  EXPECT_EQ(store.etcd.endpoints[1].text(), "https://[::1]:23790");
  EXPECT_EQ(store.etcd.ca_file, "ca.pem");
  EXPECT_EQ(store.etcd.cert_file, "c.pem");
  EXPECT_EQ(store.etcd.key_file, "c.key");
  EXPECT_EQ(store.etcd.user, "heddle");
  EXPECT_EQ(store.password_file, "pass");
  EXPECT_EQ(store.prefix(), "/heddle/blue/");
  EXPECT_EQ(store.replica, "one");
  EXPECT_EQ(store.replica_address->text(), "10.0.0.5:15010");
}

TEST(StoreFlags, EtcdsFlagsAreOfNoUseWithSqlite) {
  for (const char* flag : {"--etcd-endpoints", "--etcd-ca-file", "--etcd-cert-file", "--etcd-key-file", "--etcd-user",
                           "--etcd-password-file", "--mesh", "--replica-address"}) {
    EXPECT_NE(refusal({flag, "x"}).find(std::string(flag) + " needs --store etcd"), std::string::npos) << flag;
  }
}

TEST(StoreFlags, WhatIsMissingIsNamed) {
  const std::vector<std::pair<Words, const char*>> kRows = {
      {{"--store", "etcd", "--ca-passphrase-file", "/p", "--replica", "a"}, "--etcd-endpoints is missing"},
      {{"--store", "etcd", "--etcd-endpoints", "http://127.0.0.1:1", "--replica", "a"}, "needs --ca-passphrase-file"},
      {etcd({"--etcd-user", "u"}), "--etcd-password-file is missing"},
      {etcd({"--etcd-password-file", "f"}), "--etcd-user is missing"},
      {etcd({"--etcd-cert-file", "c"}), "--etcd-key-file is missing"},
      {etcd({"--etcd-key-file", "c"}), "--etcd-cert-file is missing"},
      {etcd({"--watch", "0.0.0.0:15010"}), "--replica-address is missing"},
      {etcd({"--watch", "[::]:15010"}), "--replica-address is missing"},
      {{"--store", "etcd", "--ca-passphrase-file", "/p", "--etcd-endpoints", "https://e:1", "--replica", "a"},
       "--etcd-ca-file is missing"},
  };
  for (const auto& [words, expected] : kRows) {
    std::string text = refusal(words);
    EXPECT_NE(text.find(expected), std::string::npos) << text << "\nexpected: " << expected;
  }
}

TEST(StoreFlags, WhatIsWrongIsNamed) {
  const std::vector<std::pair<Words, const char*>> kRows = {
      {{"--store", "postgres"}, "--store \"postgres\": expected sqlite, etcd or kubernetes"},
      {etcd({"--etcd-endpoints", "etcd-1:2379"}), "--etcd-endpoints"},
      {etcd({"--etcd-endpoints", "https://e:1"}), "either all endpoints are https:// or none is"},
      {etcd({"--etcd-ca-file", "ca.pem"}), "of no use with http:// endpoints"},
      {etcd({"--mesh", "Blue"}), "--mesh \"Blue\""},
      {{"--replica", "a.b"}, "--replica \"a.b\""},
      {etcd({"--replica-address", "other:1"}), "--replica-address \"other:1\""},
      {etcd({"--replica-address", "10.0.0.1:0"}), "--replica-address"},
      {etcd({"--replica-address", "0.0.0.0:15010"}), "--replica-address"},
  };
  for (const auto& [words, expected] : kRows) {
    std::string text = refusal(words);
    EXPECT_NE(text.find(expected), std::string::npos) << text << "\nexpected: " << expected;
  }
}

TEST(StoreFlags, AnAuthorityThatFilesGiveNeedsNoPassphrase) {
  auto parsed = parse({"--store", "etcd", "--etcd-endpoints", "http://localhost:1", "--replica", "a", "--ca-cert-file",
                       "c", "--ca-key-file", "k", "--ca-root-file", "r"});

  EXPECT_FALSE(parsed.exit) << parsed.exit->text;
}

TEST(StoreFlags, PlainHttpToAnotherMachineIsWarnedOf) {
  auto parsed_with = [](const Words& more) {
    Words words{"--store", "etcd", "--ca-passphrase-file", "/p", "--replica", "one", "--etcd-endpoints"};
    words.insert(words.end(), more.begin(), more.end());
    return join(parse(words).options.store.warnings(), "\n");
  };

  EXPECT_EQ(parsed_with({"http://127.0.0.1:1,http://[::1]:1,http://localhost:1"}), "");
  EXPECT_EQ(parsed_with({"https://e:1", "--etcd-ca-file", "ca", "--watch", "10.0.0.1:1"}), "");
  EXPECT_NE(parsed_with({"http://127.0.0.1:1,http://e:1"}).find("http://e:1"), std::string::npos);
  EXPECT_NE(parsed_with({"http://e:1", "--etcd-user", "u", "--etcd-password-file", "f"}).find("etcd's password"),
            std::string::npos);
}

TEST(StoreFlags, AnAddressThatOnlyThisMachineReachesIsWarnedOfWhereEtcdIsElsewhere) {
  auto parsed_with = [](const char* endpoint, const Words& more) {
    Words words{"--store",   "etcd", "--ca-passphrase-file", "/p",    "--etcd-ca-file", "ca",
                "--replica", "one",  "--etcd-endpoints",     endpoint};
    words.insert(words.end(), more.begin(), more.end());
    auto parsed = parse(words);
    EXPECT_FALSE(parsed.exit) << parsed.exit->text;
    return join(parsed.options.store.warnings(), "\n");
  };

  EXPECT_NE(parsed_with("https://e:1", {}).find("--replica-address"), std::string::npos) << "--watch is 127.0.0.1";
  EXPECT_NE(parsed_with("https://e:1", {"--watch", "[::1]:1"}).find("[::1]:1"), std::string::npos);
  EXPECT_NE(parsed_with("https://e:1", {"--watch", "10.0.0.1:1", "--replica-address", "127.0.0.1:1"}), "");
  EXPECT_EQ(parsed_with("https://e:1", {"--replica-address", "10.0.0.1:1"}), "");
  EXPECT_EQ(parsed_with("https://e:1", {"--watch", "10.0.0.1:1"}), "");
  EXPECT_EQ(parsed_with("https://127.0.0.1:1", {}), "") << "all of it is tried on one machine";
}

TEST(StoreFlags, ThePasswordComesFromAFileThatIsClosedToOthers) {
  TempDir folder;
  StoreOptions options;
  options.etcd.user = "heddle";
  options.password_file = folder.write("password", "secret word\n");

  Result<EtcdOptions> read = options.with_password();
  std::filesystem::permissions(options.password_file, std::filesystem::perms(0644));
  Result<EtcdOptions> open_to_all = options.with_password();

  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->password, "secret word");
  ASSERT_FALSE(open_to_all.has_value());
  EXPECT_NE(open_to_all.error().detail.find("--etcd-password-file"), std::string::npos);
  EXPECT_NE(open_to_all.error().detail.find("0600"), std::string::npos);
}
}  // namespace
}  // namespace heddle
