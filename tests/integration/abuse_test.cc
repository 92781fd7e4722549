// HTTP/2 attacks on a whole sidecar: the connection is ended, and counted under the kind of attack.
#include "tests/support/h2_frames.h"
#include "tests/support/mesh_fixture.h"

namespace heddle {
namespace {
struct Attack {
  const char* kind;  // as in the metric
  size_t rounds;
  std::string (*round)(uint32_t stream);  // fresh odd ids from 1 on
};
std::ostream& operator<<(std::ostream& out, const Attack& attack) { return out << attack.kind; }

std::string rapid_reset(uint32_t id) {
  return h2::headers(id, h2::get(), h2::kEndHeaders | h2::kEndStream) + h2::frame(h2::kRstStream, 0, id, h2::u32(8));
}
std::string ping(uint32_t) { return h2::frame(h2::kPing, 0, 0, "12345678"); }
std::string empty_data(uint32_t id) {
  return id == 1 ? h2::headers(1, h2::post(), h2::kEndHeaders) : h2::frame(h2::kData, 0, 1);
}
std::string continuation(uint32_t id) {
  return id == 1 ? h2::frame(h2::kHeaders, h2::kEndStream, 1, h2::block(h2::get()))
                 : h2::frame(h2::kContinuation, 0, 1);
}
std::string huge_head(uint32_t id) {
  h2::Fields fields = h2::get();
  for (int i = 0; i < 101; ++i) fields.emplace_back("x", "y");
  return h2::headers(id, fields, h2::kEndHeaders | h2::kEndStream);
}
std::string length_mismatch(uint32_t id) {
  h2::Fields fields = h2::post();
  fields.emplace_back("content-length", "5");
  return h2::headers(id, fields, h2::kEndHeaders) + h2::frame(h2::kData, h2::kEndStream, id, "x");
}

class AbuseOfASidecar : public MeshFixture, public testing::WithParamInterface<Attack> {};

TEST_P(AbuseOfASidecar, EndsTheConnectionAndIsCounted) {
  join(add_answering_origin("hi").address());
  BlockingClient attacker(entry());
  std::string flood = h2::client_start();
  for (uint32_t i = 0; i < GetParam().rounds; ++i) flood += GetParam().round(2 * i + 1);

  attacker.send(flood);
  std::string bytes = attacker.read_all();

  auto farewells = h2::only(h2::kGoAway, bytes);
  ASSERT_FALSE(farewells.empty());
  EXPECT_EQ(h2::read_u32(farewells.back().payload.substr(4)), 11U);  // ENHANCE_YOUR_CALM
  wait_metric(*outbound_, str_cat("heddle_abuse_total{listener=\"hello\",kind=\"", GetParam().kind, "\"}"), 1);
}
using Refusals = MeshFixture;

TEST_F(Refusals, OfSingleStreamsAreCountedAndTheConnectionGoesOn) {
  join(add_answering_origin("hi").address());
  BlockingClient client(entry());

  client.send(h2::client_start() + huge_head(1) + huge_head(3));

  wait_metric(*outbound_, R"(heddle_downstream_refused_total{listener="hello",reason="request-head-too-large"})", 2);
  client.send(h2::headers(5, h2::get(), h2::kEndHeaders | h2::kEndStream));
  wait_metric(*inbound_[0], R"(heddle_downstream_accepted_total{listener="in"})", 1);
}

INSTANTIATE_TEST_SUITE_P(Http2, AbuseOfASidecar,
                         testing::Values(Attack{"rapid-reset", 110, rapid_reset}, Attack{"control-frames", 110, ping},
                                         Attack{"empty-data", 110, empty_data},
                                         Attack{"continuation", 80, continuation},
                                         Attack{"head-too-large", 110, huge_head},
                                         Attack{"protocol-error", 110, length_mismatch}),
                         [](const auto& attack) {
                           std::string name = attack.param.kind;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });
}  // namespace
}  // namespace heddle
