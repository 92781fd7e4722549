#include "tests/support/etcd_cluster.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/address.h"
#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"

extern char** environ;

namespace heddle {
namespace {
constexpr int kFirstPort = 10'000;
constexpr int kPorts = 20'000;

bool is_free(uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  socklen_t size = Address::loopback(port).to_sockaddr(storage);
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0;
}

pid_t spawn(const std::vector<std::string>& arguments, const std::string& log_file) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t pid = -1;
  int failed = ::posix_spawnp(&pid, argv.front(), &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? pid : -1;
}
}  // namespace

uint16_t free_server_port() {
  static int next = static_cast<int>(::getpid()) * 37;
  while (true) {
    auto port = static_cast<uint16_t>(kFirstPort + next++ % kPorts);
    if (is_free(port)) return port;
  }
}

EtcdCluster::EtcdCluster(int members, const TestCa* ca, std::vector<std::string> more)
    : is_tls_(ca != nullptr), more_(std::move(more)) {
  if (ca != nullptr) {
    CertSpec leaf;  // for servers and clients: the gateway dials its own member with it
    leaf.any_names = "DNS:localhost,IP:127.0.0.1";
    leaf.common_name = "etcd";
    leaf.names_criticality = Criticality::kNotCritical;
    Svid svid = ca->issue(leaf);
    folder_.write("ca.pem", ca->root_pem());
    folder_.write("cert.pem", svid.chain_pem());
    folder_.write("key.pem", svid.key_pem()->view());
  }
  for (int i = 0; i < members; ++i) members_.push_back({free_server_port(), free_server_port(), -1});
  for (size_t i = 0; i < members_.size(); ++i) restart(i);
}

EtcdCluster::~EtcdCluster() {
  for (size_t i = 0; i < members_.size(); ++i) kill(i);
}

EtcdCluster& EtcdCluster::shared() {
  static EtcdCluster cluster(3);
  return cluster;
}

std::string EtcdCluster::client_url(const Member& member) const {
  return str_cat(is_tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:", std::to_string(member.client_port));
}

std::vector<EtcdEndpoint> EtcdCluster::endpoints() const {
  std::vector<EtcdEndpoint> out;
  for (const Member& member : members_) out.push_back(*EtcdEndpoint::parse(client_url(member)));
  return out;
}

std::vector<std::string> EtcdCluster::arguments(size_t index) const {
  auto peer_url = [](const Member& member) { return str_cat("http://127.0.0.1:", std::to_string(member.peer_port)); };
  auto name = [](size_t i) { return str_cat("m", std::to_string(i)); };
  std::string all;
  for (size_t i = 0; i < members_.size(); ++i) {
    all.append(i == 0 ? "" : ",").append(name(i)).append("=").append(peer_url(members_[i]));
  }
  const Member& member = members_[index];
  std::vector<std::string> out = {"setpriv", "--pdeathsig", "KILL", "etcd", "--name", name(index)};
  auto add = [&out](std::string option, std::string value) {
    out.push_back(std::move(option));
    out.push_back(std::move(value));
  };
  add("--data-dir", folder_ / name(index));
  add("--listen-client-urls", client_url(member));
  add("--advertise-client-urls", client_url(member));
  add("--listen-peer-urls", peer_url(member));
  add("--initial-advertise-peer-urls", peer_url(member));
  add("--initial-cluster", all);
  add("--initial-cluster-token", folder_.path());
  add("--heartbeat-interval", "100");
  add("--election-timeout", "1000");
  if (is_tls_) {
    add("--cert-file", folder_ / "cert.pem");
    add("--key-file", folder_ / "key.pem");
    add("--trusted-ca-file", folder_ / "ca.pem");
    out.push_back("--client-cert-auth");
  }
  out.insert(out.end(), more_.begin(), more_.end());
  return out;
}

void EtcdCluster::kill(size_t index) {
  pid_t pid = std::exchange(members_[index].pid, -1);
  if (pid <= 0) return;
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

void EtcdCluster::restart(size_t index) {
  HEDDLE_CHECK(members_[index].pid == -1);
  members_[index].pid = spawn(arguments(index), folder_ / str_cat("log", std::to_string(index)));
  HEDDLE_CHECK(members_[index].pid > 0);
}

void EtcdCluster::silence(size_t index) {
  HEDDLE_CHECK(members_[index].pid > 0 && ::kill(members_[index].pid, SIGSTOP) == 0);
}

void EtcdCluster::wake(size_t index) {
  HEDDLE_CHECK(members_[index].pid > 0 && ::kill(members_[index].pid, SIGCONT) == 0);
}

bool EtcdCluster::is_running() {
  for (Member& member : members_) {
    if (member.pid > 0 && ::waitpid(member.pid, nullptr, WNOHANG) != 0) return false;
  }
  return true;
}

std::string EtcdCluster::log(size_t index) const {
  return read_file(folder_ / str_cat("log", std::to_string(index)), 16 << 20).value_or(std::string("(no log)"));
}
}  // namespace heddle
