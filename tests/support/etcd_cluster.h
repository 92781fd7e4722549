// EtcdCluster: a real etcd cluster on loopback, of Debian's etcd-server, in a directory of its own. Members are ended
// by their process ids, and with the test program however it ends. EtcdCluster::shared() is started at first use and
// serves every test that leaves its members alive; each uses a prefix of its own.
#pragma once
#include <sys/types.h>

#include "control/store/etcd_options.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
class EtcdCluster {
 public:
  // With a CA: https for clients, who must show a certificate of it; its leaf names localhost and 127.0.0.1. `more`:
  // options of etcd.
  explicit EtcdCluster(int members, const TestCa* ca = nullptr, std::vector<std::string> more = {});
  ~EtcdCluster();
  EtcdCluster(const EtcdCluster&) = delete;
  EtcdCluster& operator=(const EtcdCluster&) = delete;
  static EtcdCluster& shared();  // three members

  std::vector<EtcdEndpoint> endpoints() const;
  size_t size() const noexcept { return members_.size(); }
  void kill(size_t member);     // SIGKILL; its data stay
  void restart(size_t member);  // after kill(), with the same data and ports
  void silence(size_t member);  // SIGSTOP: its connections stay, and nothing comes of them
  void wake(size_t member);
  // False: a member that was not killed has ended by itself (log() says why).
  bool is_running();
  std::string log(size_t member) const;

 private:
  struct Member {
    uint16_t client_port = 0;
    uint16_t peer_port = 0;
    pid_t pid = -1;
  };
  std::vector<std::string> arguments(size_t member) const;
  std::string client_url(const Member&) const;
  TempDir folder_;
  bool is_tls_ = false;
  std::vector<std::string> more_;
  std::vector<Member> members_;
};

// Below the ports that the kernel gives to clients, so that a member finds its port free again after a restart.
uint16_t free_server_port();
}  // namespace heddle
