#include "control/kube/kube_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "control/kube/kube_config_load.h"
#include "lib/base/strings.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
using testing::HasSubstr;

constexpr std::string_view kConfig = R"(apiVersion: v1
kind: Config
preferences: {}
current-context: dev
clusters:
- name: c1
  cluster:
    server: https://api.example.org:6443/k8s/one/
    certificate-authority: ca.crt
    tls-server-name: Kube.Example
- name: c2
  cluster:
    server: https://[fd00::1]
    certificate-authority-data: Q0E=
users:
- name: u1
  user:
    tokenFile: /run/token
- name: u2
  user:
    client-certificate-data: Q0VSVA==
    client-key: keys/k.pem
- name: plugin
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}
contexts:
- name: dev
  context: {cluster: c1, user: u1, namespace: payments}
- name: other
  context: {cluster: c2, user: u2}
- name: cloud
  context: {cluster: c1, user: plugin}
- name: nowhere
  context: {cluster: c3, user: u1}
)";

Result<KubeConfig> parse(std::string_view context = {}, std::string_view text = kConfig) {
  return parse_kubeconfig(text, "/home/a/.kube/config", context);
}
std::string problem(std::string_view context, std::string_view text = kConfig) {
  Result<KubeConfig> config = parse(context, text);
  return config ? "(none)" : config.error().text();
}
// A config of one cluster and one user with these fields.
std::string with(std::string_view cluster, std::string_view user) {
  return str_cat(
      "current-context: x\ncontexts: [{name: x, context: {cluster: x, user: x}}]\nclusters: [{name: x, cluster: {",
      cluster, "}}]\nusers: [{name: x, user: {", user, "}}]\n");
}

TEST(KubeConfigFile, ReadsTheCurrentContext) {
  Result<KubeConfig> config = parse();

  ASSERT_TRUE(config.has_value()) << config.error().text();
  EXPECT_EQ(config->server.host, "api.example.org");
  EXPECT_EQ(config->server.port, 6443);
  EXPECT_TRUE(config->server.is_tls);
  EXPECT_EQ(config->base_path, "/k8s/one");
  EXPECT_EQ(config->server_name, "kube.example");
  EXPECT_EQ(config->ca.file, "/home/a/.kube/ca.crt") << "beside the file";
  EXPECT_EQ(config->token_file, "/run/token");
  EXPECT_EQ(config->namespace_name, "payments");
}

TEST(KubeConfigFile, ReadsAContextThatIsAskedFor) {
  Result<KubeConfig> config = parse("other");

  ASSERT_TRUE(config.has_value()) << config.error().text();
  EXPECT_EQ(config->server.host, "fd00::1");
  EXPECT_EQ(config->server.authority(), "[fd00::1]:443");
  EXPECT_EQ(config->base_path, "");
  EXPECT_EQ(config->ca.data, "CA");
  EXPECT_EQ(config->certificate.data, "CERT");
  EXPECT_EQ(config->key.file, "/home/a/.kube/keys/k.pem");
  EXPECT_EQ(config->namespace_name, "default");
}

TEST(KubeConfigFile, PluginsAreRefused) {
  EXPECT_THAT(problem("cloud"), HasSubstr("/home/a/.kube/config: "));
  EXPECT_THAT(problem("cloud"), HasSubstr("exec: Heddle runs no plugins"));
  EXPECT_EQ(parse("cloud").error().reason, Reason::kUnsupported);
}

TEST(KubeConfigFile, WhatIsMissingIsNamed) {
  EXPECT_THAT(problem("nope"), HasSubstr(R"(contexts: there is none of the name "nope")"));
  EXPECT_THAT(problem("nowhere"), HasSubstr(R"(clusters: there is none of the name "c3")"));
  EXPECT_THAT(problem("", "contexts: []"), HasSubstr("current-context"));
  EXPECT_THAT(problem("", "a: [b"), HasSubstr("/home/a/.kube/config"));
}

TEST(KubeConfigFile, WhatWouldBeAnotherConnectionIsRefused) {
  constexpr std::string_view kServer = "server: 'https://a.example'";
  EXPECT_EQ(problem("", with(kServer, "token: t")), "(none)");
  EXPECT_THAT(problem("", with("server: 'ftp://a.example'", "")), HasSubstr("cluster.server"));
  EXPECT_THAT(problem("", with(str_cat(kServer, ", insecure-skip-tls-verify: true"), "")), HasSubstr("verifies"));
  EXPECT_EQ(problem("", with(str_cat(kServer, ", insecure-skip-tls-verify: false"), "")), "(none)");
  EXPECT_THAT(problem("", with(str_cat(kServer, ", proxy-url: 'http://p:1'"), "")), HasSubstr("proxy-url"));
  EXPECT_THAT(problem("", with(kServer, "username: a, password: b")), HasSubstr("username"));
  EXPECT_THAT(problem("", with(kServer, "auth-provider: {name: gcp}")), HasSubstr("auth-provider"));
  EXPECT_THAT(problem("", with(kServer, "as: admin")), HasSubstr("user.as"));
  EXPECT_THAT(problem("", with(kServer, "client-certificate: a.pem")), HasSubstr("needs its key"));
  EXPECT_THAT(problem("", with(kServer, "client-key-data: '%%%', client-certificate: a.pem")), HasSubstr("base64"));
  EXPECT_THAT(problem("", with("server: 'http://a.example'", "token: t")), HasSubstr("not sent to an http://"));
}

