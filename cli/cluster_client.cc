#include "cli/cluster_client.h"

#include <unistd.h>

#include <cstdlib>

#include "control/kube/kube_client.h"
#include "control/kube/kube_config_load.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kGoodbye = 200ms;

std::string environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

Result<KubeConfig> find_config(const PreCheckOptions& options) {
  KubeLocation where{options.api_url, options.kubeconfig, options.context};
  if (where.api_url.empty() && where.kubeconfig.empty()) {
    std::string listed = environment("KUBECONFIG");
    std::string usual = str_cat(environment("HOME"), "/.kube/config");
    if (!listed.empty()) {
      where.kubeconfig = listed.substr(0, listed.find(':'));
    } else if (::access(usual.c_str(), R_OK) == 0) {
      where.kubeconfig = usual;
    } else if (environment("KUBERNETES_SERVICE_HOST").empty()) {
      return make_error(Reason::kConfigInvalid, "no kubeconfig is known: give --kubeconfig or --kube-api-url");
    }
  }
  return load_kube_config(where, environment);
}

class Wire {
 public:
  Wire(Loop& loop, KubeConfig config)
      : loop_(loop),
        client_(std::in_place, SessionContext{loop, registry_}, protocols_, tcp_, random_, std::move(config)) {}
  // Connections must be gone before the loop.
  ~Wire() {
    client_.reset();
    bool late = false;
    auto timer = loop_.timer([&] { late = true; });
    timer->arm(kGoodbye);
    loop_.run_until([&] { return late || registry_.size() == 0; });
    registry_.abort_all(make_error(Reason::kCancelled, "the command is over"));
    loop_.run_until([&] { return registry_.size() == 0; });
  }

  ClusterAnswer call(const ApiRequest& question, Duration deadline) {
    KubeRequest request;
    request.method = question.method;
    request.path = question.path;
    request.query = question.query;
    request.body = question.body;
    request.is_repeatable = true;
    request.whole = deadline;
    std::optional<KubeAnswer> answer;
    Pending pending =
        client_->call(std::move(request), [&answer](KubeAnswer given) { answer.emplace(std::move(given)); });
    loop_.run_until([&answer] { return answer.has_value(); });
    if (!answer) return {0, {}, "interrupted"};
    if (answer->is_ok()) return {200, answer->object, ""};
    return {answer->failure->code, {}, answer->failure->message};
  }

 private:
  Loop& loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector tcp_{loop_};
  SystemRandom random_;
  std::optional<KubeClient> client_;
};
}  // namespace

Result<std::vector<ClusterAnswer>> ask_cluster(Loop& loop, const PreCheckOptions& options,
                                               const std::vector<ApiRequest>& questions, Duration deadline) {
  HEDDLE_TRY(KubeConfig config, find_config(options));
  Wire wire(loop, std::move(config));
  std::vector<ClusterAnswer> out;
  for (const ApiRequest& question : questions) {
    out.push_back(wire.call(question, deadline));
    if (out.back().code == 0) break;  // nobody is there: the others would wait as long
  }
  out.resize(questions.size());
  return out;
}
}  // namespace heddle
