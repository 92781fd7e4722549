#include "proxy/admin/stats_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
using testing::HasSubstr;
using testing::Not;

BackendRow up_row() {
  BackendRow row;
  row.address = "127.0.1.1:15006";
  row.identity = "spiffe://cluster.local/ns/default/sa/worker";
  row.state = BackendState::kUp;
  row.weight = 3;
  row.sessions = 2;
  row.sessions_total = 17;
  row.requests = 1234;
  row.bytes_in = 2048;
  row.bytes_out = 5000;
  row.errors = 4;
  row.connect_errors = 1;
  row.last_change = 65s;
  row.last_check = BackendCheck{CheckKind::kHttp, Reason::kNone, 200, 7ms, 1s};
  return row;
}

BackendRow down_row() {
  BackendRow row;
  row.address = "127.0.1.2:15006";
  row.state = BackendState::kDown;
  row.why = "tcp check: upstream-connect-refused: <nobody> listens";
  row.checks_failed = 9;
  row.times_down = 1;
  row.downtime = 3661s;
  row.last_change = 10s;
  row.last_check = BackendCheck{CheckKind::kTcp, Reason::kUpstreamConnectRefused, 0, 1ms, 2s};
  return row;
}

StatsPage page_of(std::vector<BackendRow> rows) {
  StatsPage page{"client", "0.1.0", "1.7", 90s, "ready", {}};
  page.tables.push_back({"default/hello", "peakEwma", "mtls", std::move(rows)});
  return page;
}

// The value of a column of one CSV line, found by the name in the header as scrapers do.
std::string column(const std::string& csv, std::string_view server, std::string_view name) {
  std::vector<std::string_view> lines = split(csv, '\n');
  std::vector<std::string_view> names = split(lines[0].substr(2), ',');
  for (std::string_view line : lines) {
    std::vector<std::string_view> cells = split(line, ',');
    if (cells.size() != names.size() || cells[1] != server) continue;
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return std::string(cells[i]);
    }
  }
  return "no such cell";
}

TEST(StatsHtml, ShowsTheStateAsAWordAndAsAColour) {
  std::string html = render_stats_html(page_of({up_row(), down_row()}));

  EXPECT_THAT(html, HasSubstr("<td class=\"up\">UP"));
  EXPECT_THAT(html, HasSubstr("<td class=\"down\">DOWN"));
  EXPECT_THAT(html, HasSubstr("1m5s"));
  EXPECT_THAT(html, HasSubstr("HTTP ok (200) in 7ms"));
  EXPECT_THAT(html, HasSubstr("UP 1/2"));
}

TEST(StatsHtml, NeedsNoScriptAndRefreshesItself) {
  std::string html = render_stats_html(page_of({up_row()}));

  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("http-equiv=\"refresh\""));
}

TEST(StatsHtml, EscapesEverythingThatIsNotOurs) {
  StatsPage page = page_of({down_row()});
  page.node = "<script>alert(1)</script>";
  page.tables[0].name = "a\"><b";
  page.state = "waits for <identity>";

  std::string html = render_stats_html(page);

  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, HasSubstr("a&quot;&gt;&lt;b"));
  EXPECT_THAT(html, HasSubstr("&lt;nobody&gt; listens"));
  EXPECT_THAT(html, HasSubstr("waits for &lt;identity&gt;"));
}

TEST(StatsHtml, HasAsManyCellsInEveryRowAsInItsHead) {
  std::string html = render_stats_html(page_of({up_row(), down_row(), BackendRow{}}));

  auto count = [](std::string_view text, std::string_view what) {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(html, "<th>"), 16U);
  EXPECT_EQ(count(html, "<td"), 4 * 16U) << "three backends and the sum";
}

TEST(StatsCsv, PutsHaproxysColumnsInTheirPlaces) {
  std::string csv = render_stats_csv(page_of({up_row(), down_row()}));

  std::vector<std::string_view> names = split(split(csv, '\n')[0], ',');
  EXPECT_EQ(names[0], "# pxname");
  EXPECT_EQ(names[17], "status");
  EXPECT_EQ(names[36], "check_status");
  EXPECT_EQ(names[48], "req_tot");
  EXPECT_EQ(names[56], "last_chk");
  EXPECT_EQ(names[73], "addr");
  EXPECT_EQ(column(csv, "127.0.1.1:15006", "status"), "UP");
  EXPECT_EQ(column(csv, "127.0.1.1:15006", "stot"), "17");
  EXPECT_EQ(column(csv, "127.0.1.1:15006", "bin"), "2048");
  EXPECT_EQ(column(csv, "127.0.1.1:15006", "check_status"), "L7OK");
  EXPECT_EQ(column(csv, "127.0.1.2:15006", "check_status"), "L4CON");
  EXPECT_EQ(column(csv, "127.0.1.2:15006", "downtime"), "3661");
  EXPECT_EQ(column(csv, "127.0.1.2:15006", "qcur"), "");
}

TEST(StatsCsv, SumsABackendSetUpInItsBackendRow) {
  std::string csv = render_stats_csv(page_of({up_row(), up_row(), down_row()}));

  EXPECT_EQ(column(csv, "BACKEND", "status"), "UP");
  EXPECT_EQ(column(csv, "BACKEND", "act"), "2");
  EXPECT_EQ(column(csv, "BACKEND", "weight"), "6");
  EXPECT_EQ(column(csv, "BACKEND", "stot"), "34");
  EXPECT_EQ(column(csv, "BACKEND", "econ"), "2");
  EXPECT_EQ(column(csv, "BACKEND", "eresp"), "6");
  EXPECT_EQ(column(csv, "BACKEND", "type"), "1");
  EXPECT_EQ(column(csv, "FRONTEND", "status"), "OPEN");
  EXPECT_EQ(column(csv, "FRONTEND", "req_tot"), "2468");
}

TEST(StatsCsv, SaysDownWhenNobodyIsLeft) {
  std::string csv = render_stats_csv(page_of({down_row()}));

  EXPECT_EQ(column(csv, "BACKEND", "status"), "DOWN");
  EXPECT_EQ(column(csv, "BACKEND", "act"), "0");
}

TEST(StatsCsv, QuotesWhatWouldBreakALine) {
  BackendRow row = down_row();
  row.why = "one, \"two\"\nthree";

  std::string csv = render_stats_csv(page_of({row}));

  EXPECT_THAT(csv, HasSubstr("\"one, \"\"two\"\"\nthree\""));
}

}  // namespace
}  // namespace heddle
