#include "control/docker/docker_translate.h"

#include <algorithm>

#include "control/cluster/annotated_policies.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kNamed = 3;  // containers of a problem
using Claims = std::vector<DockerClaim>;

std::string containers_text(const std::vector<std::string>& names) {
  std::string out = names.size() == 1 ? "container " : "containers ";
  for (size_t i = 0; i < std::min(names.size(), kNamed); ++i) out.append(i == 0 ? "" : ", ").append(names[i]);
  if (names.size() > kNamed) out += str_cat(" and ", std::to_string(names.size() - kNamed), " more");
  return out;
}

// One Service with its containers.
class Group {
 public:
  Group(ObjectRef service, const Claims& claims, ClusterProblems& problems)
      : service_(std::move(service)), claims_(claims), problems_(problems) {
    agree();
    make_view();
  }

  void put(ClusterObjects& objects) {
    std::map<uint16_t, PortProtocol> ports = ports_with_protocols();
    add(objects, service_document(ports));
    std::vector<std::string> sets;
    for (const auto& [port, protocol] : ports) {
      add(objects, set_document(port, protocol));
      sets.push_back(backend_set_name(service_.name, port));
    }
    for (const JsonValue& policy : annotated_policies(view_, sets)) add(objects, policy);
  }

  // A problem of a resource that was made here, in the words of labels.
  ClusterProblem in_words_of_labels(std::string_view kind, const ClusterProblem& problem) const {
    std::string label = annotation_of(kind, problem.field);
    ClusterProblem out{containers_text(all_names()), problem.field, problem.message};
    if (label.empty()) {
      out.message = str_cat(problem.object, ": ", problem.message);
    } else {
      out.object = containers_text(who_says(label));
      out.field = str_cat("label ", label);
    }
    return out;
  }

 private:
  std::vector<std::string> all_names() const {
    std::vector<std::string> out;
    for (const DockerClaim& one : claims_) out.push_back(one.container);
    return out;
  }
  std::vector<std::string> who_says(std::string_view label) const {
    std::vector<std::string> out;
    for (const DockerClaim& one : claims_) {
      if (one.service_labels.contains(label)) out.push_back(one.container);
    }
    return out.empty() ? all_names() : out;
  }

  // Who says nothing agrees.
  void agree() {
    bool any_runs = std::any_of(claims_.begin(), claims_.end(), [](const DockerClaim& one) { return one.is_running; });
    std::map<std::string, const DockerClaim*> first;
    std::set<std::string> refused;
    for (const DockerClaim& one : claims_) {
      if (any_runs && !one.is_running) continue;
      for (const auto& [label, value] : one.service_labels) {
        auto [said, is_new] = first.try_emplace(label, &one);
        std::string_view before = said->second->service_labels.find(label)->second;
        if (is_new) labels_.emplace(label, value);
        if (before == value || !refused.insert(label).second) continue;
        disagree(label, *said->second, before, one, value);
      }
    }
    for (const std::string& label : refused) labels_.erase(label);
  }
  void disagree(const std::string& label, const DockerClaim& one, std::string_view before, const DockerClaim& other,
                std::string_view value) {
    problems_.push_back({containers_text({one.container, other.container}), str_cat("label ", label),
                         str_cat("they disagree for Service ", service_.ns, "/", service_.name, ": ", in_quotes(before),
                                 " and ", in_quotes(value), "; it counts for none")});
  }

  // What the readers of a Service's annotations look at.
  void make_view() {
    std::string text;
    JsonWriter out(text);
    out.begin_object().key("metadata").begin_object().field("name", service_.name).field("namespace", service_.ns);
    out.key("annotations").begin_object();
    for (const auto& [label, value] : labels_) out.field(label, value);
    out.end_object().end_object().end_object();
    view_ = JsonValue::parse(text).value_or(JsonValue());
  }

  std::map<uint16_t, PortProtocol> ports_with_protocols() {
    ClusterProblems found;
    PortHints hints = read_port_hints(view_, "", found);
    for (const ClusterProblem& one : found) {
      bool is_opaque = one.field.find("opaque-ports") != std::string::npos;
      std::string label = is_opaque ? "heddle.dev/opaque-ports" : "heddle.dev/protocol";
      problems_.push_back({containers_text(who_says(label)), str_cat("label ", label), one.message});
    }
    std::map<uint16_t, PortProtocol> out;
    for (const DockerClaim& one : claims_) {
      for (const DockerPort& port : one.ports) out.emplace(port.port, protocol_of({"", "", port.port}, hints));
    }
    return out;
  }

