#include "control/store/etcd_messages.h"

#include <gtest/gtest.h>

#include "control/store/etcd_options.h"

namespace heddle {
namespace {
JsonValue json(std::string_view text) { return *JsonValue::parse(text); }

TEST(EtcdMessages, KeysAndValuesAreBase64AndNumbersAreStrings) {
  EXPECT_EQ(encode(EtcdPut{"/m/a", "1", 123}), R"({"key":"L20vYQ==","value":"MQ==","lease":"123"})");
  EXPECT_EQ(encode(EtcdRange{"/m/", "/m0", 500}), R"({"key":"L20v","range_end":"L20w","limit":"500"})");
  EXPECT_EQ(encode_lease_grant(10s), R"({"TTL":"10"})");
  EXPECT_EQ(encode_authenticate("a\"b", "c"), R"({"name":"a\"b","password":"c"})");
}

TEST(EtcdMessages, AComparisonWithZeroSaysWhatIsCompared) {
  EtcdTransaction create;
  create.compare = {{EtcdCompare::Target::kCreateRevision, "k", EtcdCompare::Is::kEqual, 0}};
  create.success = {EtcdPut{"k", "v"}, EtcdDelete{"a", "b"}};
  create.failure = {EtcdRange{"k"}};

  EXPECT_EQ(encode(create), R"({"compare":[{"target":"CREATE","key":"aw==","result":"EQUAL","create_revision":"0"}],)"
                            R"("success":[{"request_put":{"key":"aw==","value":"dg=="}},)"
                            R"({"request_delete_range":{"key":"YQ==","range_end":"Yg=="}}],)"
                            R"("failure":[{"request_range":{"key":"aw=="}}]})");
}

TEST(EtcdMessages, APrefixEndsBeforeTheNextOne) { EXPECT_EQ(etcd_prefix_end("/m/"), "/m0"); }

TEST(EtcdMessages, AnEmptyRangeLeavesFieldsOut) {
  Result<EtcdRangeAnswer> answer =
      decode_range(json(R"({"header":{"cluster_id":"18446744073709551615","revision":"7"}})"));

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->header.cluster_id, UINT64_MAX);
  EXPECT_EQ(answer->header.revision, 7);
  EXPECT_TRUE(answer->found.empty());
  EXPECT_FALSE(answer->more);
}

TEST(EtcdMessages, NumbersMayBeNumbersAndValuesEmpty) {
  Result<EtcdRangeAnswer> answer =
      decode_range(json(R"({"header":{"revision":7},"kvs":[{"key":"aw==","mod_revision":"5"}],"more":true})"));

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->found[0].key, "k");
  EXPECT_EQ(answer->found[0].value, "");
  EXPECT_EQ(answer->found[0].mod_revision, 5);
  EXPECT_TRUE(answer->more);
}

TEST(EtcdMessages, WhatIsNotUnderstoodIsRefused) {
  for (std::string_view text : {R"({"kvs":[{"key":"!"}]})", R"({"kvs":[{}]})", R"({"kvs":{}})",
                                R"({"header":{"revision":"x"}})", R"({"header":{"revision":"9223372036854775808"}})",
                                R"({"header":{"revision":1.5}})", R"({"more":"yes"})", "[]"}) {
    Result<EtcdRangeAnswer> answer = decode_range(json(text));
    ASSERT_FALSE(answer.has_value()) << text;
    EXPECT_EQ(answer.error().reason, Reason::kUpstreamProtocolError);
  }
}

TEST(EtcdMessages, AFailedComparisonAnswersTheOtherBranch) {
  Result<EtcdTransactionAnswer> answer = decode_transaction(json(
      R"({"header":{"revision":"2"},"responses":[{"response_range":{"kvs":[{"key":"aw==","value":"MQ=="}]}},{"response_range":{}}]})"));

  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->succeeded);
  ASSERT_EQ(answer->answers.size(), 2U);
  EXPECT_EQ(answer->answers[0].found[0].value, "1");
  EXPECT_TRUE(answer->answers[1].found.empty());
}

TEST(EtcdMessages, AnExpiredLeaseHasNoTimeLeft) {
  EXPECT_EQ(decode_keep_alive(json(R"({"result":{"ID":"77"}})"))->ttl, Duration(0));
  EXPECT_EQ(decode_keep_alive(json(R"({"result":{"ID":"77","TTL":"10"}})"))->ttl, 10s);
  EXPECT_EQ(decode_lease(json(R"({"ID":"4111120171530513932","TTL":"10"})"))->id, 4111120171530513932);
  EXPECT_FALSE(decode_keep_alive(json(R"({"ID":"77"})")).has_value());
}

TEST(EtcdMessages, AWatchTellsPutsDeletesAndThatItIsCancelled) {
  Result<EtcdWatchAnswer> events = decode_watch(
      R"({"result":{"header":{"revision":"5"},"events":[{"kv":{"key":"aw==","value":"MQ==","mod_revision":"5"}},)"
      R"({"type":"DELETE","kv":{"key":"aw==","mod_revision":"6"}}]}})");
  Result<EtcdWatchAnswer> canceled = decode_watch(R"({"result":{"header":{},"canceled":true,"compact_revision":"3"}})");

  ASSERT_TRUE(events.has_value()) << events.error().text();
  ASSERT_EQ(events->events.size(), 2U);
  EXPECT_FALSE(events->events[0].is_delete);
  EXPECT_TRUE(events->events[1].is_delete);
  ASSERT_TRUE(canceled.has_value());
  EXPECT_TRUE(canceled->canceled);
  EXPECT_EQ(canceled->compact_revision, 3);
}

