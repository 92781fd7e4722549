#include "lib/inject/inject.h"

#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "lib/inject/probes.h"
#include "lib/inject/release_hooks.h"

namespace heddle {
namespace {
constexpr std::string_view kInject = "heddle.dev/inject";
constexpr std::string_view kInjected = "heddle.dev/injected";
constexpr std::string_view kProbes = "heddle.dev/probes";
constexpr std::string_view kDefaultContainer = "kubectl.kubernetes.io/default-container";
constexpr std::string_view kSafeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict";
constexpr std::string_view kLists[] = {"initContainers", "containers"};

std::string_view text_of(const JsonValue& object, JsonValue::Path path) {
  std::optional<JsonValue> found = object.find(path);
  return found ? found->as_string().value_or("") : "";
}

std::vector<JsonValue> list_of(const JsonValue& pod, std::string_view list) {
  std::vector<JsonValue> out;
  std::optional<JsonValue> found = pod.find({"spec", list});
  for (size_t i = 0; found && i < found->size(); ++i) out.push_back(found->at(i));
  return out;
}

bool has_proxy(const JsonValue& pod) {
  for (std::string_view list : kLists) {
    for (const JsonValue& one : list_of(pod, list)) {
      if (text_of(one, {"name"}) == kProxyName) return true;
    }
  }
  return false;
}

// The word of the pod wins over that of its namespace; the label counts, since webhooks are chosen by it, and the
// annotation beside it.
std::string_view asked(const JsonValue& object) {
  std::string_view label = text_of(object, {"metadata", "labels", kInject});
  return label.empty() ? text_of(object, {"metadata", "annotations", kInject}) : label;
}

std::optional<InjectResult> skip(const InjectInput& in) {
  if (has_proxy(in.pod)) return InjectResult::kAlreadyInjected;
  std::string_view own = asked(in.pod);
  if (own == "disabled") return InjectResult::kDisabled;
  if (own != "enabled" && asked(in.namespace_object) != "enabled" && !in.is_asked_for) return InjectResult::kNotAsked;
  std::optional<JsonValue> host = in.pod.find({"spec", "hostNetwork"});
  if (host && host->as_bool().value_or(false)) return InjectResult::kHostNetwork;
  return std::nullopt;
}

// Whose connections would pass by the sidecar, because they look like its own.
void check_user(const JsonValue& at, std::string_view what, std::vector<std::string>& problems) {
  std::optional<JsonValue> user = at.find({"securityContext", "runAsUser"});
  if (user && user->as_integer() == kProxyUid) {
    problems.push_back(str_cat(what, " runs as user ", std::to_string(kProxyUid),
                               ", which is the sidecar's: its connections would pass by it; choose another user"));
  }
}

void check_ports(const JsonValue& container, std::vector<std::string>& problems) {
  std::optional<JsonValue> ports = container.find("ports");
  for (size_t i = 0; ports && i < ports->size(); ++i) {
    std::optional<JsonValue> port = ports->at(i).find("containerPort");
    int64_t number = port ? port->as_integer().value_or(0) : 0;
    if (number >= 15000 && number <= 15029) {
      problems.push_back(str_cat("container ", in_quotes(text_of(container, {"name"})), " has port ",
                                 std::to_string(number), ": 15000 to 15029 are the sidecar's"));
    }
  }
}

std::vector<std::string> conflicts(const JsonValue& pod) {
  std::vector<std::string> problems;
  if (auto spec = pod.find("spec")) check_user(*spec, "the pod", problems);
  for (std::string_view list : kLists) {
    for (const JsonValue& one : list_of(pod, list)) {
      if (text_of(one, {"name"}) == kInitName) problems.push_back("a container is named heddle-init already");
      check_user(one, str_cat("container ", in_quotes(text_of(one, {"name"}))), problems);
      check_ports(one, problems);
    }
  }
  for (const JsonValue& volume : list_of(pod, "volumes")) {
    if (is_our_volume(text_of(volume, {"name"}))) {
      problems.push_back(str_cat("a volume is named ", text_of(volume, {"name"}), " already"));
    }
  }
  return problems;
}

// What runs beside each other: the containers, and steps that stay as native sidecars of the application.
std::vector<JsonValue> staying(const JsonValue& pod) {
  std::vector<JsonValue> out = list_of(pod, "containers");
  for (JsonValue& step : list_of(pod, "initContainers")) {
    if (text_of(step, {"restartPolicy"}) == "Always") out.push_back(std::move(step));
  }
  return out;
}

std::set<int64_t> inbound_ports(const JsonValue& pod) {
  std::set<int64_t> ports;
  for (const JsonValue& container : staying(pod)) {
    std::optional<JsonValue> of = container.find("ports");
    for (size_t i = 0; of && i < of->size(); ++i) {
      std::string_view protocol = text_of(of->at(i), {"protocol"});
      std::optional<JsonValue> port = of->at(i).find("containerPort");
      if (port && port->as_integer() && (protocol.empty() || protocol == "TCP")) ports.insert(*port->as_integer());
    }
  }
  return ports;
}

std::string inbound_ports_text(const JsonValue& pod) {
  std::vector<std::string> texts;
  for (int64_t port : inbound_ports(pod)) texts.push_back(std::to_string(port));
  return join(texts, ",");
}

JsonValue with_default(JsonValue pod, std::string_view annotation, std::string_view value) {
  if (pod.find({"metadata", "annotations", annotation})) return pod;
  return pod.with({"metadata", "annotations", annotation}, JsonValue::string(value));
}

// Native: [init step, sidecar, the application's own steps]: those are in the mesh already. Classic: the sidecar is the
// first container, whose postStart holds the others back, and the init step the last one.
JsonValue with_containers(JsonValue pod, const PodSidecar& facts, const JsonValue& containers) {
  std::vector<JsonValue> steps = list_of(pod, "initContainers");
  std::vector<JsonValue> mains;
  for (size_t i = 0; i < containers.size(); ++i) mains.push_back(containers.at(i));
  bool is_native = facts.options.native_sidecar;
  if (is_native) {
    steps.insert(steps.begin(), proxy_container(facts));
  } else {
    mains.insert(mains.begin(), proxy_container(facts));
  }
  if (facts.options.mode == InjectMode::kIntercept) {
    steps.insert(is_native ? steps.begin() : steps.end(), init_container(facts));
  }
  if (!steps.empty()) pod = pod.with({"spec", "initContainers"}, JsonValue::array(steps));
  return pod.with({"spec", "containers"}, JsonValue::array(mains));
}

JsonValue with_sidecar(const InjectInput& in, const InjectSettings& settings, const PodOptions& options,
                       const RewrittenProbes& probes) {
  std::vector<JsonValue> mains = list_of(in.pod, "containers");
  std::string first(mains.empty() ? "" : text_of(mains.front(), {"name"}));
  PodSidecar facts{settings, options, inbound_ports_text(in.pod), probes.originals};
  JsonValue pod = with_containers(in.pod, facts, with_release_hooks(probes.containers));
  std::vector<JsonValue> volumes = list_of(pod, "volumes");
  for (JsonValue& volume : sidecar_volumes(facts)) volumes.push_back(std::move(volume));
  pod = pod.with({"spec", "volumes"}, JsonValue::array(volumes));
  pod = pod.with({"metadata", "annotations", kInjected}, JsonValue::string(HEDDLE_VERSION));
  if (probes.originals.size() > 0) {
    pod = pod.with({"metadata", "annotations", kProbes}, JsonValue::string(probes.originals.compact()));
  }
  if (!first.empty()) pod = with_default(std::move(pod), kDefaultContainer, first);
  return with_default(std::move(pod), kSafeToEvict, "true");
}
}  // namespace

std::string_view to_text(InjectResult result) noexcept {
  constexpr std::string_view kNames[] = {"injected",         "not-asked",    "disabled",
                                         "already-injected", "host-network", "refused"};
  return kNames[static_cast<size_t>(result)];
}

namespace {
// Of steps, which have probes where they stay; `out` gets what they asked.
JsonValue rewrite_more(const JsonValue& steps, RewrittenProbes& out) {
  RewrittenProbes more = rewrite_probes(steps);
  for (std::string_view key : more.originals.keys()) {
    out.originals = out.originals.with({key}, *more.originals.find(key));
  }
  for (std::string& one : more.problems) out.problems.push_back(std::move(one));
  return more.containers;
}
}  // namespace

Injection inject(const InjectInput& in, const InjectSettings& settings) {
  Injection out;
  out.pod = in.pod;
  if (auto why = skip(in)) {
    out.result = *why;
    return out;
  }
  OptionsRead read =
      read_pod_options(settings, in.namespace_object.find({"metadata", "annotations"}).value_or(JsonValue()),
                       in.pod.find({"metadata", "annotations"}).value_or(JsonValue()));
  out.warnings = std::move(read.warnings);
  out.problems = std::move(read.problems);
  for (std::string& one : conflicts(in.pod)) out.problems.push_back(std::move(one));
  if (read.options.mode == InjectMode::kExplicit && inbound_ports(in.pod).size() > 1) {
    out.problems.push_back(
        "annotation heddle.dev/mode: in explicit mode one port has a sidecar, and the pod has several; take intercept");
  }
  RewrittenProbes probes{JsonValue::array(list_of(in.pod, "containers")), JsonValue::object(), {}};
  // Also where plaintext is let in: Kubelet's have no identity, and the first policy would refuse them.
  InjectInput rewritten = in;
  if (read.options.mode == InjectMode::kIntercept) {
    probes = rewrite_probes(probes.containers);
    if (std::optional<JsonValue> steps = in.pod.find({"spec", "initContainers"})) {
      rewritten.pod = in.pod.with({"spec", "initContainers"}, rewrite_more(*steps, probes));
    }
    for (std::string& one : probes.problems) out.problems.push_back(std::move(one));
  }
  out.result = out.problems.empty() ? InjectResult::kInjected : InjectResult::kRefused;
  if (out.problems.empty()) out.pod = with_sidecar(rewritten, settings, read.options, std::move(probes));
  return out;
}

JsonValue uninject(const JsonValue& pod) {
  if (!has_proxy(pod)) return pod;
  JsonValue out = pod;
  for (std::string_view list : {kLists[0], kLists[1], std::string_view("volumes")}) {
    std::vector<JsonValue> kept = list_of(out, list);
    bool was_there = !kept.empty();
    std::erase_if(kept, [&](const JsonValue& one) {
      std::string_view name = text_of(one, {"name"});
      return list == "volumes" ? is_our_volume(name) : name == kProxyName || name == kInitName;
    });
    if (!was_there) continue;
    out = kept.empty() ? out.without({"spec", list}) : out.with({"spec", list}, JsonValue::array(kept));
  }
  Result<JsonValue> probes = JsonValue::parse(text_of(out, {"metadata", "annotations", kProbes}));
  std::optional<JsonValue> containers = out.find({"spec", "containers"});
  if (containers) containers = without_release_hooks(*containers);
  if (probes && containers) containers = restore_probes(*containers, *probes);
  if (containers) out = out.with({"spec", "containers"}, *containers);
  std::optional<JsonValue> steps = out.find({"spec", "initContainers"});
  if (probes && steps) out = out.with({"spec", "initContainers"}, restore_probes(*steps, *probes));
  for (std::string_view annotation : {kInjected, kProbes, kDefaultContainer, kSafeToEvict}) {
    if (out.find({"metadata", "annotations", annotation})) out = out.without({"metadata", "annotations", annotation});
  }
  std::optional<JsonValue> left = out.find({"metadata", "annotations"});
  if (left && left->size() == 0) out = out.without({"metadata", "annotations"});
  std::optional<JsonValue> metadata = out.find("metadata");
  return metadata && metadata->size() == 0 ? out.without({"metadata"}) : out;
}
}  // namespace heddle
