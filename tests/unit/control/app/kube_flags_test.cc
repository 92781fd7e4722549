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

TEST(SourceFlags, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(refusal({"--source", "docker"}), "heddle-control: --source \"docker\": expected api or kubernetes");
  EXPECT_EQ(refusal({"--kubeconfig", "k"}), "heddle-control: --kubeconfig is of no use without --source kubernetes");
  EXPECT_EQ(refusal({"--source", "kubernetes", "--kubeconfig", "k", "--kube-api-url", "http://a"}),
            "heddle-control: --kubeconfig and --kube-api-url: give one of them");
  EXPECT_EQ(refusal({"--source", "kubernetes", "--kube-context", "c"}),
            "heddle-control: --kube-context: --kubeconfig is missing");
  EXPECT_EQ(refusal({"--source", "kubernetes", "--store", "etcd", "--ca-passphrase-file", "/p", "--etcd-endpoints",
                     "http://127.0.0.1:2379", "--replica", "one"}),
            "heddle-control: --source kubernetes with --store etcd is not there yet: one control plane, with --store "
            "sqlite");
}
}  // namespace
}  // namespace heddle
