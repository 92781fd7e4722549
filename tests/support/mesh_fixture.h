// MeshFixture: client -> outbound sidecar =mTLS=> inbound sidecars -> applications, in one process. Tests add what they
// need; everything is torn down in the right order.
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/raw_origin.h"
#include "tests/support/two_sidecars.h"

namespace heddle {

class MeshFixture : public testing::Test {
 public:
  static constexpr std::string_view kServerId = "spiffe://cluster.local/ns/default/sa/hello";
  static constexpr std::string_view kClientId = "spiffe://cluster.local/ns/default/sa/client";

 protected:
  RawOrigin& add_origin(RawOrigin::Script script) {
    origins_.push_back(std::make_unique<RawOrigin>(std::move(script)));
    return *origins_.back();
  }
  // Answers every request with `body`, keep-alive.
  RawOrigin& add_answering_origin(std::string body) {
    return add_origin([body = std::move(body)](BlockingClient& peer, int, std::atomic<int>& requests) {
      while (!read_request(peer).empty()) {
        ++requests;
        peer.send(http_answer(body));
      }
    });
  }
  Sidecar& add_inbound(const Address& application, InboundTls tls = InboundTls::kStrict,
                       PortProtocol protocol = PortProtocol::kAuto) {
    return add_inbound(inbound_settings(application, tls, protocol));
  }
  Sidecar& add_inbound(Settings settings) {
    inbound_.push_back(std::make_unique<Sidecar>(std::move(settings)));
    inbound_.back()->publish(identity_of(ca_.issue(kServerId), ca_.bundle()));
    if (!inbound_.back()->start()) std::abort();
    return *inbound_.back();
  }
  Sidecar& start_outbound(std::shared_ptr<const Snapshot> snapshot, Settings settings = outbound_settings()) {
    outbound_ = std::make_unique<Sidecar>(std::move(settings));
    outbound_->publish(identity_of(ca_.issue(kClientId), ca_.bundle()));
    if (snapshot != nullptr) outbound_->publish(std::move(snapshot));
    if (!outbound_->start()) std::abort();
    return *outbound_;
  }
  // Both sidecars before this application.
  void join(const Address& application, PortProtocol protocol = PortProtocol::kAuto) {
    Sidecar& inbound = add_inbound(application, InboundTls::kStrict, protocol);
    start_outbound(hello_snapshot({inbound.address()}, kServerId), outbound_settings(protocol));
  }
  const Address& entry() const { return outbound_->address(); }

  // What a sidecar counts is seen a moment after the peer sees what was counted.
  static void wait_metric(Sidecar& sidecar, std::string_view series, int64_t value) {
    auto give_up = std::chrono::steady_clock::now() + 60s;
    while (sidecar.metric(series) != value && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    ASSERT_EQ(sidecar.metric(series), value) << series;
  }

  static std::string reason_of(const std::string& answer) {
    size_t at = answer.find("heddle-reason: ");
    if (at == std::string::npos) return {};
    return answer.substr(at + 15, answer.find("\r\n", at) - at - 15);
  }
  // hello.default without a sidecar before it.
  static std::shared_ptr<const Snapshot> plain_snapshot(const std::vector<Address>& endpoints,
                                                        std::string_view protocol = "http") {
    std::string yaml = str_cat(
        "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n"
        "apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: hello}\nspec:\n  tls: plaintext\n"
        "  protocol: ",
        protocol, "\n  loadBalancer: {policy: roundRobin}\n  endpoints:", endpoints.empty() ? " []\n" : "\n");
    for (const Address& endpoint : endpoints) {
      yaml.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()), "}\n"));
    }
    return snapshot_of(yaml);
  }

  TestCa ca_{"cluster.local"};
  std::vector<std::unique_ptr<RawOrigin>> origins_;
  std::vector<std::unique_ptr<Sidecar>> inbound_;
  std::unique_ptr<Sidecar> outbound_;
};
}  // namespace heddle
