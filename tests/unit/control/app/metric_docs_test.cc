// docs/metrics.md against the families of the control plane, and these against the sources: none is left out, and no
// page names one that is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "control/app/cluster_metrics.h"
#include "control/app/federation_metrics.h"
#include "control/app/metrics.h"
#include "control/app/queue_metrics.h"
#include "control/app/rollout_metrics.h"
#include "control/app/store_metrics.h"
#include "control/app/webhook_part.h"
#include "lib/metrics/metric_docs.h"
#include "lib/metrics/process_metrics.h"
#include "tests/support/metric_docs_file.h"

namespace heddle {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kOfTheProxy = "heddle_control_connected";

std::vector<const MetricFamily*> own_families() {
  std::vector<const MetricFamily*> out;
  for (auto families :
       {control_metric_families(), store_metric_families(), rollout_metric_families(), queue_metric_families(),
        federation_metric_families(), cluster_metric_families(), webhook_metric_families()}) {
    out.insert(out.end(), families.begin(), families.end());
  }
  return out;
}

std::set<std::string> own_names() {
  std::set<std::string> out;
  for (const MetricFamily* family : own_families()) out.emplace(family->name);
  return out;
}

std::string generated_docs() {
  std::vector<const MetricFamily*> families = own_families();
  auto process = process_metric_families();
  families.insert(families.end(), process.begin(), process.end());
  return std::string(MetricDocsFile::kControlHeading) +
         "\nGenerated from the code; a unit test compares. To write it anew:\n"
         "`HEDDLE_UPDATE_DOCS=1 build/dev/bin/unit_control --gtest_filter=ControlMetricDocs.*`\n\n"
         "At `GET /metrics` of the address that `--health` says. Where there are several [control "
         "planes](replicas.md), each tells what it\n"
         "sees itself: sidecars are added up, for the rest look at each. Families of the bundle endpoint "
         "are there with `--bundle-listen`,\n"
         "those by `trust_domain` with FederatedTrustDomains. With SQLite the store is always current, this "
         "control plane leads, and\n"
         "there are no others. What to look at when: [operations](operations.md#what-to-watch).\n\n" +
         render_metric_docs(families);
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Every name that begins so, and what stands before it: a quote in sources.
std::set<std::string> names_in(std::string_view text, std::string_view before = "") {
  constexpr std::string_view kPrefix = "heddle_control_";
  std::set<std::string> out;
  for (size_t at = text.find(kPrefix); at != text.npos; at = text.find(kPrefix, at + 1)) {
    size_t end = at;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
    if (text.substr(0, at).ends_with(before)) out.emplace(text.substr(at, end - at));
  }
  return out;
}

// "heddle_control_rollout_" stands for several.
bool is_known(const std::string& name, const std::set<std::string>& known) {
  if (name == kOfTheProxy || known.contains(name)) return true;
  auto begins = [&name](const std::string& one) { return one.starts_with(name); };
  return name.ends_with('_') && std::any_of(known.begin(), known.end(), begins);
}

TEST(ControlMetricDocs, AreUpToDate) {
  MetricDocsFile file = MetricDocsFile::read();
  if (std::getenv("HEDDLE_UPDATE_DOCS") != nullptr) {
    file.control = generated_docs();
    file.write();
  }

  EXPECT_EQ(MetricDocsFile::read().control, generated_docs());
}

TEST(ControlMetricDocs, ListEveryFamilyOfTheSources) {
  std::set<std::string> written;
  for (const auto& entry : fs::recursive_directory_iterator(source_directory() / "control")) {
    if (entry.path().extension() != ".cc") continue;
    written.merge(names_in(text_of(entry.path()), "\""));
  }

  EXPECT_EQ(written, own_names());
}

TEST(ControlMetricDocs, NoPageNamesOneThatIsNotThere) {
  std::set<std::string> known = own_names();
  for (const auto& entry : fs::directory_iterator(source_directory() / "docs")) {
    if (entry.path().extension() != ".md") continue;
    for (const std::string& name : names_in(text_of(entry.path()))) {
      EXPECT_TRUE(is_known(name, known)) << entry.path().filename() << ": " << name;
    }
  }
}

TEST(ControlMetricDocs, NamesAreUniqueAndTold) {
  EXPECT_EQ(own_names().size(), own_families().size());
  for (const MetricFamily* family : own_families()) EXPECT_FALSE(family->help.empty()) << family->name;
}
}  // namespace
}  // namespace heddle
