#include "proxy/exchange/local_reply.h"

#include <gtest/gtest.h>

#include "tests/support/test_ca.h"

namespace heddle {
namespace {
class LocalReplyTest : public testing::Test {
 protected:
  RequestHead request(std::string_view content_type = "") {
    RequestHead head(pool_);
    bool ok = head.set_method("POST") && head.set_path("/");
    if (!content_type.empty()) ok = ok && head.fields().add(HeaderName::kContentType, content_type);
    EXPECT_TRUE(ok);
    return head;
  }
  LocalReply reply_to(const RequestHead& head, ReasonDisclosure disclosure) {
    return make_local_reply(head, make_error(Reason::kNoHealthyEndpoint, ""), disclosure, pool_);
  }
  BlockPool pool_;
};

TEST_F(LocalReplyTest, NamesTheReasonToThoseItMayKnow) {
  LocalReply reply = reply_to(request(), ReasonDisclosure::kName);

  EXPECT_EQ(reply.head.status, 503);
  EXPECT_EQ(reply.head.fields().get(HeaderName::kHeddleReason), "no-healthy-endpoint");
  EXPECT_EQ(reply.body, "no-healthy-endpoint");
}

TEST_F(LocalReplyTest, TellsAStrangerTheStatusOnly) {
  LocalReply reply = reply_to(request(), ReasonDisclosure::kNone);

  EXPECT_FALSE(reply.head.fields().get(HeaderName::kHeddleReason));
  EXPECT_EQ(reply.body, "Service Unavailable");
}

TEST_F(LocalReplyTest, TellsAStrangerNothingMoreOverGrpc) {
  LocalReply reply = reply_to(request("application/grpc"), ReasonDisclosure::kNone);

  EXPECT_FALSE(reply.head.fields().get(HeaderName::kHeddleReason));
  EXPECT_EQ(reply.head.fields().get(HeaderName::kGrpcStatus), "14");
  EXPECT_EQ(reply.head.fields().get(HeaderName::kGrpcMessage), "Service Unavailable");
}

TEST(LimitReasonText, SaysWhichLimitAndItsValue) {
  EXPECT_EQ(limit_reason_text(Reason::kPendingOverflow, {TrafficLimit::kPendingRequests, 20}, "shop/hello"),
            "pending-overflow; limit=pendingRequests; value=20; backend-set=shop/hello");
}

// Gateway API, GRPCRoute: what no rule takes is UNIMPLEMENTED, what has no backend UNAVAILABLE.
TEST_F(LocalReplyTest, TellsGrpcWhatARouteDidNotFind) {
  auto status = [this](Reason why) {
    LocalReply reply =
        make_local_reply(request("application/grpc+proto"), make_error(why, ""), ReasonDisclosure::kName, pool_);
    return std::string(*reply.head.fields().get(HeaderName::kGrpcStatus));
  };

  EXPECT_EQ(status(Reason::kRouteNotFound), "12");
  EXPECT_EQ(status(Reason::kBackendSetMissing), "14");
}

TEST(DisclosureTo, KnowsTheOwnApplicationAndPeersWithACertificate) {
  TestCa ca("cluster.local");
  Svid svid = ca.issue("spiffe://cluster.local/ns/shop/sa/web");
  ConnectionInfo plain;
  ConnectionInfo peer;
  peer.peer_certificate = std::make_shared<PeerCertificate>(*PeerCertificate::from_x509(svid.chain.front().get()));

  EXPECT_EQ(disclosure_to(plain, Direction::kOutbound), ReasonDisclosure::kName);
  EXPECT_EQ(disclosure_to(peer, Direction::kInbound), ReasonDisclosure::kName);
  EXPECT_EQ(disclosure_to(plain, Direction::kInbound), ReasonDisclosure::kNone);
}
}  // namespace
}  // namespace heddle
