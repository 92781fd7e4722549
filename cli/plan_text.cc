#include "cli/plan_text.h"

#include "cli/resource_table.h"
#include "cli/resource_words.h"
#include "cli/table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::vector<JsonValue> list_at(const JsonValue& value, JsonValue::Path path) {
  std::vector<JsonValue> out;
  std::optional<JsonValue> items = value.find(path);
  for (size_t i = 0; items && i < items->size(); ++i) out.push_back(items->at(i));
  return out;
}

std::string shown(const JsonValue& value, JsonValue::Path path) { return printable(scalar_at(value, path)); }

int64_t number_at(const JsonValue& value, JsonValue::Path path) {
  std::optional<JsonValue> found = value.find(path);
  return found ? found->as_integer().value_or(0) : 0;
}

// "48,000"
std::string grouped(int64_t number) {
  std::string out = std::to_string(number);
  for (size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string counted(int64_t count, std::string_view one) {
  return str_cat(grouped(count), " ", one, count == 1 ? "" : "s");
}

std::string more(int64_t all, size_t told) {
  int64_t left = all - static_cast<int64_t>(told);
  return left > 0 ? str_cat("  and ", grouped(left), " more\n") : std::string();
}

std::string title_at(const JsonValue& value, JsonValue::Path path) {
  return printable(resource_title(text_at(value, path)));
}

std::string or_nothing(const std::string& text) { return text.empty() ? "(nothing)" : text; }

std::string field_lines(const JsonValue& resource) {
  std::string out;
  std::vector<JsonValue> fields = list_at(resource, {"fields"});
  for (const JsonValue& field : fields) {
    out.append(str_cat("    ", shown(field, {"path"}), ": ", or_nothing(shown(field, {"before"})), " -> ",
                       or_nothing(shown(field, {"now"})), "\n"));
  }
  std::string rest = more(number_at(resource, {"fieldCount"}), fields.size());
  return rest.empty() ? out : str_cat(out, "  ", rest);
}

std::string changes(const JsonValue& plan) {
  std::string out = "Changes\n";
  std::vector<JsonValue> resources = list_at(plan, {"changes", "resources"});
  for (const JsonValue& resource : resources) {
    out.append(str_cat("  ", shown(resource, {"result"}), " ", title_at(resource, {"key"}), "\n"));
    out.append(field_lines(resource));
  }
  int64_t all = number_at(plan, {"changes", "created"}) + number_at(plan, {"changes", "configured"}) +
                number_at(plan, {"changes", "deleted"});
  out.append(more(all, resources.size()));
  for (const JsonValue& warning : list_at(plan, {"warnings"})) {
    out.append(str_cat("  warning: ", title_at(warning, {"resource"}), ": ", shown(warning, {"path"}), ": ",
                       shown(warning, {"message"}), "\n"));
  }
  return out;
}

std::string route_line(const JsonValue& row) {
  std::string change = text_at(row, {"change"});
  std::string clients = shown(row, {"clients"});
  std::string where = str_cat(shown(row, {"service"}), " port ", shown(row, {"port"}),
                              clients.empty() ? "" : str_cat(" for clients in ", clients));
  if (change == "uncovered") {
    return str_cat("  attention ", where, ": what none of its rules matches would be refused; now it is sent on\n");
  }
  std::string head = str_cat("  ", printable(change), " ", where, ", ", shown(row, {"match"}), ": ");
  std::string by = str_cat(" (", shown(row, {"rule"}), ")\n");
  if (change == "added") return str_cat(head, "to ", shown(row, {"now"}), by);
  if (change == "removed") return str_cat(head, "was to ", shown(row, {"before"}), by);
  if (change == "shadowed") {
    return str_cat(head, shown(row, {"rule"}), " is never reached, ", shown(row, {"by"}), " goes before it\n");
  }
  return str_cat(head, shown(row, {"before"}), " -> ", shown(row, {"now"}), by);
}

std::string routes(const JsonValue& plan) {
  std::vector<JsonValue> rows = list_at(plan, {"routes", "rows"});
  std::string out = "\nRoutes\n";
  if (rows.empty()) return out.append("  none\n");
  for (const JsonValue& row : rows) out.append(route_line(row));
  return out.append(more(number_at(plan, {"routes", "count"}), rows.size()));
}

std::string sidecars(const JsonValue& plan) {
  int64_t affected = number_at(plan, {"sidecars", "affected"});
  int64_t connected = number_at(plan, {"sidecars", "connected"});
  std::string out =
      str_cat("\nSidecars\n  ", grouped(affected), " of ", grouped(connected), " connected would get it\n");
  std::vector<JsonValue> names = list_at(plan, {"sidecars", "names"});
  for (const JsonValue& name : names) out.append(str_cat("  ", printable(name.as_string().value_or("")), "\n"));
  out.append(more(affected, names.size()));
  std::vector<JsonValue> refusing = list_at(plan, {"sidecars", "refusing"});
  for (const JsonValue& name : refusing) {
    out.append(str_cat("  attention ", printable(name.as_string().value_or("")),
                       ": refused the newest version, obeys an older one\n"));
  }
  out.append(more(number_at(plan, {"sidecars", "refusingCount"}), refusing.size()));
  return out;
}

std::string group_lines(const JsonValue& group) {
  std::string out = str_cat("  ", shown(group, {"text"}), "\n");
  for (const JsonValue& example : list_at(group, {"examples"})) {
    std::string method = shown(example, {"method"});
    std::string peer = shown(example, {"peer"});
    std::string as = shown(example, {"sentAs"});
    out.append(str_cat("    ", method.empty() ? "a connection to" : method, " ", shown(example, {"host"}),
                       shown(example, {"path"}), peer.empty() ? "" : str_cat(" from ", peer),
                       as.empty() ? "" : str_cat(", as ", as), "\n"));
  }
  return out;
}

std::string not_decidable(const JsonValue& traffic) {
  int64_t count = number_at(traffic, {"undecidable"});
  if (count == 0) return {};
  std::vector<std::string> names;
  for (const JsonValue& one : list_at(traffic, {"notKept"})) {
    names.push_back(str_cat(shown(one, {"what"}), " (", grouped(number_at(one, {"count"})), ")"));
  }
  return str_cat("  ", grouped(count), " not decidable, for nobody kept: ", join(names, ", "), "\n");
}

std::string replay(const JsonValue& traffic) {
  std::string seen = shown(traffic, {"seen"});
  std::string of = seen.empty() ? "" : str_cat(", of ", grouped(number_at(traffic, {"seen"})), " seen");
  std::string out =
      str_cat("  ", counted(number_at(traffic, {"requests"}), "request"), " remembered by ",
              counted(number_at(traffic, {"sidecars"}), "sidecar"), of, ": ", grouped(number_at(traffic, {"changed"})),
              " would be treated otherwise, ", grouped(number_at(traffic, {"same"})), " alike\n");
  std::vector<JsonValue> groups = list_at(traffic, {"groups"});
  for (const JsonValue& group : groups) out.append(group_lines(group));
  out.append(more(number_at(traffic, {"groupCount"}), groups.size())).append(not_decidable(traffic));
  if (int64_t stale = number_at(traffic, {"stale"}); stale > 0)
    out.append(str_cat("  ", grouped(stale), " not compared: decided by an older configuration\n"));
  if (int64_t other = number_at(traffic, {"otherwise"}); other > 0)
    out.append(str_cat("  ", grouped(other), " not compared: decided by more than configuration (health, sessions)\n"));
  return out;
}

std::string traffic(const JsonValue& plan) {
  std::string out = "\nTraffic\n";
  std::optional<JsonValue> traffic = plan.find("traffic");
  if (traffic && traffic->find("requests")) out.append(replay(*traffic));
  for (const JsonValue& note : list_at(plan, {"traffic", "notes"})) {
    out.append(str_cat("  note: ", printable(note.as_string().value_or("")), "\n"));
  }
  return out;
}

std::string summary(const JsonValue& plan) {
  return str_cat("\nplan for version ", shown(plan, {"version"}), ": ", shown(plan, {"changes", "created"}),
                 " to create, ", shown(plan, {"changes", "configured"}), " to configure, ",
                 shown(plan, {"changes", "deleted"}), " to delete; nothing was changed\n");
}
}  // namespace

bool would_change(const JsonValue& plan) {
  std::optional<JsonValue> value = plan.find("wouldChange");
  return value && value->as_bool().value_or(false);
}

std::string plan_text(const JsonValue& plan) {
  if (!would_change(plan)) return str_cat("nothing would change, version ", shown(plan, {"version"}), "\n");
  return str_cat(changes(plan), routes(plan), sidecars(plan), traffic(plan), summary(plan));
}
}  // namespace heddle
