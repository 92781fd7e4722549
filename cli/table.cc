#include "cli/table.h"

#include <algorithm>

#include "lib/base/assert.h"
#include "lib/base/json_escape.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kGap = 2;

std::string_view escape_of(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kBad:
      return "\x1b[31m";
    case Tone::kWarn:
      return "\x1b[33m";
    case Tone::kPlain:
      return "";
  }
  return "";
}

void append_cell(std::string& out, const Cell& cell, UseColor color) {
  std::string_view escape = color == UseColor::kYes ? escape_of(cell.tone) : std::string_view();
  out.append(escape).append(cell.text);
  if (!escape.empty()) out.append("\x1b[0m");
}

// Two units, the second only when it is not zero.
std::string two_units(int64_t big, char big_unit, int64_t small, char small_unit) {
  std::string out = str_cat(std::to_string(big), std::string_view(&big_unit, 1));
  if (small != 0) out.append(std::to_string(small)).push_back(small_unit);
  return out;
}

bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
}
}  // namespace

void Table::add(std::vector<Cell> row) {
  HEDDLE_ASSERT(row.size() == header_.size());
  for (Cell& cell : row) cell.text = cell.text.empty() ? "<none>" : printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::text(UseColor color) const {
  std::vector<size_t> widths;
  for (size_t column = 0; column < header_.size(); ++column) {
    size_t width = header_[column].size();
    for (const auto& row : rows_) width = std::max(width, display_width(row[column].text));
    widths.push_back(width);
  }
  std::string out;
  auto line = [&](const auto& cells) {
    for (size_t column = 0; column < widths.size(); ++column) {
      Cell cell(cells[column]);
      append_cell(out, cell, color);
      bool last = column + 1 == widths.size();
      out.append(last ? 0 : widths[column] - display_width(cell.text) + kGap, ' ');
    }
    out.push_back('\n');
  };
  line(header_);
  for (const auto& row : rows_) line(row);
  return out;
}

std::string format_age(Duration age) {
  int64_t s = std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
  int64_t m = s / 60;
  int64_t h = m / 60;
  int64_t d = h / 24;
  int64_t y = d / 365;
  if (m < 2) return str_cat(std::to_string(s), "s");
  if (m < 10) return two_units(m, 'm', s % 60, 's');
  if (h < 3) return str_cat(std::to_string(m), "m");
  if (h < 8) return two_units(h, 'h', m % 60, 'm');
  if (d < 2) return str_cat(std::to_string(h), "h");
  if (d < 8) return two_units(d, 'd', h % 24, 'h');
  if (y < 2) return str_cat(std::to_string(d), "d");
  if (y < 8) return two_units(y, 'y', d % 365, 'd');
  return str_cat(std::to_string(y), "y");
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t length = utf8_sequence_length(text);
    std::string_view sequence = text.substr(0, std::max<size_t>(length, 1));
    auto first = static_cast<unsigned char>(sequence[0]);
    bool harmless = length != 0 && first >= 0x20 && first != 0x7f && !is_c1_control(sequence);
    out.append(harmless ? sequence : std::string_view("?"));
    text.remove_prefix(sequence.size());
  }
  return out;
}

size_t display_width(std::string_view text) noexcept {
  auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins));
}
}  // namespace heddle
