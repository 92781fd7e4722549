#include "control/docker/docker_claim.h"

#include <algorithm>

#include "certs/spiffe_id.h"
#include "control/cluster/annotated_policies.h"
#include "control/cluster/pod_facts.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kEnable = "heddle.dev/enable";
constexpr std::string_view kService = "heddle.dev/service";
constexpr std::string_view kPorts = "heddle.dev/ports";
constexpr std::string_view kIdentity = "heddle.dev/identity";
constexpr std::string_view kNetwork = "heddle.dev/network";
constexpr std::string_view kWeight = "heddle.dev/weight";
constexpr std::string_view kZone = "heddle.dev/zone";
constexpr std::string_view kOwn[] = {kEnable, kService, kPorts, kIdentity, kNetwork, kWeight, kZone};
constexpr std::string_view kComposeProject = "com.docker.compose.project";
constexpr std::string_view kComposeService = "com.docker.compose.service";
constexpr std::string_view kPlaintext = "plaintext";
constexpr size_t kMaxZone = 63;  // as endpoints[].zone

// Reads one container; the first thing that is wrong ends it.
class Reader {
 public:
  Reader(const DockerContainer& container, const DockerSettings& settings, ClusterProblems& problems)
      : container_(container), settings_(settings), problems_(problems) {}

  std::optional<DockerClaim> run() {
    if (!is_meant()) return std::nullopt;
    out_.container = container_.name;
    out_.is_running = container_.is_running;
    if (!read_service() || !read_ports() || !read_address() || !read_identity() || !read_weight() || !read_zone()) {
      return std::nullopt;
    }
    read_service_labels();
    return std::move(out_);
  }

 private:
  std::string_view label(std::string_view name) const {
    auto found = container_.labels.find(name);
    return found == container_.labels.end() ? "" : trim(found->second);
  }
  bool has(std::string_view name) const { return container_.labels.contains(name); }
  bool say(std::string_view name, std::string message) {
    problems_.push_back({docker_object(container_.name), str_cat("label ", name), std::move(message)});
    return false;
  }

  bool is_meant() {
    std::string_view enabled = label(kEnable);
    if (!has(kEnable) || enabled == "true") return has(kEnable) || has(kService) || says_ours();
    return enabled == "false" ? false : say(kEnable, str_cat(in_quotes(enabled), ": expected true or false"));
  }
  // Labels of ours, but not whose: a slip that is worth a word.
  bool says_ours() const {
    auto first = container_.labels.lower_bound(kDockerLabelPrefix);
    return first != container_.labels.end() && first->first.starts_with(kDockerLabelPrefix);
  }

  bool read_service() {
    std::string_view said = label(kService);
    size_t slash = said.find('/');
    std::string_view ns = slash == said.npos ? label(kComposeProject) : said.substr(0, slash);
    std::string_view name = slash == said.npos ? said : said.substr(slash + 1);
    if (!has(kService)) {
      if (label(kEnable) != "true" || label(kComposeService).empty()) {
        return say(kService, "is missing: expected NAME or NAMESPACE/NAME (or heddle.dev/enable: true in Compose)");
      }
      name = label(kComposeService);
    }
    if (slash == said.npos && ns.empty()) ns = "default";
    Result<ResourceKey> key = ResourceKey::make(Kind::kService, ns, name);
    if (!key) {
      return say(kService,
                 str_cat(in_quotes(str_cat(ns, "/", name)), ": expected NAME or NAMESPACE/NAME: ", key.error().detail));
    }
    out_.service = {key->ns, key->name};
    return true;
  }

  bool read_ports() {
    if (!has(kPorts)) {
      if (container_.exposed.size() == 1) {
        out_.ports.push_back({container_.exposed[0], container_.exposed[0]});
        return true;
      }
      return say(kPorts,
                 str_cat("is missing: expected PORT, or PORT=PORT OF THE CONTAINER, with commas; the image exposes ",
                         std::to_string(container_.exposed.size()), " TCP ports"));
    }
    for (std::string_view part : split(label(kPorts), ',')) {
      if (!read_port(trim(part))) return false;
    }
    return true;
  }
  bool read_port(std::string_view part) {
    size_t equals = part.find('=');
    std::optional<uint16_t> port = parse_int<uint16_t>(trim(part.substr(0, equals)));
    std::optional<uint16_t> target = equals == part.npos ? port : parse_int<uint16_t>(trim(part.substr(equals + 1)));
    if (!port || !target || *port == 0 || *target == 0) {
      return say(kPorts, str_cat(in_quotes(part), ": expected PORT or PORT=PORT OF THE CONTAINER"));
    }
    for (const DockerPort& one : out_.ports) {
      if (one.port == *port) return say(kPorts, str_cat("names port ", std::to_string(*port), " twice"));
    }
    out_.ports.push_back({*port, *target});
    return true;
  }

