#include <gtest/gtest.h>

#include "tests/support/cli_rig.h"

namespace heddle {
namespace {
TEST(CliFederation, StatusShowsDomainsAndWhatIsWrong) {
  CliRig rig;
  rig.control.answer("GET /v1/federation", 200,
                     R"({"trustDomain":"own","digest":"ab","bytes":9,"domains":[
      {"trustDomain":"a.test","source":"given","bundle":{"roots":["1","2"]},"failures":0,"problem":""},
      {"trustDomain":"b.test","endpoint":{"profile":"https_web"},"source":"endpoint",
       "bundle":{"sequence":7,"roots":["1"]},"fetched":"2025-12-31T23:59:00.000Z","failures":3,"problem":"away"}],
      "sidecars":{"connected":4,"newest":3}})");

  EXPECT_EQ(rig.run("federation status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(),
            "TRUST DOMAIN  PROFILE    SOURCE    ROOTS  SEQUENCE  FETCHED  FAILURES\n"
            "a.test        given      given     2      -         -        0\n"
            "b.test        https_web  endpoint  1      7         60s      3\n\n"
            "b.test: away\n\n"
            "3 of 4 connected sidecars use the newest bundles\n");
}

TEST(CliFederation, StatusSaysThatThereAreNone) {
  CliRig rig;
  rig.control.answer("GET /v1/federation", 200, R"({"domains":[],"sidecars":{"connected":1,"newest":1}})");

  EXPECT_EQ(rig.run("federation status"), ExitCode::kOk);

  EXPECT_EQ(rig.out(), "no federated trust domains\n\n1 of 1 connected sidecars use the newest bundles\n");
}

TEST(CliFederation, ARefusalIsAFailure) {
  CliRig rig;
  rig.control.answer("GET /v1/federation", 401, R"({"reason":"unauthenticated","message":"no"})");

  EXPECT_NE(rig.run("federation status"), ExitCode::kOk);
}
}  // namespace
}  // namespace heddle
