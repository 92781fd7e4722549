// Control planes tell each other of their sidecars: two registries and hubs in one process, joined by the real stream
// over mutual TLS on loopback. No etcd: who the others are is told by the test.
#include <gtest/gtest.h>

#include "control/app/endpoint.h"
#include "control/replicas/replicas.h"
#include "lib/base/strings.h"
#include "lib/net/connector.h"
#include "tests/support/fake_control.h"
#include "tests/support/run_turns.h"
#include "tests/support/test_ca.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
constexpr std::string_view kControl = "spiffe://cluster.local/heddle/control";
constexpr std::string_view kWorkload = "spiffe://cluster.local/ns/default/sa/web";

HttpClientOptions https() {
  HttpClientOptions options;
  options.scheme = "https";
  return options;
}

// The part of a control plane that speaks with others.
class Plane {
 public:
  Plane(Loop& loop, const TestCa& ca, std::string name, std::string_view id = kControl, Duration silence = 60s)
      : loop_(loop),
        svid_(std::make_shared<const Svid>(ca.issue(id))),
        bundle_(std::make_shared<TrustBundle>(ca.bundle())),
        name_(std::move(name)) {
    ControlEndpoint::Options options;
    options.address = Address::loopback(0);
    endpoint_ = std::make_unique<ControlEndpoint>(
        loop_, protocols_, [this] { return context(TlsRole::kServer, PeerCertificatePolicy::kOptional); },
        std::move(options));
    feed_ = std::make_unique<PeerFeed>(PeerFeed::Parts{loop_,
                                                       registry,
                                                       [this] { return hub.newest(); },
                                                       *SpiffeId::parse(kControl),
                                                       {kPeerProtocol, name_, "0.7.0"},
                                                       {},
                                                       {},
                                                       [this] { ++opened; }});
    facts_feed_ = std::make_unique<FactsFeed>(hub, *SpiffeId::parse(kControl), Logger());
    group_ = std::make_unique<PeerGroup>(
        PeerContext{loop_, connections_, protocols_, tcp_, random_,
                    [this] { return context(TlsRole::kClient, PeerCertificatePolicy::kRequired); },
                    *SpiffeId::parse(kControl), silence},
        registry, hub, name_, Logger());
  }
  ~Plane() {
    group_->stop();
    endpoint_->abort();
    connections_.abort_all(make_error(Reason::kDraining, "the test ends"));
    if (!endpoint_->is_idle() || connections_.size() > 0) {
      loop_.run_until([this] { return endpoint_->is_idle() && connections_.size() == 0; });
    }
  }
  void serve() {
    feed_->serve_on(endpoint_->http());
    facts_feed_->serve_on(endpoint_->http());
  }
  PeerGroup& group() { return *group_; }
  HttpServer& http() { return endpoint_->http(); }
  void listen() { ASSERT_TRUE(endpoint_->listen().has_value()); }
  ReplicaRecord record() const { return {name_, name_, endpoint_->address(), "0.7.0"}; }
  void hear(const std::vector<ReplicaRecord>& others) { group_->set(others); }
  void stop() { group_->stop(); }
  size_t connections() const { return connections_.size(); }
  void cut() { connections_.abort_all(make_error(Reason::kDraining, "the test cuts it")); }
  PeerFeed& feed() { return *feed_; }
  void connect(std::string node, WallTime at) {
    WatchHello hello{.node = node, .software = "0.7.0"};
    registry.on_hello(++ids_, {std::string(kWorkload), node}, hello, at);
    registry.on_progress(ids_, {NodeState::kLive, store->version(), store->version()}, at);
  }
  bool hears(std::string_view name) const {
    for (const ReplicaSight& replica : registry.replicas()) {
      if (replica.name == name) return replica.is_heard;
    }
    return false;
  }
  std::shared_ptr<const TlsContext> context(TlsRole role, PeerCertificatePolicy peer) const {
    return *TlsContext::create({svid_, bundle_}, {role, peer, {std::string(alpn::kHttp2)}});
  }

  TestStore store;
  NodeRegistry registry;
  int opened = 0;  // streams that told of somebody

