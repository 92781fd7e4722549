#include "proxy/app/bootstrap_checks.h"

#include <algorithm>
#include <vector>

#include "lib/base/strings.h"
#include "proxy/app/bootstrap_trust.h"
#include "proxy/app/bootstrap_workload.h"

namespace heddle {
namespace {
void fill_ids(JsonObject& root, Settings& out) {
  if (!out.trust_domain) return;
  if (!out.control.id) {
    auto id = SpiffeId::for_workload(*out.trust_domain, "heddle-system", "heddle-control");
    if (id) out.control.id = *id;
  }
  if (out.identity.source != IdentitySettings::Source::kControl || out.identity.id) return;
  auto id = SpiffeId::for_workload(*out.trust_domain, out.ns, out.node);
  if (id) {
    out.identity.id = *id;
  } else {
    root.problem("identity.id", "is required: the node's name does not make a SPIFFE id: " + id.error().detail);
  }
}

bool has_identity(const Settings& settings) { return settings.identity.source != IdentitySettings::Source::kNone; }

std::string path_of(size_t listener) { return str_cat("listeners[", std::to_string(listener), "]"); }

void check_listeners(const JsonObject& root, const Settings& settings) {
  for (size_t i = 0; i < settings.listeners.size(); ++i) {
    const ListenerSettings& listener = settings.listeners[i];
    bool inbound = listener.direction == ListenerSettings::Direction::kInbound;
    if (inbound && listener.tls != InboundTls::kOff && !has_identity(settings)) {
      root.problem(path_of(i) + ".tls", "needs an identity: set identity.source, or tls: off");
    }
    if (!inbound && settings.config.source == ConfigSettings::Source::kNone) {
      root.problem(path_of(i), "an outbound listener needs a config source");
    }
    if (listener.intercept && !inbound && !listener.address.is_loopback()) {
      root.problem(path_of(i) + ".address",
                   "of intercepted outbound connections must be loopback: others may not use it");
    }
    if (listener.address.family() == Address::Family::kUnix) {
      root.problem(path_of(i) + ".address", "must be an IP address: workers cannot share a Unix socket");
    }
  }
}

struct Taken {
  std::string by;  // path of the field
  Address address;
  bool shared = false;  // by SO_REUSEPORT: 0.0.0.0 and 127.0.0.1 may both be had, one twice is a mistake
};

bool is_wildcard(const Address& address) { return address.ip() == "0.0.0.0" || address.ip() == "::"; }

// Whether the second could not be had beside the first.
bool collide(const Taken& a, const Taken& b) {
  if (a.address == b.address) return !a.address.is_ip() || a.address.port() != 0;
  bool same_port = a.address.is_ip() && a.address.port() != 0 && a.address.port() == b.address.port();
  bool same_family = a.address.family() == b.address.family();
  return same_port && same_family && !(a.shared && b.shared) && (is_wildcard(a.address) || is_wildcard(b.address));
}

void check_addresses(const JsonObject& root, const Settings& settings) {
  std::vector<Taken> all;
  for (size_t i = 0; i < settings.listeners.size(); ++i) {
    all.push_back({path_of(i) + ".address", settings.listeners[i].address, true});
  }
  if (settings.admin) all.push_back({"admin.address", *settings.admin});
  if (settings.admin_socket) all.push_back({"admin.socket", *settings.admin_socket});
  if (settings.workload_api.socket) all.push_back({"workloadApi.socket", *settings.workload_api.socket});
  if (settings.health) all.push_back({"health.address", *settings.health});
  if (settings.stats) all.push_back({"stats.address", *settings.stats});
  for (auto late = all.begin(); late != all.end(); ++late) {
    auto first = std::find_if(all.begin(), late, [&](const Taken& early) { return collide(early, *late); });
    if (first == late || !late->address.is_set()) continue;
    root.problem(late->by, str_cat(late->address.text(), " is taken by ", first->by, ": ", first->address.text()));
  }
}
}  // namespace

void check_together(JsonObject& root, Settings& out) {
  bool needs_control = out.identity.source == IdentitySettings::Source::kControl ||
                       out.config.source == ConfigSettings::Source::kControl;
  if (needs_control && out.control.addresses.empty()) {
    root.problem("control", "is required when identity or config come from the control plane");
  }
  if (needs_control && out.state_dir.empty()) root.problem("stateDir", "is required with the control plane as source");
  if (out.admin && out.state_dir.empty()) {
    root.problem("stateDir", "is required with admin.address: the token for changes is kept there");
  }
  check_listeners(root, out);
  check_addresses(root, out);
  check_workload_api(root, out);
  check_trust(root, out);
  if (out.config.source == ConfigSettings::Source::kControl && !has_identity(out)) {
    root.problem("config.source", "control needs an identity to authenticate with");
  }
  fill_ids(root, out);
}
}  // namespace heddle
