#include <gtest/gtest.h>

#include "proxy/app/bootstrap.h"

namespace heddle {
namespace {
Result<Settings> parsed(const std::string& listener) {
  return parse_bootstrap(
      "identity: {source: none}\nconfig: {source: files, path: x}\nlisteners:\n  - " + listener + "\n", "a.yaml");
}

std::string problems_of(const std::string& listener) {
  auto settings = parsed(listener);
  return settings ? std::string() : settings.error().detail;
}

TEST(BootstrapIntercept, OutboundAllowsWhatIsExternalUnlessItSaysDeny) {
  auto usual = parsed("{name: a, direction: outbound, address: \"127.0.0.1:15001\", intercept: true}");
  auto denied = parsed("{name: a, direction: outbound, address: \"[::1]:15001\", intercept: true, external: deny}");

  ASSERT_TRUE(usual) << usual.error().detail;
  ASSERT_TRUE(denied) << denied.error().detail;
  EXPECT_TRUE(usual->listeners[0].intercept);
  EXPECT_TRUE(usual->listeners[0].external_allowed);
  EXPECT_FALSE(denied->listeners[0].external_allowed);
}

TEST(BootstrapIntercept, InboundGoesToTheOriginalAddressUnlessItSaysLocalhost) {
  auto usual = parsed("{name: a, direction: inbound, address: \"0.0.0.0:15006\", intercept: true, tls: \"off\"}");
  auto local = parsed(
      "{name: a, direction: inbound, address: \"0.0.0.0:15006\", intercept: true, tls: \"off\", "
      "applicationAddress: localhost}");

  ASSERT_TRUE(usual) << usual.error().detail;
  ASSERT_TRUE(local) << local.error().detail;
  EXPECT_FALSE(usual->listeners[0].application_localhost);
  EXPECT_TRUE(local->listeners[0].application_localhost);
}

TEST(BootstrapIntercept, RefusesWhatDoesNotGoTogether) {
  const std::string out = "{name: a, direction: outbound, address: \"127.0.0.1:15001\", intercept: true, ";
  const std::string in = "{name: a, direction: inbound, address: \"0.0.0.0:15006\", tls: \"off\", intercept: true, ";
  for (auto& [field, value] : std::vector<std::pair<std::string, std::string>>{{"service", "hello"},
                                                                               {"port", "80"},
                                                                               {"forward", "\"127.0.0.1:1\""},
                                                                               {"protocol", "http"},
                                                                               {"proxyProtocol", "required"},
                                                                               {"applicationAddress", "localhost"}}) {
    std::string text = problems_of(out + field + ": " + value + "}");
    EXPECT_NE(text.find("listeners[0]." + field + ": "), std::string::npos) << field << ": " << text;
  }
  for (auto& [field, value] : std::vector<std::pair<std::string, std::string>>{
           {"forward", "\"127.0.0.1:1\""}, {"external", "deny"}, {"forwardProxyProtocol", "v2"}}) {
    std::string text = problems_of(in + field + ": " + value + "}");
    EXPECT_NE(text.find("listeners[0]." + field + ": "), std::string::npos) << field << ": " << text;
  }
}

// What it does not hold it asks for, by address.
TEST(BootstrapIntercept, WithPushedConfigurationWhatIsExternalIsAllowedOrDenied) {
  auto with = [](std::string_view external) {
    auto settings = parse_bootstrap(
        std::string("node: a\nstateDir: /s\nidentity: {source: control, id: \"spiffe://cluster.local/ns/a/sa/b\"}\n"
                    "config: {source: control}\ncontrol: {addresses: [\"127.0.0.1:1\"], bundle: "
                    "/r}\nlisteners:\n  - {name: a, direction: outbound, address: "
                    "\"127.0.0.1:15001\", intercept: true, external: ") +
            std::string(external) + "}\n",
        "a.yaml");
    return settings ? std::string() : settings.error().detail;
  };
  EXPECT_EQ(with("allow"), "");
  EXPECT_EQ(with("deny"), "");
  EXPECT_NE(with("perhaps").find("listeners[0].external: "), std::string::npos);
}

TEST(BootstrapIntercept, OutboundIsForOurOwnApplicationOnly) {
  std::string text = problems_of("{name: a, direction: outbound, address: \"0.0.0.0:15001\", intercept: true}");

  EXPECT_NE(text.find("listeners[0].address: "), std::string::npos) << text;
}

TEST(BootstrapIntercept, ItsKeysAreRefusedWithoutIt) {
  std::string text = problems_of("{name: a, direction: outbound, address: \"127.0.0.1:1\", external: deny}");

  EXPECT_NE(text.find("external"), std::string::npos) << text;
}
}  // namespace
}  // namespace heddle
