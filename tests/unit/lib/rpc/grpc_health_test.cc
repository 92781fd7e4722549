#include "lib/rpc/grpc_health.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
using namespace std::string_view_literals;

TEST(GrpcHealth, AsksForTheServerWithAnEmptyMessage) { EXPECT_EQ(encode_health_request(""), ""); }

TEST(GrpcHealth, AsksForAServiceByName) {
  EXPECT_EQ(encode_health_request("a.B"),
            "\x0a\x03"
            "a.B");
  std::string name(200, 'x');
  EXPECT_EQ(encode_health_request(name), "\x0a\xc8\x01" + name) << "a length of two bytes";
}

TEST(GrpcHealth, ReadsEveryStatus) {
  EXPECT_EQ(decode_health_response("\x08\x00"sv), ServingStatus::kUnknown);
  EXPECT_EQ(decode_health_response("\x08\x01"sv), ServingStatus::kServing);
  EXPECT_EQ(decode_health_response("\x08\x02"sv), ServingStatus::kNotServing);
  EXPECT_EQ(decode_health_response("\x08\x03"sv), ServingStatus::kServiceUnknown);
}

TEST(GrpcHealth, AStatusThatIsNotThereIsUnknown) {
  EXPECT_EQ(decode_health_response(""), ServingStatus::kUnknown);
  EXPECT_EQ(decode_health_response("\x08\x63"sv), ServingStatus::kUnknown) << "nor one that nobody knows";
}

TEST(GrpcHealth, PassesOverFieldsThatNobodyKnows) {
  constexpr auto kAll =
      "\x10\x96\x01"                          // field 2, a varint
      "\x19\x01\x02\x03\x04\x05\x06\x07\x08"  // field 3, 64 bits
      "\x22\x02\x08\x02"                      // field 4, bytes
      "\x2d\x01\x02\x03\x04"                  // field 5, 32 bits
      "\x08\x01"sv;

  EXPECT_EQ(decode_health_response(kAll), ServingStatus::kServing);
}

TEST(GrpcHealth, TheLastStatusCounts) {
  EXPECT_EQ(decode_health_response("\x08\x01\x08\x02"sv), ServingStatus::kNotServing);
}

TEST(GrpcHealth, RefusesWhatIsNoMessage) {
  for (std::string_view bad : {"\x08"sv, "\x08\x80"sv, "\x22\x05x"sv, "\x19\x01"sv, "\x2d\x01"sv, "\x0b"sv, "\xff"sv,
                               "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
    EXPECT_EQ(decode_health_response(bad), std::nullopt);
  }
}
}  // namespace
}  // namespace heddle
