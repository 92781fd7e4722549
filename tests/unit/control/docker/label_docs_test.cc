// docs/kubernetes-annotations.md and docs/docker.md against the code: the tables name every annotation and label that
// is read, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "control/cluster/annotated_policies.h"
#include "control/docker/docker_claim.h"
#include "lib/base/strings.h"
#include "tests/support/source_directory.h"

namespace heddle {
namespace {
using Names = std::set<std::string>;

// `heddle.dev/...` in the first cells of the rows of tables, below a heading; empty: of the whole page.
Names in_tables(const std::string& page, std::string_view heading) {
  std::ifstream file(source_directory() / "docs" / page);
  EXPECT_TRUE(file.is_open()) << page;
  Names out;
  bool is_below = heading.empty();
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#") && !heading.empty()) is_below = line == heading;
    if (!is_below || !line.starts_with("| `heddle.dev/")) continue;
    std::string_view cell = std::string_view(line).substr(1, line.find('|', 1) - 1);
    for (std::string_view part : split(cell, '`')) {
      if (part.starts_with("heddle.dev/")) out.emplace(part);
    }
  }
  return out;
}

Names names(const std::vector<std::string>& list) { return {list.begin(), list.end()}; }

TEST(LabelDocs, KubernetesAnnotationsAreThoseThatAreRead) {
  Names read = names(service_annotations());
  EXPECT_EQ(in_tables("kubernetes-annotations.md", "# Annotations in Kubernetes"), read);
  EXPECT_EQ(in_tables("kubernetes-annotations.md", "## Of pods"), Names{"heddle.dev/weight"});
}

TEST(LabelDocs, DockerLabelsAreThoseThatAreRead) {
  EXPECT_EQ(in_tables("docker.md", "## Labels of a container"), names(docker_container_labels()));
  EXPECT_EQ(in_tables("docker.md", "## Labels of a service"), names(docker_service_labels()));
}
}  // namespace
}  // namespace heddle