 private:
  Loop& loop_;
  SeededRandom random_{3};
  std::shared_ptr<const Svid> svid_;
  std::shared_ptr<const TrustBundle> bundle_;
  std::string name_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector tcp_{loop_};
  ConnectionRegistry connections_;
  NodeRegistry::ConnectionId ids_ = 0;

 public:
  WatchHub hub{*store.store, registry, loop_, random_, {}};

 private:
  std::unique_ptr<PeerFeed> feed_;
  std::unique_ptr<FactsFeed> facts_feed_;
  std::unique_ptr<ControlEndpoint> endpoint_;
  std::unique_ptr<PeerGroup> group_;
};

class ControlReplicas : public testing::Test {
 protected:
  // `from` hears `to`.
  void join(Plane& from, Plane& to) {
    to.serve();
    to.listen();
    from.hear({to.record()});
  }
  const NodeStatus* find(const Plane& plane, std::string node) const {
    return plane.registry.find({std::string(kWorkload), std::move(node)});
  }
  // The status of the answer.
  int ask_as_workload(const Plane& to, std::string_view path) {
    Plane workload(loop_, ca_, "w", kWorkload);
    ConnectionRegistry connections;
    Protocols protocols(loop_, HttpLimits{});
    TcpConnector tcp(loop_);
    TlsConnector tls(loop_, tcp, [&]() -> Result<TlsSetup> {
      TlsSetup setup;
      setup.context = workload.context(TlsRole::kClient, PeerCertificatePolicy::kRequired);
      setup.only_alpn = alpn::kHttp2;
      return setup;
    });
    HttpClient client({loop_, connections}, protocols, tls, to.record().address, https());
    RpcRequest request;
    request.method = "POST";
    request.path = path;
    int status = 0;
    Pending token = client.call(request, 60s, [&](const Result<RpcResponse>& answer) {
      ASSERT_TRUE(answer.has_value()) << answer.error().text();
      status = answer->status;
    });
    EXPECT_TRUE(runs_until(loop_, [&] { return status != 0; }));
    token.reset();
    end_connections(loop_, connections);
    return status;
  }
  Loop loop_;
  TestCa ca_{"cluster.local"};
};

// A sidecar's stream to a hub, without sockets: it answers each question for facts with one.
class Answering final : public SubscriberSink {
 public:
  explicit Answering(WatchHub& hub) : hub_(hub) {
    hub_.set_synced();
    subscriber_ = hub_.add(*this, {*SpiffeId::parse(kWorkload)});
    WatchHello hello{.node = "n1", .software = "0.7.0"};
    hello.features = {std::string(kFactsFeature)};
    hub_.on_message(*subscriber_, hello);
    answer();
  }
  ~Answering() override { hub_.remove(*subscriber_); }
  // What it read meanwhile. Never from inside send_line().
  void answer() {
    for (const std::string& line : std::exchange(lines_, {})) {
      Result<ControlMessage> message = decode_control_message(std::string_view(line).substr(0, line.size() - 1));
      ASSERT_TRUE(message.has_value()) << line;
      if (const auto* end = std::get_if<WatchEnd>(&*message)) hub_.on_message(*subscriber_, WatchAck{end->version});
      if (const auto* question = std::get_if<WatchFactsRequest>(&*message)) tell(question->id);
    }
  }

 private:
  Flow send_line(std::string_view line) override {
    lines_.emplace_back(line);
    return Flow::kOpen;
  }
  void close(const Error& why) override { ADD_FAILURE() << why.text(); }
  void tell(uint64_t id) {
    RequestFact fact;
    fact.version = {1, 1};
    fact.method = "GET";
    fact.path = "/remembered";
    for (const WatchFacts& part : split_facts(id, {fact}, 16)) hub_.on_message(*subscriber_, part);
  }
  WatchHub& hub_;
  Subscriber* subscriber_ = nullptr;
  std::vector<std::string> lines_;
};

