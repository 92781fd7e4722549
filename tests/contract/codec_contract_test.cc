// One suite, every protocol: what lib/http/codec.h promises.
#include <gtest/gtest.h>

#include "tests/support/codec_pair.h"
#include "tests/support/http2_codec_pair.h"

namespace heddle {
namespace {
class CodecContract : public testing::TestWithParam<const CodecPairFactory*> {
 protected:
  CodecContract() : pair_(GetParam()->make(pool_, limits_, server_, client_)), link_(pool_, pair_) {
    server_.codec = pair_.server.get();
    client_.codec = pair_.client.get();
    EXPECT_TRUE(link_.run());  // prefaces and settings
  }
  // Answers every request with `status` and `body` as soon as its head is there.
  void answer(uint16_t status, std::string body) {
    server_.handler = [this, status, body](StreamId id, const RequestHead&, bool) {
      ResponseHead head(pool_, status);
      pair_.server->respond(id, head, body.empty());
      if (!body.empty()) (void)pair_.server->send_data(id, Buffer(pool_, body), true);
    };
  }
  StreamId open(std::string_view method, std::string_view path, bool end) {
    return pair_.client->open(make_request(pool_, method, path), end);
  }
  std::string id_line(std::string_view what, std::string_view rest = "") {
    return std::string(what) + " " + std::to_string(client_.last_id().value()) + std::string(rest);
  }

