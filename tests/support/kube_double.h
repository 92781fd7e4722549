// KubeDouble: the double of a Kubernetes API server (tests/k8s/kube_double.py) as a child process that dies with the
// test program; its scripting port through blocking calls.
#pragma once
#include <sys/types.h>

#include "control/kube/kube_config.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
class KubeDouble {
 public:
  // With a CA: https; with a token: nobody else is let in.
  explicit KubeDouble(const TestCa* ca = nullptr, const std::string& token = "");
  ~KubeDouble();
  KubeDouble(const KubeDouble&) = delete;
  KubeDouble& operator=(const KubeDouble&) = delete;

  KubeConfig config() const;
  // {"do": "status", "verb": "list", ...} for requests to come: tests/k8s/double_faults.py.
  void fault(std::string_view json) { order("POST", "/fault", json); }
  // As "/watches" with {"do": "reset"}; the answer.
  std::string order(std::string_view method, std::string_view path, std::string_view json = "{}");
  uint16_t api_port() const noexcept { return api_port_; }

 private:
  TempDir folder_;
  bool is_tls_ = false;
  std::string token_;
  pid_t pid_ = -1;
  uint16_t api_port_ = 0;
  uint16_t script_port_ = 0;
};

// Of the API server that HEDDLE_KUBE_CONFIG names; without one, of a double that all tests of the program share.
KubeConfig kube_server();
}  // namespace heddle
