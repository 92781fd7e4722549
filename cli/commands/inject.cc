// `heddle inject` and `heddle uninject`: manifests in, manifests out; nobody is asked.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/sources.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/config/yaml.h"
#include "lib/inject/workload.h"

namespace heddle {
namespace {
Result<std::string> read_text(const std::string& path, std::istream& in) {
  if (path != "-") return read_file(path, kMaxDocumentsBytes);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<std::vector<Document>> read_manifests(const std::string& path, std::istream& in) {
  std::string name = path == "-" ? std::string(kStdinName) : path;
  Result<std::string> text = read_text(path, in);
  if (!text) return std::move(text).error().within(name);
  Result<std::vector<Document>> documents = parse_documents(*text, name);
  if (!documents) return std::move(documents).error().within(name);
  return documents;
}

void print(const JsonValue& object, Console& console) { console.out << "---\n" << to_yaml(object); }
}  // namespace

ExitCode run_inject(const InjectOptions& options, CommandContext& context) {
  size_t injected = 0;
  std::vector<JsonValue> out;
  for (const std::string& path : options.paths) {
    Result<std::vector<Document>> documents = read_manifests(path, context.console.in);
    if (!documents) return context.console.fail(documents.error());
    for (const Document& document : *documents) {
      WorkloadInjection one = inject_workload(document.value, options.settings);
      for (const std::string& text : one.warnings) context.console.err << "warning: " << text << "\n";
      if (!one.problems.empty()) {
        return context.console.fail(make_error(Reason::kConfigInvalid, join(one.problems, "\n")));
      }
      injected += one.injected;
      out.push_back(std::move(one.object));
    }
  }
  for (const JsonValue& object : out) print(object, context.console);
  context.console.err << injected << (injected == 1 ? " pod description" : " pod descriptions") << " got a sidecar\n";
  return ExitCode::kOk;
}

ExitCode run_uninject(const UninjectOptions& options, CommandContext& context) {
  for (const std::string& path : options.paths) {
    Result<std::vector<Document>> documents = read_manifests(path, context.console.in);
    if (!documents) return context.console.fail(documents.error());
    for (const Document& document : *documents) print(uninject_workload(document.value), context.console);
  }
  return ExitCode::kOk;
}
}  // namespace heddle
