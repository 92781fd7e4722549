#include "lib/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace heddle {
namespace {
constexpr auto kReasons = static_cast<uint16_t>(Reason::kCount);

TEST(ReasonTable, HasANameForEveryReason) {
  std::set<std::string_view> names;

  for (uint16_t i = 0; i < kReasons; ++i) names.insert(info(static_cast<Reason>(i)).name);

  EXPECT_EQ(names.size(), kReasons);
  EXPECT_FALSE(names.contains(""));
}

TEST(ReasonTable, WritesNamesInKebabCase) {
  for (uint16_t i = 0; i < kReasons; ++i) {
    std::string_view name = info(static_cast<Reason>(i)).name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << name;
  }
}

TEST(ReasonTable, GivesEveryRowAStatusAndAFlag) {
  for (uint16_t i = 0; i < kReasons; ++i) {
    const ReasonInfo& row = info(static_cast<Reason>(i));
    EXPECT_TRUE(row.status == 200 || row.status == 204 || row.status == 302 || (row.status >= 400 && row.status < 600))
        << row.name;
    EXPECT_LE(row.grpc_status, 16) << row.name;
    EXPECT_FALSE(row.flag.empty()) << row.name;
  }
}

TEST(ReasonTable, IsInTheOrderOfTheEnum) {
  EXPECT_EQ(info(Reason::kNone).name, "none");
  EXPECT_EQ(info(Reason::kBadRequest).name, "bad-request");
  EXPECT_EQ(info(Reason::kLoopDetected).name, "loop-detected");
  EXPECT_EQ(info(Reason::kTlsHandshakeFailed).name, "tls-handshake-failed");
  EXPECT_EQ(info(Reason::kAuthzDenied).name, "authz-denied");
  EXPECT_EQ(info(Reason::kRouteNotFound).name, "route-not-found");
  EXPECT_EQ(info(Reason::kNoConfig).name, "no-config");
  EXPECT_EQ(info(Reason::kUpstreamConnectRefused).name, "upstream-connect-refused");
  EXPECT_EQ(info(Reason::kUpstreamRefusedStream).name, "upstream-refused-stream");
  EXPECT_EQ(info(Reason::kApplicationUnreachable).name, "application-unreachable");
  EXPECT_EQ(info(Reason::kConfigInvalid).name, "config-invalid");
  EXPECT_EQ(info(Reason::kUnsupported).name, "unsupported");
  EXPECT_EQ(info(Reason::kInternal).name, "internal");
}

TEST(ReasonTable, AllowsARetryOnlyWhereTheUpstreamFailed) {
  EXPECT_EQ(info(Reason::kUpstreamConnectRefused).retry, Retry::kUnprocessed);
  EXPECT_EQ(info(Reason::kUpstreamRefusedStream).retry, Retry::kUnprocessed);
  EXPECT_EQ(info(Reason::kUpstreamGoAway).retry, Retry::kUnprocessed);
  EXPECT_EQ(info(Reason::kUpstreamReset).retry, Retry::kIdempotent);
  EXPECT_EQ(info(Reason::kDownstreamReset).retry, Retry::kNever);
  EXPECT_EQ(info(Reason::kRequestTimeout).retry, Retry::kNever);
}

TEST(ReasonTable, AnswersInternalForANumberOutsideTheEnum) {
  EXPECT_EQ(info(static_cast<Reason>(60000)).name, "internal");
}

TEST(Error, PutsContextInFrontOfTheDetail) {
  Error error = make_error(Reason::kIo, "no such file").within("cert.pem");

  EXPECT_EQ(error.detail, "cert.pem: no such file");
  EXPECT_EQ(error.text(), "io: cert.pem: no such file");
}

TEST(Error, PrintsTheNameAloneWithoutADetail) { EXPECT_EQ(make_error(Reason::kTimeout, "").text(), "timeout"); }

TEST(Error, KeepsItsOrigin) {
  EXPECT_EQ(make_error(Reason::kIo, "").origin, Origin::kSelf);
  EXPECT_EQ(make_error(Reason::kIo, "", Origin::kUpstream).within("x").origin, Origin::kUpstream);
}
}  // namespace
}  // namespace heddle