TEST_F(ControlReplicas, ASidecarOfOneIsListedByTheOther) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  b.connect("n1", loop_.wall());
  join(a, b);
  EXPECT_FALSE(a.hub.is_reached(a.store->version())) << "b is not heard yet";

  ASSERT_TRUE(runs_until(loop_, [&] { return a.hears("b"); }));

  const NodeStatus* row = find(a, "n1");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(b.opened, 1) << "who listens may be new to b";
  EXPECT_EQ(row->replica, "b");
  EXPECT_EQ(row->runs, b.store->version());
  EXPECT_TRUE(a.hub.is_reached(a.store->version()));
  b.connect("n2", loop_.wall());
  EXPECT_TRUE(runs_until(loop_, [&] { return find(a, "n2") != nullptr; }));
}

TEST_F(ControlReplicas, AWaitEndsWhenTheSidecarsOfTheOtherRunIt) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  join(a, b);
  std::optional<WaitResult> result;
  Pending waiting = a.hub.wait(a.store->version(), 10min, [&](WaitResult r) { result = std::move(r); });
  run_turns(loop_);

  ASSERT_TRUE(runs_until(loop_, [&] { return result.has_value(); }));

  EXPECT_EQ(result->end, WaitResult::End::kReached);
  EXPECT_TRUE(a.hears("b"));
}

TEST_F(ControlReplicas, ASidecarThatMovesIsListedOnce) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  WallTime now = loop_.wall();
  a.connect("n1", now - 1min);
  b.connect("n1", now);
  join(a, b);

  ASSERT_TRUE(runs_until(loop_, [&] { return a.hears("b"); }));

  EXPECT_EQ(a.registry.rows().size(), 1U);
  EXPECT_EQ(find(a, "n1")->replica, "b");
  a.connect("n1", now + 1min);
  EXPECT_EQ(find(a, "n1")->replica, "");
}

TEST_F(ControlReplicas, AReplicaThatIsCutOffIsSilentAndOneThatLeftTooIsNoMore) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  b.connect("n1", loop_.wall());
  join(a, b);
  ASSERT_TRUE(runs_until(loop_, [&] { return a.hears("b"); }));

  a.hear({});
  run_turns(loop_);
  EXPECT_TRUE(a.hears("b")) << "it left etcd, and is heard all the same";
  b.feed().drain();
  ASSERT_TRUE(runs_until(loop_, [&] { return a.registry.replicas().empty(); }));

  EXPECT_EQ(find(a, "n1")->state, NodeState::kGone);
  EXPECT_TRUE(a.hub.is_reached(a.store->version()));
}

TEST_F(ControlReplicas, AReplicaThatComesBackIsHeardAgain) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  b.connect("n1", loop_.wall());
  join(a, b);
  ASSERT_TRUE(runs_until(loop_, [&] { return a.hears("b"); }));

  a.cut();
  ASSERT_TRUE(runs_until(loop_, [&] { return !a.hears("b"); }));
  EXPECT_EQ(find(a, "n1")->state, NodeState::kLive) << "what it told stays";
  EXPECT_FALSE(a.hub.is_reached(a.store->version()));

  EXPECT_TRUE(runs_until(loop_, [&] { return a.hears("b"); })) << "it is asked again";
}

TEST_F(ControlReplicas, WhoHasStoppedListensToNobodyWhoComesLater) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  b.connect("n1", loop_.wall());
  a.stop();
  join(a, b);

  run_turns(loop_);

  EXPECT_TRUE(a.registry.replicas().empty()) << "nobody is to be waited for";
  EXPECT_EQ(a.connections(), 0U);
}

TEST_F(ControlReplicas, WhoTakesTheAddressOfAnotherOneIsHeardByItsOwnName) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  join(a, b);
  ASSERT_TRUE(runs_until(loop_, [&] { return a.hears("b"); }));
  ReplicaRecord newer = b.record();
  newer.id = newer.name = "c";
  ReplicaRecord older = b.record();
  older.address = Address();

  a.hear({newer, older});

  EXPECT_TRUE(runs_until(loop_, [&] { return a.hears("c"); }));
  EXPECT_EQ(a.registry.replicas().size(), 2U) << "the older one is known";
  EXPECT_FALSE(a.hears("b")) << "its own stream is not where it said";
}

