// ApplicationProbes: GET /app-health/<container>/<readyz|livez|startupz> of the health address. Where a pod takes
// nothing without mutual TLS, Kubelet asks the sidecar (lib/inject/probes.h), which asks the application as Kubelet
// would have: at the address at which it was asked itself, with the timeout of the probe. Nothing of the application
// can be reached that way but whether its probes pass: no body, no header of its answer is shown. At most kMaxAtOnce at
// once; more are answered 503. Main loop; must outlive the server's connections.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/rpc/http_server.h"
#include "proxy/admin/application_probe.h"

namespace heddle {
using ApplicationProbeMap = std::map<std::string, ApplicationProbe>;  // by "<container>/<readyz|livez|startupz>"

class ApplicationProbes {
 public:
  static constexpr size_t kMaxAtOnce = 32;
  // Never null.
  using MakeProbe = std::function<std::unique_ptr<Probe>(const ApplicationProbe&, const Address&)>;
  ApplicationProbes(Scheduler&, const ApplicationProbeMap&, MakeProbe);
  ~ApplicationProbes();
  void answer(const RpcRequest&, HttpServer::Respond);
  size_t running() const noexcept { return running_.size(); }

 private:
  struct Running;
  void finish(Running&, const ProbeResult&);
  Scheduler& scheduler_;
  const ApplicationProbeMap& probes_;
  MakeProbe make_;
  std::map<Running*, std::unique_ptr<Running>> running_;
  std::vector<std::unique_ptr<Running>> ended_;
  std::unique_ptr<Timer> reaper_;  // who ended may be inside his own answer
};

// Over the network. What the context refers to must outlive it; an error: TLS cannot be had.
Result<ApplicationProbes::MakeProbe> network_application_probes(const ProbeContext&, const ApplicationProbeMap&);

void add_application_probe_routes(HttpServer&, ApplicationProbes&);
}  // namespace heddle