  // Also looked at when it is not ready, so that a slip is told at once; a stopped one has no addresses.
  bool read_address() {
    if (!container_.is_running) return true;
    const DockerContainer::Texts& networks = container_.networks;
    auto found = networks.begin();
    if (has(kNetwork)) {
      found = networks.find(label(kNetwork));
      if (found == networks.end()) found = networks.find(str_cat(label(kComposeProject), "_", label(kNetwork)));
      if (found == networks.end()) {
        return say(kNetwork,
                   str_cat(in_quotes(label(kNetwork)), ": it has no address there; it has in: ", names(networks)));
      }
    } else if (networks.size() != 1) {
      return say(kNetwork, networks.empty() ? "it has no address in a network (network_mode host or none)"
                                            : str_cat("is missing: it has addresses in ", names(networks)));
    }
    if (!Address::from_ip(found->second, 1))
      return say(kNetwork, str_cat(in_quotes(found->second), " is no IP address"));
    if (container_.is_ready()) out_.address = found->second;
    return true;
  }
  static std::string names(const DockerContainer::Texts& networks) {
    std::string out;
    for (const auto& [name, address] : networks) out.append(out.empty() ? "" : ", ").append(name);
    return out.empty() ? "none" : out;
  }

  // Without a word it has a sidecar: nothing goes in the clear because a label was forgotten.
  bool read_identity() {
    std::string said(has(kIdentity) ? label(kIdentity) : out_.service.name);
    if (said == kPlaintext) return true;
    if (!said.starts_with("spiffe:")) {
      said = str_cat("spiffe://", settings_.trust_domain, "/ns/", out_.service.ns, "/sa/", said);
    }
    Result<SpiffeId> id = SpiffeId::parse(said);
    if (!id || id->path().empty()) {
      return say(kIdentity,
                 str_cat(in_quotes(label(kIdentity)),
                         ": expected spiffe://TRUST DOMAIN/PATH, the name of a service account, or plaintext"));
    }
    out_.identity = id->text();
    return true;
  }

  bool read_weight() {
    if (!has(kWeight)) return true;
    out_.weight = read_endpoint_weight(label(kWeight));
    if (out_.weight) return true;
    return say(kWeight, str_cat(in_quotes(label(kWeight)), ": ", kEndpointWeightExpected));
  }

  bool read_zone() {
    out_.zone = label(kZone);
    if (!has(kZone) || (!out_.zone.empty() && out_.zone.size() <= kMaxZone)) return true;
    return say(kZone, str_cat(in_quotes(label(kZone)), ": expected 1 to ", std::to_string(kMaxZone), " bytes"));
  }

  // An unknown one is told, and costs nothing else.
  void read_service_labels() {
    std::vector<std::string> known = docker_service_labels();
    for (const auto& [name, value] : container_.labels) {
      if (!name.starts_with(kDockerLabelPrefix)) continue;
      if (std::find(known.begin(), known.end(), name) != known.end()) {
        out_.service_labels.emplace(name, trim(value));
      } else if (std::find(std::begin(kOwn), std::end(kOwn), name) == std::end(kOwn)) {
        say(name, "is no label of Heddle");
      }
    }
  }

  const DockerContainer& container_;
  const DockerSettings& settings_;
  ClusterProblems& problems_;
  DockerClaim out_;
};
}  // namespace

std::optional<DockerClaim> read_docker_claim(const DockerContainer& container, const DockerSettings& settings,
                                             ClusterProblems& problems) {
  return Reader(container, settings, problems).run();
}

std::vector<std::string> docker_container_labels() { return {std::begin(kOwn), std::end(kOwn)}; }

std::vector<std::string> docker_service_labels() { return service_annotations(); }

std::string docker_object(std::string_view container) { return str_cat("container ", container); }
}  // namespace heddle
