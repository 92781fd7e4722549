#include "tests/support/kube_double.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"
#include "tests/support/blocking_http.h"
#include "tests/support/source_directory.h"

extern char** environ;

namespace heddle {
namespace {
pid_t spawn(const std::vector<std::string>& arguments, int standard_output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, standard_output, 1);
  pid_t pid = -1;
  int failed = ::posix_spawnp(&pid, argv.front(), &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? pid : -1;
}

std::string read_line(int fd) {
  std::string out;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') out.push_back(c);
  return out;
}
}  // namespace

KubeDouble::KubeDouble(const TestCa* ca, const std::string& token) : is_tls_(ca != nullptr), token_(token) {
  std::string script = (source_directory() / "tests/k8s/kube_double.py").string();
  std::vector<std::string> arguments = {"setpriv", "--pdeathsig", "KILL", "python3", "-B", script, "--token", token};
  if (ca != nullptr) {
    CertSpec leaf;
    leaf.any_names = "DNS:localhost,IP:127.0.0.1";
    leaf.names_criticality = Criticality::kNotCritical;
    Svid svid = ca->issue(leaf);
    folder_.write("ca.pem", ca->root_pem());
    arguments.insert(arguments.end(), {"--cert", folder_.write("cert.pem", svid.chain_pem()), "--key",
                                       folder_.write("key.pem", svid.key_pem()->view())});
  }
  int ends[2];
  HEDDLE_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  pid_ = spawn(arguments, theirs.get());
  HEDDLE_CHECK(pid_ > 0);
  theirs.reset();
  Result<JsonValue> ports = JsonValue::parse(read_line(ours.get()));
  HEDDLE_CHECK(ports.has_value());
  api_port_ = static_cast<uint16_t>(*ports->find("api")->as_integer());
  script_port_ = static_cast<uint16_t>(*ports->find("script")->as_integer());
}

KubeDouble::~KubeDouble() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

KubeConfig KubeDouble::config() const {
  KubeConfig out;
  out.server = {"127.0.0.1", api_port_, is_tls_};
  if (is_tls_) out.ca.file = folder_ / "ca.pem";
  out.token = token_;
  out.namespace_name = "default";
  return out;
}

std::string KubeDouble::order(std::string_view method, std::string_view path, std::string_view json) {
  BlockingClient client(Address::loopback(script_port_));
  client.send(str_cat(method, " ", path, " HTTP/1.1\r\nhost: script\r\nconnection: close\r\ncontent-length: ",
                      std::to_string(json.size()), "\r\n\r\n", json));
  std::string answer = client.read_all();
  HEDDLE_CHECK(answer.starts_with("HTTP/1.1 200"));
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

KubeConfig kube_server() {
  const char* file = std::getenv("HEDDLE_KUBE_CONFIG");
  if (file == nullptr) {
    static KubeDouble shared;
    return shared.config();
  }
  Result<std::string> text = read_file(file, 1 << 20);
  HEDDLE_CHECK(text.has_value());
  Result<KubeConfig> config = parse_kubeconfig(*text, file);
  HEDDLE_CHECK(config.has_value());
  return *config;
}
}  // namespace heddle