TEST_F(ControlReplicas, WhoThereWasNoRoomForIsHeardWhenRoomComes) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  b.serve();
  b.listen();
  std::vector<ReplicaRecord> many;
  for (size_t i = 0; i < PeerGroup::kMaxPeers; ++i) {
    std::string ip = str_cat("127.0.1.", std::to_string(i + 1));  // where nobody listens
    many.push_back(
        {ip, str_cat("away-", std::to_string(i)), *Address::from_ip(ip, b.record().address.port()), "0.7.0"});
  }
  a.hear(many);
  many.push_back(b.record());
  a.hear(many);
  run_turns(loop_);
  EXPECT_FALSE(a.hears("b"));

  a.hear({b.record()});

  EXPECT_TRUE(runs_until(loop_, [&] { return a.hears("b"); }));
}

TEST_F(ControlReplicas, OneThatKeepsTheStreamOpenAndSaysNothingIsSilent) {
  struct Mute final : LineObserver {
    void on_line(std::string_view) override {}
    void on_closed(const Error&) override {}
  };
  Plane a(loop_, ca_, "a", kControl, 300ms);
  Plane b(loop_, ca_, "b");
  int streams = 0;
  b.http().stream(PeerFeed::kPath, [&](const RpcRequest&, LineSender&) {
    ++streams;
    return Result<std::unique_ptr<LineObserver>>(std::make_unique<Mute>());
  });
  b.listen();

  a.hear({b.record()});

  EXPECT_TRUE(runs_until(loop_, [&] { return streams >= 2; })) << "it is given up and asked again";
  EXPECT_FALSE(a.hears("b"));
}

TEST_F(ControlReplicas, AWorkloadIsRefused) {
  Plane b(loop_, ca_, "b");
  b.connect("n1", loop_.wall());
  b.serve();
  b.listen();

  EXPECT_EQ(ask_as_workload(b, PeerFeed::kPath), 403);
  EXPECT_EQ(ask_as_workload(b, kPeerFactsPath), 403);
  EXPECT_EQ(b.feed().streams(), 0U);
}

TEST_F(ControlReplicas, WhatTheSidecarsOfAnotherOneRememberIsFetchedFromIt) {
  Plane a(loop_, ca_, "a");
  Plane b(loop_, ca_, "b");
  Answering sidecar(b.hub);
  join(a, b);
  ASSERT_TRUE(runs_until(loop_, [&] { return a.hears("b") && find(a, "n1") != nullptr; }));
  MeshFacts facts(
      {loop_, a.registry,
       [&](FactsQuery query, FactsFetcher::Done done) { return a.hub.fetch_facts(std::move(query), std::move(done)); },
       [&](const std::string& name, const FactsQuery& query, MeshFacts::Answer done) {
         a.group().ask(name, query, std::move(done));
       }});
  std::optional<FactsResult> result;
  Pending token = facts.fetch({"default", 20s}, [&](FactsResult r) { result = std::move(r); });

  ASSERT_TRUE(runs_until(loop_, [&] {
    sidecar.answer();
    return result.has_value();
  }));

  EXPECT_EQ(result->note(), "");
  ASSERT_EQ(result->sidecars.size(), 1U);
  EXPECT_EQ(result->sidecars[0].key.node, "n1");
  ASSERT_EQ(result->sidecars[0].kept.facts.size(), 1U);
  EXPECT_EQ(result->sidecars[0].kept.facts[0].path, "/remembered");
  EXPECT_EQ(result->sidecars[0].kept.seen, 16U);
}

TEST_F(ControlReplicas, WhoAnswersWithAnotherIdentityIsNotHeard) {
  Plane a(loop_, ca_, "a");
  Plane impostor(loop_, ca_, "b", kWorkload);
  impostor.connect("n1", loop_.wall());
  join(a, impostor);

  run_turns(loop_);

  EXPECT_FALSE(a.hears("b"));
  EXPECT_EQ(find(a, "n1"), nullptr);
  EXPECT_EQ(impostor.feed().streams(), 0U);
}
}  // namespace
}  // namespace heddle
