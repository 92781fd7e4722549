#include "tests/support/two_sidecars.h"

#include <cstdlib>

#include "lib/base/random.h"
#include "lib/base/strings.h"
#include "tests/support/config_fixtures.h"

namespace heddle {
namespace {
std::unique_ptr<Log> quiet_log() {
  LogOptions options;
  options.filter.everything_else = std::getenv("HEDDLE_TEST_LOG") != nullptr ? LogLevel::kDebug : LogLevel::kError;
  return std::move(*Log::create(options));
}
}  // namespace

Sidecar::Sidecar(Settings settings, uint32_t workers)
    : settings_(std::move(settings)),
      count_(workers),
      log_(quiet_log()),
      access_writer_(std::make_unique<FdWriter>(2)) {
  settings_.access_log.mode = AccessLogSettings::Mode::kOff;
  if (!settings_.trust_domain) settings_.trust_domain = *TrustDomain::parse("cluster.local");
}

int64_t Sidecar::metric(std::string_view series) {
  const std::string text = metrics_.render();
  const std::string line = str_cat("\n", series, " ");
  size_t at = text.find(line);
  return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + line.size());
}

Sidecar::~Sidecar() { workers_.clear(); }

Result<void> Sidecar::start() {
  shared_ = std::make_unique<WorkerShared>(WorkerShared{settings_, count_, metrics_, health_, balancers_, &snapshots_,
                                                        &identities_, &access_writer_, *log_, nullptr, nullptr,
                                                        SystemRandom().next()});
  shared_->random = random_;
  for (uint32_t i = 0; i < count_; ++i) {
    HEDDLE_TRY(auto worker, Worker::start(i, *shared_));
    workers_.push_back(std::move(worker));
    if (i == 0) shared_->addresses = workers_.front()->addresses();  // as the Server does it
  }
  return {};
}

Settings inbound_settings(const Address& application, InboundTls tls, PortProtocol protocol) {
  Settings settings;
  ListenerSettings listener;
  listener.name = "in";
  listener.direction = ListenerSettings::Direction::kInbound;
  listener.address = Address::loopback(0);
  listener.protocol = protocol;
  listener.tls = tls;
  listener.forward = application;
  settings.listeners.push_back(listener);
  return settings;
}

Settings outbound_settings(PortProtocol protocol) {
  Settings settings;
  ListenerSettings listener;
  listener.name = "hello";
  listener.address = Address::loopback(0);
  listener.protocol = protocol;
  listener.service = "hello.default";
  listener.port = 80;
  settings.listeners.push_back(listener);
  return settings;
}

std::shared_ptr<const TlsIdentity> identity_of(const Svid& svid, const TrustBundle& bundle) {
  auto identity =
      TlsIdentity::create({std::make_shared<const Svid>(svid), std::make_shared<const TrustBundle>(bundle)});
  if (!identity) std::abort();
  return *identity;
}

std::shared_ptr<const Snapshot> hello_snapshot(const std::vector<Address>& endpoints, std::string_view identity,
                                               std::string_view more) {
  std::string yaml =
      "apiVersion: heddle.dev/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n  ports: [{port: 80}]\n---\n"
      "apiVersion: heddle.dev/v1\nkind: BackendSet\nmetadata: {name: hello}\nspec:\n  endpoints:\n";
  for (const Address& endpoint : endpoints) {
    yaml.append(str_cat("    - {address: \"", endpoint.ip(), "\", port: ", std::to_string(endpoint.port()),
                        ", identity: \"", identity, "\"}\n"));
  }
  return snapshot_of(yaml.append(more));
}
}  // namespace heddle