TEST(EtcdMessages, ARangeMayBeWatchedAndReadAsItWasOnce) {
  EtcdRange range{"k", "l", 7};
  range.revision = 42;

  EXPECT_EQ(encode(range), R"({"key":"aw==","range_end":"bA==","limit":"7","revision":"42"})");
  EXPECT_EQ(encode(EtcdWatchRequest{"k", 5, "l"}),
            R"({"create_request":{"key":"aw==","range_end":"bA==","start_revision":"5"}})");
  EXPECT_EQ(encode(EtcdWatchRequest{"k", 5}), R"({"create_request":{"key":"aw==","start_revision":"5"}})");
}

TEST(EtcdMessages, AnErrorInTheMidstOfAWatchIsAnError) {
  Result<EtcdWatchAnswer> broken =
      decode_watch(R"({"error":{"grpc_code":13,"http_code":500,"message":"server closed the stream"}})");

  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().reason, Reason::kUnavailable);
  EXPECT_FALSE(decode_watch("not json").has_value());
}

TEST(EtcdMessages, ErrorsSayWhatToDo) {
  struct Row {
    uint16_t status;
    std::string_view body;
    Reason reason;
    bool is_member_at_fault;
    bool is_unauthenticated;
  };
  const Row rows[] = {
      {400, R"({"error":"etcdserver: request is too large","code":3})", Reason::kTooLarge, false, false},
      {404, R"({"error":"etcdserver: requested lease not found","code":5})", Reason::kNotFound, false, false},
      {400, R"({"error":"etcdserver: mvcc: required revision has been compacted","code":11})", Reason::kNotFound, false,
       false},
      {404, "Not Found\n", Reason::kUnsupported, false, false},
      {503, R"({"error":"etcdserver: no leader","code":14})", Reason::kUnavailable, true, false},
      {503, "", Reason::kUnavailable, true, false},
      {401, R"({"error":"etcdserver: invalid auth token","code":16})", Reason::kUnauthenticated, false, true},
      {403, R"({"message":"etcdserver: permission denied","code":7})", Reason::kForbidden, false, false},
      {400, R"({"error":"etcdserver: authentication failed, invalid user ID or password","code":3})",
       Reason::kUnauthenticated, false, false},
      {400, R"({"error":"etcdserver: user name is empty","code":3})", Reason::kUnauthenticated, false, false},
      {400, R"({"error":"etcdserver: revision of auth store is old","code":3})", Reason::kUpstreamProtocolError, false,
       true},
      {429, R"({"error":"etcdserver: mvcc: database space exceeded","code":8})", Reason::kIo, false, false},
      {503, R"({"error":"etcdserver: mvcc: database space exceeded","code":8})", Reason::kIo, false, false},
      {429, R"({"error":"etcdserver: too many requests","code":8})", Reason::kUnavailable, false, false},
  };
  for (const Row& row : rows) {
    EtcdError error = decode_etcd_error(row.status, row.body);
    EXPECT_EQ(error.to_error().reason, row.reason) << row.body;
    EXPECT_EQ(error.is_member_at_fault(), row.is_member_at_fault) << row.body;
    EXPECT_EQ(error.is_unauthenticated(), row.is_unauthenticated) << row.body;
  }
}

TEST(EtcdMessages, AFullEtcdSaysThatItIsFullAndWhatHelps) {
  Error error = decode_etcd_error(429, R"({"error":"etcdserver: mvcc: database space exceeded","code":8})").to_error();

  EXPECT_NE(error.detail.find("etcd is full"), std::string::npos) << error.detail;
  EXPECT_NE(error.detail.find("alarm disarm"), std::string::npos) << error.detail;
}

TEST(EtcdEndpoint, IsAClientUrl) {
  EXPECT_EQ(EtcdEndpoint::parse("https://etcd-1.Example:2379")->text(), "https://etcd-1.example:2379");
  EXPECT_EQ(EtcdEndpoint::parse("http://[::1]:2379/")->host, "::1");
  EXPECT_EQ(EtcdEndpoint::parse("http://[::1]:2379")->authority(), "[::1]:2379");
  for (std::string_view bad : {"etcd:2379", "http://etcd", "http://:2379", "http://a:0", "http://a:70000", "ftp://a:1",
                               "http://a/b:1", "http://[::1]", "http://u@a:1", "http://a:b:1"}) {
    Result<EtcdEndpoint> endpoint = EtcdEndpoint::parse(bad);
    ASSERT_FALSE(endpoint.has_value()) << bad;
    EXPECT_EQ(endpoint.error().reason, Reason::kConfigInvalid);
  }
}

TEST(EtcdOptions, AreCheckedAsAWhole) {
  EtcdOptions good;
  good.endpoints = {*EtcdEndpoint::parse("http://a:1")};
  EXPECT_TRUE(good.check().has_value());
  EtcdOptions none;
  EtcdOptions mixed = good;
  mixed.endpoints.push_back(*EtcdEndpoint::parse("https://b:1"));
  EtcdOptions without_ca;
  without_ca.endpoints = {*EtcdEndpoint::parse("https://b:1")};
  EtcdOptions useless = good;
  useless.ca_file = "/ca";
  EtcdOptions keyless = without_ca;
  keyless.ca_file = "/ca";
  keyless.cert_file = "/cert";
  EtcdOptions nobody = good;
  nobody.password = "x";
  for (const EtcdOptions& bad : {none, mixed, without_ca, useless, keyless, nobody}) EXPECT_FALSE(bad.check());
}
}  // namespace
}  // namespace heddle