TEST(KubeConfigInCluster, IsOfTheEnvironmentAndTheServiceAccount) {
  Result<KubeConfig> config = in_cluster_config({"10.96.0.1", "443", "heddle-system\n"});

  ASSERT_TRUE(config.has_value()) << config.error().text();
  EXPECT_EQ(config->server.authority(), "10.96.0.1:443");
  EXPECT_TRUE(config->server.is_tls);
  EXPECT_EQ(config->token_file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
  EXPECT_EQ(config->ca.file, "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
  EXPECT_EQ(config->namespace_name, "heddle-system");
}

TEST(KubeConfigInCluster, BracketsIPv6) {
  for (std::string_view host : {"fd00::1", "[fd00::1]"}) {
    Result<KubeConfig> config = in_cluster_config({std::string(host), "443", "a"});
    ASSERT_TRUE(config.has_value()) << config.error().text();
    EXPECT_EQ(config->server.host, "fd00::1");
    EXPECT_EQ(config->server.authority(), "[fd00::1]:443");
  }
}

TEST(KubeConfigInCluster, WhatIsMissingIsNamed) {
  auto why = [](const InClusterInput& input) { return in_cluster_config(input).error().detail; };
  EXPECT_THAT(why({"", "443", "a"}), HasSubstr("not in a pod"));
  EXPECT_THAT(why({"10.0.0.1", "x", "a"}), HasSubstr("KUBERNETES_SERVICE_PORT"));
  EXPECT_THAT(why({"a b", "443", "a"}), HasSubstr("KUBERNETES_SERVICE_HOST"));
  EXPECT_THAT(why({"10.0.0.1", "443", ""}), HasSubstr("/namespace"));
}

TEST(KubeConfigPlain, IsAnAddressWithoutCredentials) {
  Result<KubeConfig> config = plain_kube_config("http://127.0.0.1:8001/");

  ASSERT_TRUE(config.has_value()) << config.error().text();
  EXPECT_EQ(config->server.authority(), "127.0.0.1:8001");
  EXPECT_FALSE(config->server.is_tls);
  EXPECT_EQ(plain_kube_config("http://[::1]")->server.authority(), "[::1]:80");
  EXPECT_THAT(plain_kube_config("127.0.0.1:8001").error().detail, HasSubstr("--kube-api-url"));
}

// Where the configuration of a process comes from.
class KubeConfigLoad : public testing::Test {
 protected:
  Result<KubeConfig> load(const KubeLocation& where) {
    return load_kube_config(where, [this](std::string_view name) {
      auto found = environment.find(name);
      return found == environment.end() ? std::string() : found->second;
    });
  }
  TempDir folder;
  std::map<std::string, std::string, std::less<>> environment;
};

TEST_F(KubeConfigLoad, AKubeconfigIsReadWithItsContext) {
  std::string file = folder.write("config", kConfig);

  Result<KubeConfig> config = load({"", file, "other", ""});

  ASSERT_TRUE(config.has_value()) << config.error().text();
  EXPECT_EQ(config->key.file, folder / "keys/k.pem");
  EXPECT_THAT(load({"", folder / "none", "", ""}).error().detail, HasSubstr("none"));
}

TEST_F(KubeConfigLoad, WithoutAnythingItIsThePodWeAreIn) {
  EXPECT_THAT(load({"", "", "", folder.path()}).error().detail, HasSubstr("not in a pod"));
  environment["KUBERNETES_SERVICE_HOST"] = "10.96.0.1";
  environment["KUBERNETES_SERVICE_PORT"] = "443";
  EXPECT_THAT(load({"", "", "", folder.path()}).error().detail, HasSubstr("/namespace"));
  folder.write("namespace", "heddle-system");

  Result<KubeConfig> config = load({"", "", "", folder.path()});

  ASSERT_TRUE(config.has_value()) << config.error().text();
  EXPECT_EQ(config->token_file, folder / "token");
}

TEST_F(KubeConfigLoad, TwoAnswersAreNone) {
  EXPECT_THAT(load({"http://127.0.0.1:8001", "file", "", ""}).error().detail, HasSubstr("one of them"));
  EXPECT_THAT(load({"http://127.0.0.1:8001", "", "dev", ""}).error().detail, HasSubstr("--kube-context"));
  EXPECT_TRUE(load({"http://127.0.0.1:8001", "", "", ""}).has_value());
}
}  // namespace
}  // namespace heddle
