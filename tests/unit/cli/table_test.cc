#include "cli/table.h"

#include <gtest/gtest.h>

namespace heddle {
namespace {
TEST(CliTable, AlignsColumnsWithoutSpacesAtTheEnd) {
  Table table({"NAME", "PORTS", "AGE"});
  table.add({"hello", "80/http", "5s"});
  table.add({"a-long-name", "", "3d"});

  EXPECT_EQ(table.text(UseColor::kNo),
            "NAME         PORTS    AGE\n"
            "hello        80/http  5s\n"
            "a-long-name  <none>   3d\n");
}

TEST(CliTable, ColoursDoNotMoveColumns) {
  Table table({"STATE", "LAG"});
  table.add({{"live", Tone::kGood}, "0"});

  EXPECT_EQ(table.text(UseColor::kNo), "STATE  LAG\nlive   0\n");
  EXPECT_EQ(table.text(UseColor::kYes), "STATE  LAG\n\x1b[32mlive\x1b[0m   0\n");
}

TEST(CliTable, CountsCharactersNotBytes) {
  Table table({"NAME", "X"});
  table.add({"k\xc3\xb6ln-1", "1"});
  table.add({"koeln-1", "2"});

  EXPECT_EQ(table.text(UseColor::kNo), "NAME     X\nk\xc3\xb6ln-1   1\nkoeln-1  2\n");
}

TEST(CliTable, TextOfOthersCannotDriveTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m \xff k\xc3\xb6ln"),
            "?31m ? k\xc3\xb6ln");
}

TEST(CliTable, WritesAgesAsKubectlDoes) {
  EXPECT_EQ(format_age(-5s), "0s");
  EXPECT_EQ(format_age(0s), "0s");
  EXPECT_EQ(format_age(119s), "119s");
  EXPECT_EQ(format_age(120s), "2m");
  EXPECT_EQ(format_age(192s), "3m12s");
  EXPECT_EQ(format_age(10min), "10m");
  EXPECT_EQ(format_age(179min), "179m");
  EXPECT_EQ(format_age(3h), "3h");
  EXPECT_EQ(format_age(5h + 20min), "5h20m");
  EXPECT_EQ(format_age(31h), "31h");
  EXPECT_EQ(format_age(48h), "2d");
  EXPECT_EQ(format_age(99h), "4d3h");
  EXPECT_EQ(format_age(24h * 120), "120d");
  EXPECT_EQ(format_age(24h * (365 * 3 + 40)), "3y40d");
  EXPECT_EQ(format_age(24h * 365 * 9), "9y");
}
}  // namespace
}  // namespace heddle