  BlockPool pool_;
  HttpLimits limits_;
  RecordingServerEvents server_;
  RecordingClientEvents client_;
  CodecPair pair_;
  CodecLink link_;
};

TEST_P(CodecContract, CarriesARequestAndItsAnswer) {
  answer(200, "hello");

  open("GET", "/x?y=1", true);
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(server_.count_starting_with("request "), 1U);
  EXPECT_NE(server_.text().find(" GET http a /x?y=1 "), std::string::npos) << server_.text();
  EXPECT_NE(client_.text().find(" 200 "), std::string::npos) << client_.text();
  EXPECT_EQ(client_.body(), "hello");
  EXPECT_EQ(client_.count_starting_with("end "), 1U);
  EXPECT_EQ(pair_.client->active_streams(), 0U);
  EXPECT_EQ(pair_.server->active_streams(), 0U);
  EXPECT_TRUE(pair_.client->reusable());
  EXPECT_TRUE(pair_.server->reusable());
}

TEST_P(CodecContract, CarriesFieldsInOrder) {
  answer(200, "");
  RequestHead head = make_request(pool_, "GET", "/");
  ASSERT_TRUE(head.fields().add("x-b", "1") && head.fields().add("x-a", "2") && head.fields().add("x-b", "3"));

  pair_.client->open(head, true);
  ASSERT_TRUE(link_.run());

  EXPECT_NE(server_.text().find("x-b: 1; x-a: 2; x-b: 3"), std::string::npos) << server_.text();
}

TEST_P(CodecContract, CarriesBodiesBothWays) {
  server_.handler = [this](StreamId id, const RequestHead&, bool) {
    pair_.server->respond(id, ResponseHead(pool_, 200), false);
  };
  server_.body_handler = [this](StreamId id, Buffer&& data, bool end) {
    (void)pair_.server->send_data(id, std::move(data), end);
  };

  StreamId id = open("POST", "/echo", false);
  EXPECT_EQ(pair_.client->send_data(id, Buffer(pool_, "one "), false), Flow::kOpen);
  ASSERT_TRUE(link_.run());
  EXPECT_EQ(pair_.client->send_data(id, Buffer(pool_, "two"), true), Flow::kOpen);
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(server_.body(), "one two");
  EXPECT_EQ(client_.body(), "one two");
  EXPECT_EQ(server_.count_starting_with("end "), 1U);
  EXPECT_EQ(client_.count_starting_with("end "), 1U);
}

TEST_P(CodecContract, KeepsADeclaredLength) {
  server_.handler = [this](StreamId id, const RequestHead&, bool) {
    ResponseHead head(pool_, 200);
    head.content_length = 3;
    pair_.server->respond(id, head, false);
    (void)pair_.server->send_data(id, Buffer(pool_, "abc"), true);
  };
  RequestHead head = make_request(pool_, "PUT", "/");
  head.content_length = 2;

  StreamId id = pair_.client->open(head, false);
  (void)pair_.client->send_data(id, Buffer(pool_, "xy"), true);
  ASSERT_TRUE(link_.run());

  EXPECT_NE(server_.text().find("[cl=2]"), std::string::npos) << server_.text();
  EXPECT_NE(client_.text().find("[cl=3]"), std::string::npos) << client_.text();
  EXPECT_EQ(client_.body(), "abc");
}

TEST_P(CodecContract, CarriesTrailersAndDropsDangerousOnes) {
  server_.handler = [this](StreamId id, const RequestHead&, bool) {
    pair_.server->respond(id, ResponseHead(pool_, 200), false);
    (void)pair_.server->send_data(id, Buffer(pool_, "x"), false);
    HeaderMap trailers(pool_);
    ASSERT_TRUE(trailers.add("grpc-status", "0") && trailers.add("x-forwarded-client-cert", "evil"));
    pair_.server->send_trailers(id, trailers);
  };
  RequestHead head = make_request(pool_, "POST", "/");
  head.accepts_trailers = true;

  pair_.client->open(head, true);
  ASSERT_TRUE(link_.run());

  EXPECT_TRUE(client_.has(id_line("trailers", " {grpc-status: 0}"))) << client_.text();
  EXPECT_EQ(pair_.client->active_streams(), 0U);
}

TEST_P(CodecContract, CarriesRequestTrailers) {
  StreamId id = open("POST", "/", false);
  (void)pair_.client->send_data(id, Buffer(pool_, "x"), false);
  HeaderMap trailers(pool_);
  ASSERT_TRUE(trailers.add("x-checksum", "7"));
  pair_.client->send_trailers(id, trailers);
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(server_.count_starting_with("trailers "), 1U);
  EXPECT_NE(server_.text().find("{x-checksum: 7}"), std::string::npos) << server_.text();
}

TEST_P(CodecContract, TellsTheSenderWhenItIsFullAndWhenItHasDrained) {
  StreamId id = open("POST", "/", false);
  ASSERT_TRUE(link_.run());

  Flow flow = pair_.client->send_data(id, Buffer(pool_, std::string(limits_.stream_high_mark + 1, 'x')), false);
  EXPECT_EQ(flow, Flow::kFull);
  EXPECT_EQ(client_.count_starting_with("drained "), 0U);
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(client_.count_starting_with("drained "), 1U);
  EXPECT_EQ(server_.body().size(), limits_.stream_high_mark + 1);
}

TEST_P(CodecContract, MissingCreditStopsTheSender) {
  server_.auto_credit = AutoCredit::kOff;
  StreamId id = open("POST", "/", false);

  for (int i = 0; i < 64; ++i) {
    (void)pair_.client->send_data(id, Buffer(pool_, std::string(16 * 1024, 'x')), false);
    ASSERT_TRUE(link_.run(16 * 1024));
  }
  size_t before = server_.body().size();
  pair_.server->credit(id, before);
  ASSERT_TRUE(link_.run(16 * 1024));

  EXPECT_LE(before, 2 * limits_.uncredited_mark);
  EXPECT_GT(server_.body().size(), before);
}

TEST_P(CodecContract, LargeBodiesPassThroughSmallBudgets) {
  std::string big(300 * 1024, 'b');
  answer(200, big);

  open("GET", "/", true);
  ASSERT_TRUE(link_.run(1000));

  EXPECT_EQ(client_.body(), big);
  EXPECT_EQ(client_.count_starting_with("end "), 1U);
}

TEST_P(CodecContract, InformationalAnswersComeBeforeTheFinalOne) {
  server_.handler = [this](StreamId id, const RequestHead&, bool) {
    ResponseHead hints(pool_, 103);
    ASSERT_TRUE(hints.fields().add("link", "</a>"));
    pair_.server->inform(id, hints);
    pair_.server->respond(id, ResponseHead(pool_, 200), true);
  };

  open("GET", "/", true);
  ASSERT_TRUE(link_.run());

  ASSERT_GE(client_.lines().size(), 2U);
  EXPECT_EQ(client_.lines()[0], id_line("informational", " 103 {link: </a>}"));
  EXPECT_EQ(client_.count_starting_with("response "), 1U);
}

TEST_P(CodecContract, AnswersToHeadHaveALengthAndNoBody) {
  server_.handler = [this](StreamId id, const RequestHead&, bool) {
    ResponseHead head(pool_, 200);
    head.content_length = 5;
    pair_.server->respond(id, head, true);
  };

  open("HEAD", "/", true);
  ASSERT_TRUE(link_.run());

  EXPECT_TRUE(client_.has(id_line("response", " 200 [cl=5] {}"))) << client_.text();
  EXPECT_EQ(client_.body(), "");
  EXPECT_EQ(client_.count_starting_with("end "), 1U);
  EXPECT_TRUE(pair_.client->reusable());
}

TEST_P(CodecContract, NoContentEndsAtItsHead) {
  answer(204, "");

  open("DELETE", "/", true);
  ASSERT_TRUE(link_.run());

  EXPECT_TRUE(client_.has(id_line("response", " 204 {}"))) << client_.text();
  EXPECT_EQ(client_.count_starting_with("end "), 1U);
  EXPECT_TRUE(pair_.server->reusable());
}

TEST_P(CodecContract, RequestsFollowEachOther) {
  answer(200, "ok");

  for (int i = 0; i < 5; ++i) {
    open("GET", "/", true);
    ASSERT_TRUE(link_.run());
  }

  EXPECT_EQ(server_.count_starting_with("request "), 5U);
  EXPECT_EQ(client_.body(), "okokokokok");
}

TEST_P(CodecContract, AResetIsTheLastThatIsHeardOfAStream) {
  answer(200, "late");
  StreamId id = open("POST", "/", false);

  pair_.client->reset(id, ResetCode::kCancel);
  ASSERT_TRUE(link_.run());
  (void)pair_.client->send_data(id, Buffer(pool_, "dead"), true);
  pair_.client->credit(id, 100);
  ASSERT_TRUE(link_.run());

  EXPECT_TRUE(client_.lines().empty()) << client_.text();
  EXPECT_EQ(pair_.client->active_streams(), 0U);
  EXPECT_EQ(server_.body(), "");
}

TEST_P(CodecContract, AServerMayResetInsideTheRequest) {
  server_.handler = [this](StreamId id, const RequestHead&, bool) {
    pair_.server->reset(id, ResetCode::kInternalError);
  };

  StreamId id = open("POST", "/", false);
  (void)pair_.client->send_data(id, Buffer(pool_, "body"), true);
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(pair_.server->active_streams(), 0U);
  EXPECT_EQ(server_.body(), "");
}

TEST_P(CodecContract, AfterGoAwayTheServerFinishesWhatIsInFlight) {
  StreamId id = open("GET", "/", true);
  ASSERT_TRUE(link_.run());

  pair_.server->go_away();
  ASSERT_TRUE(link_.run());
  EXPECT_FALSE(pair_.server->finished());
  pair_.server->respond(server_.last_id(), ResponseHead(pool_, 200), true);
  pair_.pass_time(1s);  // HTTP/2 leaves in two steps
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(client_.count_starting_with("response "), 1U);
  EXPECT_EQ(client_.last_id(), id);
  EXPECT_EQ(client_.count_starting_with("go_away "), 1U);
  EXPECT_FALSE(pair_.client->reusable());
  EXPECT_TRUE(pair_.server->finished());
}

TEST_P(CodecContract, AnIdleServerThatWentAwayIsFinished) {
  pair_.server->go_away();
  ASSERT_TRUE(link_.run());
  pair_.pass_time(1s);
  ASSERT_TRUE(link_.run());

  EXPECT_TRUE(pair_.server->finished());
  EXPECT_FALSE(pair_.server->reusable());
}

TEST_P(CodecContract, AnAcceptedUpgradeCarriesOpaqueBytesBothWays) {
  RequestHead head = make_request(pool_, "GET", "/chat");
  ASSERT_TRUE(head.set_protocol("websocket"));

  StreamId id = pair_.client->open(head, false);
  ASSERT_TRUE(link_.run());
  ASSERT_NE(server_.text().find("protocol=websocket"), std::string::npos) << server_.text();
  StreamId served = server_.last_id();
  pair_.server->respond(served, ResponseHead(pool_, 101), false);
  ASSERT_TRUE(link_.run());
  (void)pair_.client->send_data(id, Buffer(pool_, "ping"), false);
  (void)pair_.server->send_data(served, Buffer(pool_, "pong"), true);
  ASSERT_TRUE(link_.run());

  EXPECT_TRUE(client_.has(id_line("response", " 101 {}"))) << client_.text();
  EXPECT_EQ(server_.body(), "ping");
  EXPECT_EQ(client_.body(), "pong");
}

TEST_P(CodecContract, ARefusedUpgradeIsAnOrdinaryAnswer) {
  RequestHead head = make_request(pool_, "GET", "/chat");
  ASSERT_TRUE(head.set_protocol("websocket"));
  answer(426, "no");

  StreamId id = pair_.client->open(head, false);
  (void)pair_.client->send_data(id, Buffer(pool_, "early"), false);
  ASSERT_TRUE(link_.run());

  EXPECT_EQ(client_.body(), "no");
  EXPECT_EQ(client_.count_starting_with("response "), 1U);
}

INSTANTIATE_TEST_SUITE_P(Protocols, CodecContract, testing::Values(&http1_pair(), &http2_pair()),
                         [](const auto& entry) { return std::string(entry.param->name()); });
}  // namespace
}  // namespace heddle
