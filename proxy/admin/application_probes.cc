#include "proxy/admin/application_probes.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
RpcResponse plain(uint16_t status, std::string body) {
  RpcResponse out = RpcResponse::text(status, std::move(body));
  out.headers.emplace_back("cache-control", "no-store");
  out.headers.emplace_back("x-content-type-options", "nosniff");
  return out;
}

// The application's own status, where it is one for Kubelet to judge; a redirect that passed would be followed.
uint16_t status_of(const ProbeResult& result) {
  if (result.passed()) return result.status >= 200 && result.status < 300 ? result.status : 200;
  return result.status >= 400 && result.status < 600 ? result.status : 503;
}

// What Kubelet calls itself, unless the probe says otherwise.
ApplicationProbe asked_by(const RpcRequest& request, ApplicationProbe probe) {
  auto is_agent = [](const auto& header) { return header.first == "user-agent"; };
  auto agent = request.header("user-agent");
  if (!agent || std::any_of(probe.headers.begin(), probe.headers.end(), is_agent)) return probe;
  probe.headers.emplace_back("user-agent", *agent);
  return probe;
}

ProbeSpec spec_of(const ApplicationProbe& probe, const Address& address) {
  ProbeSpec spec{EndpointKey{address, std::nullopt}, UpstreamTls::kPlaintext, UpstreamProtocol::kHttp2, {}};
  spec.check.kind = probe.kind;
  spec.check.service = probe.service;
  spec.check.timeout = probe.timeout;
  return spec;
}
}  // namespace

struct ApplicationProbes::Running {
  Running(ApplicationProbes& o, std::string n, std::unique_ptr<Probe> p, HttpServer::Respond r)
      : owner(o), name(std::move(n)), probe(std::move(p)), respond(std::move(r)) {}
  void start(Duration timeout) {
    late = owner.scheduler_.timer([this] {
      owner.finish(*this, {make_error(Reason::kTimeout, "no answer in time", Origin::kUpstream), 0});
    });
    late->arm(timeout);
    run = probe->run([this](const ProbeResult& result) { owner.finish(*this, result); });
  }
  ApplicationProbes& owner;
  const std::string name;
  std::unique_ptr<Probe> probe;
  HttpServer::Respond respond;
  std::unique_ptr<Timer> late;
  Pending run;
};

ApplicationProbes::ApplicationProbes(Scheduler& scheduler, const ApplicationProbeMap& probes, MakeProbe make)
    : scheduler_(scheduler),
      probes_(probes),
      make_(std::move(make)),
      reaper_(scheduler.timer([this] { ended_.clear(); })) {}

ApplicationProbes::~ApplicationProbes() = default;

void ApplicationProbes::answer(const RpcRequest& request, HttpServer::Respond respond) {
  auto part = [&](std::string_view name) { return request.path_params.find(name)->second; };
  std::string name = str_cat(part("container"), "/", part("probe"));
  auto found = probes_.find(name);
  if (found == probes_.end()) return respond(plain(404, str_cat("no probe is called ", in_quotes(name), "\n")));
  const ApplicationProbe& probe = found->second;
  if (!probe.impossible.empty())
    return respond(plain(503, str_cat(name, " cannot be asked: ", probe.impossible, "\n")));
  if (running_.size() >= kMaxAtOnce) return respond(plain(503, "too many probes of the application at once\n"));
  Address address = probe.host.value_or(request.local).with_port(probe.port);
  if (!address.is_ip()) return respond(plain(503, "asked at an address that is none of an application\n"));
  auto running = std::make_unique<Running>(*this, name, make_(asked_by(request, probe), address), std::move(respond));
  Running& added = *running;
  running_.emplace(&added, std::move(running));
  added.start(probe.timeout);
}

void ApplicationProbes::finish(Running& running, const ProbeResult& result) {
  auto found = running_.find(&running);
  if (found == running_.end()) return;  // it was answered: too late
  ended_.push_back(std::move(found->second));
  running_.erase(found);
  reaper_->arm(Duration{});
  running.late->cancel();
  std::string how = result.passed() ? std::string("passed") : str_cat("failed: ", result.why.text());
  if (result.passed() && result.status >= 300) how += str_cat(" with status ", std::to_string(result.status));
  running.respond(plain(status_of(result), str_cat(running.name, " ", how, "\n")));
}

Result<ApplicationProbes::MakeProbe> network_application_probes(const ProbeContext& context,
                                                                const ApplicationProbeMap& probes) {
  std::shared_ptr<const TlsContext> tls;
  if (std::any_of(probes.begin(), probes.end(), [](const auto& item) { return item.second.is_https; })) {
    HEDDLE_TRY(tls, believing_client());
  }
  return ApplicationProbes::MakeProbe(
      [context = ProbeContext(context), tls](const ApplicationProbe& probe, const Address& address) mutable {
        if (probe.kind == CheckKind::kHttp) return make_application_http_probe(context, tls, probe, address);
        ProbeSpec spec = spec_of(probe, address);
        return probe.kind == CheckKind::kGrpc ? make_grpc_probe(context, spec) : make_tcp_probe(context, spec);
      });
}

void add_application_probe_routes(HttpServer& server, ApplicationProbes& probes) {
  server.route("GET", "/app-health/{container}/{probe}",
               [&probes](const RpcRequest& request, HttpServer::Respond respond) {
                 probes.answer(request, std::move(respond));
               });
}
}  // namespace heddle