  JsonWriter& begin(JsonWriter& out, std::string_view kind, std::string_view name) const {
    out.begin_object().field("apiVersion", "heddle.dev/v1").field("kind", kind).key("metadata").begin_object();
    out.field("name", name).field("namespace", service_.ns).end_object();
    return out.key("spec").begin_object();
  }

  JsonValue service_document(const std::map<uint16_t, PortProtocol>& ports) const {
    std::string text;
    JsonWriter out(text);
    begin(out, "Service", service_.name).key("ports").begin_array();
    for (const auto& [port, protocol] : ports) {
      out.begin_object().field("port", port).field("protocol", to_text(protocol));
      out.field("backendSet", backend_set_name(service_.name, port)).end_object();
    }
    out.end_array();
    write_visibility(out, view_);
    out.end_object().end_object();
    return JsonValue::parse(text, kMaxResourceBytes).value_or(JsonValue());
  }

  JsonValue set_document(uint16_t port, PortProtocol protocol) {
    std::string text;
    JsonWriter out(text);
    begin(out, "BackendSet", backend_set_name(service_.name, port)).field("protocol", set_protocol(protocol));
    write_load_balancer(out, view_);
    out.key("endpoints").begin_array();
    std::map<std::pair<std::string, uint16_t>, std::string> taken;
    for (const DockerClaim& one : claims_) {
      for (const DockerPort& own : one.ports) {
        if (own.port != port || one.address.empty()) continue;
        auto [holder, is_free] = taken.try_emplace({one.address, own.target}, one.container);
        if (is_free) {
          write_endpoint(out, one, own);
        } else {
          problems_.push_back({docker_object(one.container), "",
                               str_cat("has the address and port of container ", holder->second, ", which is taken")});
        }
      }
    }
    out.end_array().end_object().end_object();
    return JsonValue::parse(text, kMaxResourceBytes).value_or(JsonValue());
  }
  static void write_endpoint(JsonWriter& out, const DockerClaim& one, const DockerPort& port) {
    out.begin_object().field("address", one.address).field("port", port.target);
    if (one.weight) out.field("weight", *one.weight);
    if (!one.zone.empty()) out.field("zone", one.zone);
    if (one.identity.empty()) {
      out.field("tls", "plaintext");
    } else {
      out.field("identity", one.identity);
    }
    out.end_object();
  }

  void add(ClusterObjects& objects, const JsonValue& document) const {
    const KindInfo* kind = find_kind(to_lower(text_at(document, {"kind"})));
    if (kind == nullptr) return;
    objects.put_resource({kind->kind, service_.ns, std::string(text_at(document, {"metadata", "name"}))}, document);
  }

  ObjectRef service_;
  const Claims& claims_;
  ClusterProblems& problems_;
  DockerContainer::Texts labels_;
  JsonValue view_;
};

// "BackendSet shop/web.80" -> kind, "shop", "web": what is made for a Service is named after it.
struct MadeName {
  std::string kind;
  ObjectRef service;
};
MadeName read_made(std::string_view object) {
  size_t space = object.find(' ');
  size_t slash = object.find('/');
  if (space == object.npos || slash == object.npos) return {};
  MadeName out{std::string(object.substr(0, space)), {}};
  std::string_view name = object.substr(slash + 1);
  if (out.kind != "Service") name = name.substr(0, name.rfind('.'));
  out.service = {std::string(object.substr(space + 1, slash - space - 1)), std::string(name)};
  return out;
}
}  // namespace

Translation translate_containers(const std::vector<DockerContainer>& containers, const DockerSettings& settings) {
  ClusterProblems problems;
  std::map<ObjectRef, Claims> claims;
  for (const DockerContainer& one : containers) {
    if (auto claim = read_docker_claim(one, settings, problems)) claims[claim->service].push_back(std::move(*claim));
  }
  ClusterObjects objects;
  std::map<ObjectRef, Group> groups;
  for (auto& [service, some] : claims) {
    std::sort(some.begin(), some.end(), [](const auto& a, const auto& b) { return a.container < b.container; });
    groups.try_emplace(service, service, some, problems).first->second.put(objects);
  }
  Translation out = translate(objects, ClusterSettings{settings.trust_domain});
  for (const ClusterProblem& one : out.problems) {
    MadeName made = read_made(one.object);
    auto group = groups.find(made.service);
    problems.push_back(group == groups.end() ? one : group->second.in_words_of_labels(made.kind, one));
  }
  out.problems = std::move(problems);
  return out;
}
}  // namespace heddle
