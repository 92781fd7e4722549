#include "control/app/kube_flags.h"

#include <gtest/gtest.h>

#include "control/app/options.h"

namespace heddle {
namespace {
using Words = std::vector<const char*>;

ParsedControlOptions parse(const Words& more) {
  Words words{"heddle-control", "--data", "/d"};
  words.insert(words.end(), more.begin(), more.end());
  return parse_control_options(static_cast<int>(words.size()), words.data());
}
std::string refusal(const Words& words) {
  auto parsed = parse(words);
  return parsed.exit ? parsed.exit->text.substr(0, parsed.exit->text.find('\n')) : "accepted";
}

TEST(SourceFlags, TheMeshIsWhatIsAppliedUnlessTold) {
  auto parsed = parse({});
  ASSERT_FALSE(parsed.exit);
  EXPECT_EQ(parsed.options.source.kind, SourceKind::kApi);
}

TEST(SourceFlags, AClusterIsReachedAsAPodByAFileOrByAnAddress) {
  EXPECT_EQ(parse({"--source", "kubernetes"}).options.source.kind, SourceKind::kKubernetes);
  auto file = parse({"--source", "kubernetes", "--kubeconfig", "k", "--kube-context", "c"});
  ASSERT_FALSE(file.exit);
  EXPECT_EQ(file.options.source.kube.kubeconfig, "k");
  EXPECT_EQ(file.options.source.kube.context, "c");
  auto address = parse({"--source", "kubernetes", "--kube-api-url", "http://127.0.0.1:8001"});
  ASSERT_FALSE(address.exit);
  EXPECT_EQ(address.options.source.kube.api_url, "http://127.0.0.1:8001");
}

TEST(SourceFlags, AnEngineIsReachedByItsSocketOrByAnAddress) {
  auto usual = parse({"--source", "docker"});
  ASSERT_FALSE(usual.exit);
  EXPECT_EQ(usual.options.source.kind, SourceKind::kDocker);
  EXPECT_EQ(usual.options.source.docker.socket.path(), "/var/run/docker.sock");
  EXPECT_EQ(parse({"--source", "docker", "--docker-host", "tcp://proxy:2375"}).options.source.docker.server.host,
            "proxy");
}

TEST(SourceFlags, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(refusal({"--source", "podman"}), "heddle-control: --source \"podman\": expected api, kubernetes or docker");
  EXPECT_EQ(refusal({"--docker-host", "tcp://a:1"}),
            "heddle-control: --docker-host is of no use without --source docker");
  EXPECT_EQ(refusal({"--source", "docker", "--docker-host", "ssh://a:1"}),
            "heddle-control: --docker-host \"ssh://a:1\": expected unix:///path or tcp://host:port");
  EXPECT_EQ(refusal({"--source", "docker", "--kubeconfig", "k"}),
            "heddle-control: --kubeconfig is of no use without --source kubernetes");
  EXPECT_EQ(refusal({"--kubeconfig", "k"}), "heddle-control: --kubeconfig is of no use without --source kubernetes");
  EXPECT_EQ(refusal({"--source", "kubernetes", "--kubeconfig", "k", "--kube-api-url", "http://a"}),
            "heddle-control: --kubeconfig and --kube-api-url: give one of them");
  EXPECT_EQ(refusal({"--source", "kubernetes", "--kube-context", "c"}),
            "heddle-control: --kube-context: --kubeconfig is missing");
  EXPECT_EQ(
      refusal({"--source", "kubernetes", "--store", "etcd", "--ca-passphrase-file", "/p", "--etcd-endpoints",
               "http://127.0.0.1:2379", "--replica", "one"}),
      "heddle-control: --source kubernetes with --store etcd: the cluster is the store: give --store kubernetes, or "
      "sqlite for one control plane");
}

TEST(SourceFlags, AClusterMayBeTheStoreOfSeveralControlPlanes) {
  auto shared = parse({"--source", "kubernetes", "--store", "kubernetes", "--ca-passphrase-file", "/p", "--replica",
                       "one", "--mesh", "blue", "--replica-address", "10.0.0.5:15010"});
  ASSERT_FALSE(shared.exit) << shared.exit->text;
  EXPECT_EQ(shared.options.store.kind, StoreKind::kKubernetes);
  EXPECT_EQ(shared.options.store.mesh, "blue");
  EXPECT_EQ(refusal({"--store", "kubernetes", "--ca-passphrase-file", "/p", "--replica", "one"}),
            "heddle-control: --store kubernetes needs --source kubernetes");
  EXPECT_NE(refusal({"--source", "kubernetes", "--store", "kubernetes", "--replica", "one"}).find("a Secret"),
            std::string::npos);
  EXPECT_NE(refusal({"--source", "kubernetes", "--store", "kubernetes", "--ca-passphrase-file", "/p", "--replica",
                     "one", "--etcd-user", "u"})
                .find("--etcd-user needs --store etcd"),
            std::string::npos);
}
}  // namespace
}  // namespace heddle
