// Every YAML example of the documents is read by the code it is about.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/base/strings.h"
#include "proxy/app/bootstrap.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/source_directory.h"

namespace heddle {
namespace {
// The blocks fenced as yaml.
std::vector<std::string> examples_of(const std::string& file) {
  std::ifstream in(source_directory() / file);
  std::vector<std::string> out;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      out.back().append(line).append("\n");
    } else if (line == "```yaml") {
      inside = true;
      out.emplace_back();
    }
  }
  return out;
}

bool is_resource(const std::string& yaml) { return yaml.find("apiVersion:") != yaml.npos; }

std::string problems_of_resources(const std::string& yaml) {
  std::string problems;
  std::string document;
  std::istringstream lines(yaml + "---\n");
  for (std::string line; std::getline(lines, line);) {
    if (line != "---") {
      document.append(line).append("\n");
      continue;
    }
    problems.append(spec_problems_of(document));
    document.clear();
  }
  return problems;
}

// An example of a few keys, made whole by what it leaves out.
std::string whole_bootstrap(std::string example) {
  constexpr const char* kRest[] = {
      "node: web-1",
      "stateDir: /var/lib/heddle/web-1",
      "identity: {source: control, joinTokenFile: /run/heddle/join-token}",
      "control: {addresses: [\"192.0.2.10:15010\"], bundle: /etc/heddle/root.pem}",
      "config: {source: control}",
      "listeners: [{name: out, direction: outbound, address: \"127.0.0.1:15001\"}]",
  };
  for (std::string_view line : kRest) {
    std::string key(line.substr(0, line.find(':') + 1));
    bool is_there = example.starts_with(key) || example.find("\n" + key) != example.npos;
    if (!is_there) example.append(line).append("\n");
  }
  return example;
}

TEST(DocsExamples, OfTheBootstrapAreAccepted) {
  std::vector<std::string> examples = examples_of("docs/proxy-config.md");
  ASSERT_GE(examples.size(), 12U);

  for (const std::string& example : examples) {
    if (is_resource(example)) continue;
    auto parsed = parse_bootstrap(whole_bootstrap(example), "example.yaml");
    EXPECT_TRUE(parsed.has_value()) << example << "\n" << parsed.error().detail;
  }
}

TEST(DocsExamples, OfResourcesAreAccepted) {
  std::vector<std::string> files = {"docs/resources.md", "docs/authorization.md", "docs/proxy-config.md",
                                    "docs/rate-limits.md"};
  for (const auto& page : std::filesystem::directory_iterator(source_directory() / "docs/resources")) {
    files.push_back("docs/resources/" + page.path().filename().string());
  }
  size_t seen = 0;

  for (const std::string& file : files) {
    for (const std::string& example : examples_of(file)) {
      if (!is_resource(example)) continue;
      ++seen;
      EXPECT_EQ(problems_of_resources(example), "") << file << "\n" << example;
    }
  }

  EXPECT_GE(seen, 20U);
}
}  // namespace
}  // namespace heddle
