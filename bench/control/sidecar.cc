#include "bench/control/sidecar.h"

#include <charconv>

#include "certs/authorizer.h"
#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr Duration kConnect = 5s;
constexpr Duration kHandshake = 10s;
constexpr std::string_view kPut = "{\"put\":\"";
constexpr std::string_view kResource = "\",\"resource\":";

HttpClientOptions client_options() {
  HttpClientOptions options;
  options.scheme = "https";
  options.authority = "heddle-control";
  options.connect = kConnect;
  options.keep_connection = false;
  options.max_line = kMaxControlLine;
  return options;
}

std::string service_name(uint32_t number) { return str_cat("svc-", std::to_string(number)); }
}  // namespace

SimulatedSidecar::Link::Link(SimulatedSidecar& sidecar)
    : tls(sidecar.fleet_.loop, sidecar.fleet_.tcp, [&sidecar] { return sidecar.setup(); }),
      http({sidecar.fleet_.loop, sidecar.fleet_.registry}, sidecar.fleet_.protocols, tls,
           sidecar.fleet_.options.control, client_options()) {}

SimulatedSidecar::SimulatedSidecar(SimulatedFleet& fleet, SidecarPlan plan, std::shared_ptr<const TlsContext> context)
    : fleet_(fleet), plan_(std::move(plan)), context_(std::move(context)), backoff_(fleet.random) {}

TlsSetup SimulatedSidecar::setup() const {
  TlsSetup setup;
  setup.context = context_;
  setup.check = Authorizer::exact(fleet_.control);
  setup.handshake = kHandshake;
  setup.only_alpn = alpn::kHttp2;
  return setup;
}

void SimulatedSidecar::connect() {
  link_ = std::make_unique<Link>(*this);
  if (fleet_.options.handshake_only) {
    connect_only();
  } else {
    open_stream();
  }
}

void SimulatedSidecar::connect_only() {
  link_->dial = link_->tls.connect(fleet_.options.control, kConnect, [this](Result<std::unique_ptr<Transport>> made) {
    if (!made) {
      ++fleet_.counts.failed;
      return come_back(backoff_.next());
    }
    link_->connection = *std::move(made);
    ++fleet_.counts.connected;
    fleet_.counts.last_connected = SimulatedFleet::now();
  });
}

void SimulatedSidecar::open_stream() {
  RpcRequest request;
  request.method = "POST";
  request.path = "/v1/watch";
  request.headers.emplace_back("content-type", "application/x-ndjson");
  link_->lines = link_->http.open_lines(std::move(request), *this, [this](Result<void> opened) {
    if (!opened) {
      ++fleet_.counts.failed;
      return come_back(backoff_.next());
    }
    is_open_ = true;
    ++fleet_.counts.connected;
    fleet_.counts.last_connected = SimulatedFleet::now();
    say_hello();
  });
}

// Not inside the upcall that this may be: the old link is dropped when the timer fires.
void SimulatedSidecar::come_back(Duration after) {
  if (timer_ == nullptr) timer_ = fleet_.loop.timer([this] { connect(); });
  timer_->arm(after);
}

// The stream is over; what it still says is not heard.
void SimulatedSidecar::leave(Duration after) {
  is_open_ = false;
  --fleet_.counts.connected;
  come_back(after);
}

void SimulatedSidecar::on_closed(const Error&) {
  if (!is_open_) return;
  ++fleet_.counts.failed;
  leave(backoff_.next());
}

void SimulatedSidecar::say(const SidecarMessage& message) {
  std::string line = encode(message);
  line.pop_back();
  static_cast<void>(link_->lines->send(line));
}

void SimulatedSidecar::say_hello() {
  WatchHello hello;
  hello.node = str_cat("node-", std::to_string(plan_.number));
  hello.software = "heddle-bench/1";
  hello.instance = str_cat("i", std::to_string(plan_.number));
  hello.features.emplace_back(kTrustFeature);
  for (uint32_t service : plan_.wants) {
    hello.wants.push_back({Kind::kService, "default", service_name(service)});
  }
  if (version_) {
    hello.version = version_;
    hello.hash = to_hex(held_.value());
  }
  say(hello);
}

void SimulatedSidecar::on_line(std::string_view line) {
  if (!is_open_) return;
  if (!line.starts_with("{\"heartbeat\"")) {
    (is_delta_ ? fleet_.counts.delta_bytes : fleet_.counts.snapshot_bytes) += line.size() + 1;
  }
  if (line.starts_with(kPut)) return on_put(line);
  Result<ControlMessage> message = decode_control_message(line);
  if (!message) {
    ++fleet_.counts.wrong;
    return;
  }
  std::visit([this](const auto& m) { on_message(m); }, *message);
}

// {"put":"BackendSet/default/svc-7","resource":{...}}
void SimulatedSidecar::on_put(std::string_view line) {
  size_t key_end = line.find(kResource);
  if (key_end == std::string_view::npos) {
    ++fleet_.counts.wrong;
    return;
  }
  std::string_view key = line.substr(kPut.size(), key_end - kPut.size());
  std::string_view resource = line.substr(key_end + kResource.size());
  resource.remove_suffix(1);
  held_.put(key, sha256(as_bytes(resource)));
  size_t dash = key.rfind('-');
  if (!key.starts_with("BackendSet/") || dash == std::string_view::npos) return;
  uint32_t service = 0;
  std::from_chars(key.data() + dash + 1, key.data() + key.size(), service);
  changed_.push_back(service);
}

void SimulatedSidecar::on_message(const WatchBegin& begin) {
  is_delta_ = begin.kind == BatchKind::kDelta;
  changed_.clear();
  if (!is_delta_) held_.clear();
}

void SimulatedSidecar::on_message(const WatchDelete& gone) { held_.erase(gone.key); }

void SimulatedSidecar::on_message(const WatchEnd& end) {
  FleetCounts& counts = fleet_.counts;
  uint64_t now = SimulatedFleet::now();
  if (to_hex(held_.value()) != end.hash) {
    ++counts.wrong;
    return;
  }
  ++(is_delta_ ? counts.deltas : counts.snapshots);
  for (uint32_t service : changed_) {
    if (is_delta_) fleet_.arrivals.push_back({service, now});
  }
  version_ = end.version;
  say(WatchAck{end.version});
  if (std::exchange(is_synced_, true)) return;
  ++counts.synced;
  counts.last_synced = now;
}

void SimulatedSidecar::on_message(const WatchHeartbeat&) {
  ++fleet_.counts.heartbeats;
  backoff_.reset();
}

void SimulatedSidecar::on_message(const WatchRetryAfter& message) {
  ++fleet_.counts.retry_after;
  leave(fleet_.random.jitter(message.after, 0.2));
}

void SimulatedSidecar::on_message(const WatchDrain&) {
  ++fleet_.counts.drained;
  leave(fleet_.random.jitter(500ms, 1.0));
}
}  // namespace heddle
