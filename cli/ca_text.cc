#include "cli/ca_text.h"

#include "cli/resource_table.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kShortPin = 12;  // hex digits: enough to tell two roots apart

std::string name_of(const JsonValue& sidecar) {
  std::string node = text_at(sidecar, {"node"});
  return node.empty() ? str_cat("serial ", text_at(sidecar, {"serial"})) : node;
}

// "web-1 (spiffe://...)", or "control plane b".
std::string laggard_name(const JsonValue& laggard) {
  std::string control_plane = text_at(laggard, {"controlPlane"});
  if (!control_plane.empty()) return str_cat("control plane ", control_plane);
  return str_cat(name_of(laggard), " (", text_at(laggard, {"identity"}), ")");
}

template <class Each>
size_t for_each(const JsonValue& ca, std::string_view list, Each each) {
  std::optional<JsonValue> all = ca.find(list);
  size_t count = all ? all->size() : 0;
  for (size_t i = 0; i < count; ++i) each(all->at(i));
  return count;
}

std::string roots_text(const JsonValue& ca, UseColor color) {
  Table table({"ROOT", "STATE", "NOT AFTER"});
  for_each(ca, "roots", [&](const JsonValue& root) {
    std::string state = text_at(root, {"state"});
    table.add({text_at(root, {"fingerprint"}).substr(0, kShortPin),
               {state, state == "signs" ? Tone::kGood : Tone::kWarn},
               text_at(root, {"notAfter"})});
  });
  return table.text(color);
}

std::string chain_text(const JsonValue& ca, UseColor color) {
  Table table({"SIGNS BELOW THE ROOT", "NOT AFTER"});
  size_t count = for_each(ca, "chain", [&](const JsonValue& certificate) {
    table.add({text_at(certificate, {"fingerprint"}).substr(0, kShortPin), text_at(certificate, {"notAfter"})});
  });
  return count == 0 ? "" : str_cat("\n", table.text(color));
}

std::string automatic_text(const JsonValue& ca) {
  std::string step = text_at(ca, {"automatic", "step"});
  std::string problem = text_at(ca, {"automatic", "problem"});
  std::string out;
  if (!step.empty()) {
    out = str_cat("by itself: ", printable(step), ", not before ", printable(text_at(ca, {"automatic", "at"})), "\n");
  }
  if (!problem.empty()) out += str_cat("attention: ", printable(problem), "\n");
  return out;
}

Cell usage(const JsonValue& sidecar, std::string_view field) {
  std::string word = text_at(sidecar, {field});
  return {word, word == "newest" ? Tone::kGood : Tone::kWarn};
}

std::string sidecars_text(const JsonValue& ca, UseColor color) {
  Table table({"NODE", "IDENTITY", "CONNECTED", "BUNDLE", "CERTIFICATE"});
  size_t count = for_each(ca, "sidecars", [&](const JsonValue& sidecar) {
    bool is_connected = scalar_at(sidecar, {"connected"}) == "true";
    table.add({name_of(sidecar),
               text_at(sidecar, {"identity"}),
               {is_connected ? "yes" : "no", is_connected ? Tone::kGood : Tone::kBad},
               usage(sidecar, "bundle"),
               usage(sidecar, "certificate")});
  });
  return count == 0 ? "no live sidecars\n" : table.text(color);
}

std::string next_text(const JsonValue& ca) {
  if (ca_is_given(ca) && text_at(ca, {"phase"}) == "steady") {
    return "next: the root is somebody else's: replace the files of the authority\n";
  }
  std::string out = str_cat("next: heddle ca rotate ", printable(text_at(ca, {"next"})), "\n");
  std::vector<std::string> late = ca_laggards(ca);
  if (late.empty()) return out;
  out += str_cat("waits for ", ca_laggard_count(ca), ":\n");
  for (const std::string& line : late) out += str_cat("  ", line, "\n");
  return out;
}

std::string since_text(const JsonValue& ca, WallTime now) {
  std::string since = age_at(ca, {"since"}, now);
  return since.empty() ? "" : str_cat(" for ", printable(since));
}
}  // namespace

bool ca_is_given(const JsonValue& ca) { return text_at(ca, {"source"}) == "files"; }

std::string ca_laggard_count(const JsonValue& ca) {
  size_t planes = 0;
  size_t all = for_each(ca, "waitsFor", [&planes](const JsonValue& late) {
    if (!text_at(late, {"controlPlane"}).empty()) ++planes;
  });
  auto count = [](size_t number, std::string_view what) {
    return str_cat(std::to_string(number), " ", what, number == 1 ? "" : "s");
  };
  if (planes == 0) return count(all, "sidecar");
  if (planes == all) return count(planes, "control plane");
  return str_cat(count(all - planes, "sidecar"), " and ", count(planes, "control plane"));
}

std::vector<std::string> ca_laggards(const JsonValue& ca) {
  std::vector<std::string> out;
  for_each(ca, "waitsFor", [&](const JsonValue& sidecar) {
    out.push_back(printable(str_cat(laggard_name(sidecar), " ", text_at(sidecar, {"why"}))));
  });
  return out;
}

std::string ca_text(const JsonValue& ca, WallTime now, UseColor color) {
  return str_cat(printable(text_at(ca, {"phase"})), since_text(ca, now), ", bundle ",
                 printable(scalar_at(ca, {"sequence"})), "\n\n", roots_text(ca, color), chain_text(ca, color), "\n",
                 sidecars_text(ca, color), "\n", next_text(ca), automatic_text(ca));
}
}  // namespace heddle
