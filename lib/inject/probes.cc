#include "lib/inject/probes.h"

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
struct ProbeField {
  std::string_view field;
  std::string_view word;
};
constexpr ProbeField kProbes[] = {
    {"readinessProbe", "readyz"}, {"livenessProbe", "livez"}, {"startupProbe", "startupz"}};
constexpr std::string_view kKinds[] = {"httpGet", "tcpSocket", "grpc"};

std::string_view name_of(const JsonValue& object) {
  std::optional<JsonValue> name = object.find("name");
  return name ? name->as_string().value_or("") : "";
}

// Number of a port that may be named; nothing: the container has no port of that name.
std::optional<int64_t> port_number(const JsonValue& container, const JsonValue& port) {
  if (std::optional<int64_t> number = port.as_integer()) return number;
  std::optional<JsonValue> ports = container.find("ports");
  for (size_t i = 0; ports && i < ports->size(); ++i) {
    JsonValue one = ports->at(i);
    std::optional<JsonValue> number = one.find("containerPort");
    if (name_of(one) == port.as_string() && number) return number->as_integer();
  }
  return std::nullopt;
}

std::string_view kind_of(const JsonValue& probe) {
  for (std::string_view kind : kKinds) {
    if (probe.find(kind)) return kind;
  }
  return {};
}

JsonValue asked_of_sidecar(const JsonValue& probe, std::string_view kind, const std::string& key) {
  JsonValue out = probe.without({kind});
  out = out.with({"httpGet", "path"}, JsonValue::string(str_cat(kProbePath, key)));
  return out.with({"httpGet", "port"}, JsonValue::integer(kHealthPort));
}

void rewrite(JsonValue& container, const ProbeField& of, RewrittenProbes& out) {
  std::optional<JsonValue> probe = container.find(of.field);
  std::string_view kind = probe ? kind_of(*probe) : "";
  if (kind.empty()) return;  // none, or exec
  std::string key = str_cat(name_of(container), "/", of.word);
  JsonValue original = *probe;
  std::optional<JsonValue> port = probe->find({kind, "port"});
  std::optional<int64_t> number = port ? port_number(container, *port) : std::nullopt;
  if (!number) {
    out.problems.push_back(str_cat(of.field, " of container ", in_quotes(name_of(container)), ": ", kind,
                                   ".port is no number and no port of the container"));
    return;
  }
  out.originals = out.originals.with({key}, original.with({kind, "port"}, JsonValue::integer(*number)));
  container = container.with({of.field}, asked_of_sidecar(*probe, kind, key));
}

bool is_asked_of_sidecar(const JsonValue& probe) {
  std::optional<JsonValue> path = probe.find({"httpGet", "path"});
  return path && path->as_string().value_or("").starts_with(kProbePath);
}
}  // namespace

RewrittenProbes rewrite_probes(const JsonValue& containers) {
  RewrittenProbes out;
  out.originals = JsonValue::object();
  std::vector<JsonValue> all;
  for (size_t i = 0; i < containers.size(); ++i) {
    JsonValue container = containers.at(i);
    for (const ProbeField& of : kProbes) {
      std::optional<JsonValue> probe = container.find(of.field);
      if (!probe || !is_asked_of_sidecar(*probe)) rewrite(container, of, out);
    }
    all.push_back(std::move(container));
  }
  out.containers = JsonValue::array(all);
  return out;
}

JsonValue restore_probes(const JsonValue& containers, const JsonValue& originals) {
  std::vector<JsonValue> all;
  for (size_t i = 0; i < containers.size(); ++i) {
    JsonValue container = containers.at(i);
    for (const ProbeField& of : kProbes) {
      std::optional<JsonValue> original = originals.find(str_cat(name_of(container), "/", of.word));
      if (original && container.find(of.field)) container = container.with({of.field}, *original);
    }
    all.push_back(std::move(container));
  }
  return JsonValue::array(all);
}
}  // namespace heddle
