#include "control/api/plan_view.h"

namespace heddle {
namespace {
std::string_view to_text(ChangeKind kind) {
  constexpr std::string_view kNames[] = {"created", "configured", "deleted"};  // those of apply and of the history
  return kNames[static_cast<size_t>(kind)];
}

void optional_field(JsonWriter& out, std::string_view name, const std::string& text) {
  if (!text.empty()) out.field(name, text);
}

void write_names(JsonWriter& out, std::string_view name, const std::vector<std::string>& names) {
  out.key(name).begin_array();
  for (const std::string& one : names) out.string(one);
  out.end_array();
}

void write_fields(JsonWriter& out, const PlannedResource& resource) {
  out.field("fieldCount", resource.field_count).key("fields").begin_array();
  for (const PlannedField& field : resource.fields) {
    out.begin_object().field("path", field.path);
    optional_field(out, "before", field.before);
    optional_field(out, "now", field.after);
    out.end_object();
  }
  out.end_array();
}

void write_diff(JsonWriter& out, const PlanDiff& diff) {
  out.key("changes").begin_object();
  out.field("created", diff.added).field("configured", diff.changed).field("deleted", diff.removed);
  out.key("resources").begin_array();
  for (const PlannedResource& resource : diff.resources) {
    out.begin_object().field("key", resource.key.text()).field("result", to_text(resource.kind));
    if (resource.kind == ChangeKind::kChanged) write_fields(out, resource);
    out.end_object();
  }
  out.end_array().end_object();
}

void write_routes(JsonWriter& out, const PlanRoutes& routes) {
  out.key("routes").begin_object().field("count", routes.count).key("rows").begin_array();
  for (const PlannedRoute& row : routes.rows) {
    out.begin_object().field("change", to_text(row.what)).field("service", row.service).field("port", row.port);
    optional_field(out, "clients", row.clients);
    optional_field(out, "match", row.match);
    optional_field(out, "rule", row.rule);
    optional_field(out, "before", row.before);
    optional_field(out, "now", row.after);
    optional_field(out, "by", row.by);
    out.end_object();
  }
  out.end_array().end_object();
}

void write_scope(JsonWriter& out, const PlanScope& scope) {
  out.key("sidecars").begin_object().field("connected", scope.sidecars).field("affected", scope.affected);
  write_names(out, "names", scope.names);
  out.field("refusingCount", scope.refusing_count);
  write_names(out, "refusing", scope.refusing);
  out.end_object();
}

void write_group(JsonWriter& out, const PlanGroup& group) {
  out.begin_object().field("effect", to_text(group.effect)).field("text", group.text());
  out.field("subject", group.subject).field("count", group.count).field("of", group.of);
  optional_field(out, "peer", group.peer);
  optional_field(out, "before", group.before);
  optional_field(out, "now", group.after);
  out.key("examples").begin_array();
  for (const PlanExample& example : group.examples) {
    out.begin_object();
    optional_field(out, "method", example.method);
    optional_field(out, "host", example.host);
    optional_field(out, "path", example.path);
    optional_field(out, "peer", example.peer);
    optional_field(out, "sentAs", example.sent_as);
    out.end_object();
  }
  out.end_array().end_object();
}

void write_replay(JsonWriter& out, const PlanReplay& replay) {
  out.field("sidecars", replay.sidecars).field("requests", replay.requests);
  if (replay.seen) out.field("seen", *replay.seen);
  out.field("same", replay.same).field("changed", replay.changed).field("undecidable", replay.undecidable);
  out.field("stale", replay.stale).field("otherwise", replay.otherwise).field("groupCount", replay.group_count);
  out.key("groups").begin_array();
  for (const PlanGroup& group : replay.groups) write_group(out, group);
  out.end_array().key("notKept").begin_array();
  for (const PlanUnknown& unknown : replay.unknown) {
    out.begin_object().field("what", unknown.what).field("count", unknown.count).end_object();
  }
  out.end_array();
}
}  // namespace

std::string plan_json(const Plan& plan) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("version", plan.version.text()).field("wouldChange", !plan.diff.empty());
  write_diff(out, plan.diff);
  if (!plan.warnings.empty()) write_problems(out.key("warnings"), plan.warnings);
  write_routes(out, plan.routes);
  write_scope(out, plan.scope);
  out.key("traffic").begin_object();
  if (plan.replay) write_replay(out, *plan.replay);
  write_names(out, "notes", plan.notes);
  out.end_object().end_object();
  return body;
}
}  // namespace heddle
