#include "proxy/upstream/dns_endpoints.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace heddle {
namespace {
// Small enough that the sum of all shares of an address is a legal weight, large enough to be divided.
constexpr uint32_t kFine = 15;
static_assert(kFine * 0xffff <= kMaxWeight);

bool is_plain(const std::vector<DnsHost>& hosts) {
  auto is_single = [](const DnsHost& host) { return host.addresses.size() <= 1; };
  auto has_weight = [](const DnsHost& host) { return host.weight > 0; };
  return std::all_of(hosts.begin(), hosts.end(), is_single) && std::all_of(hosts.begin(), hosts.end(), has_weight);
}

bool are_alike(const std::vector<DnsHost>& hosts) {
  auto has_weight = [](const DnsHost& host) { return host.weight > 0; };
  return hosts.size() <= 1 || std::none_of(hosts.begin(), hosts.end(), has_weight);
}

// Of each address of the host.
uint32_t share_of(const DnsHost& host, uint32_t fine, bool alike) {
  uint32_t weight = alike ? 1 : host.weight;
  auto parts = static_cast<uint32_t>(std::max<size_t>(host.addresses.size(), 1));
  return std::max<uint32_t>(weight * fine / parts, 1);
}
}  // namespace

SrvChoice choose_srv(const std::vector<SrvRecord>& records) {
  SrvChoice out;
  if (records.empty()) return out;
  auto first = [](const SrvRecord& a, const SrvRecord& b) { return a.priority < b.priority; };
  uint16_t lowest = std::min_element(records.begin(), records.end(), first)->priority;
  for (const SrvRecord& record : records) {
    if (record.priority == lowest) out.targets.push_back(record);
  }
  std::sort(out.targets.begin(), out.targets.end());
  auto same = [](const SrvRecord& a, const SrvRecord& b) { return a.target == b.target && a.port == b.port; };
  out.targets.erase(std::unique(out.targets.begin(), out.targets.end(), same), out.targets.end());
  if (out.targets.size() <= kMaxDnsTargets) return out;
  out.left_out = out.targets.size() - kMaxDnsTargets;
  out.targets.resize(kMaxDnsTargets);
  return out;
}

ResolvedEndpoints merge_hosts(const std::vector<DnsHost>& hosts) {
  bool alike = are_alike(hosts);
  uint32_t fine = hosts.size() <= 1 || is_plain(hosts) ? 1 : kFine;
  std::map<Address, uint64_t> shares;
  for (const DnsHost& host : hosts) {
    std::set<Address> once(host.addresses.begin(), host.addresses.end());
    for (const Address& address : once) {
      shares[address.with_port(host.port)] += hosts.size() <= 1 ? 1 : share_of(host, fine, alike);
    }
  }
  ResolvedEndpoints out;
  for (const auto& [address, share] : shares) {
    if (out.endpoints.size() == kMaxDnsEndpoints) break;
    out.endpoints.push_back({address, static_cast<uint32_t>(std::min<uint64_t>(share, kMaxWeight))});
  }
  out.left_out = shares.size() - out.endpoints.size();
  return out;
}

BackendSetSpecPtr with_endpoints(const BackendSetSpecPtr& spec, const ResolvedEndpoints* found) {
  if (!spec->dns || found == nullptr) return spec;
  auto out = std::make_shared<BackendSetSpec>(*spec);
  out->endpoints.reserve(found->endpoints.size());
  for (const ResolvedEndpoint& each : found->endpoints) {
    Endpoint endpoint;
    endpoint.key = {each.address, spec->dns->identity};
    endpoint.weight = each.weight;
    out->endpoints.push_back(std::move(endpoint));
  }
  return out;
}
}  // namespace heddle
