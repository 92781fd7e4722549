// Text for people: tables with two spaces between columns, ages, and text of others made harmless for a terminal.
// Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.h"

namespace heddle {
enum class UseColor : uint8_t { kNo, kYes };
enum class Tone : uint8_t { kPlain, kGood, kBad, kWarn };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
  Cell(std::string_view t, Tone how = Tone::kPlain) : text(t), tone(how) {}    // NOLINT: rows are lists of text
  Cell(const std::string& t, Tone how = Tone::kPlain) : text(t), tone(how) {}  // NOLINT
  Cell(const char* t, Tone how = Tone::kPlain) : text(t), tone(how) {}         // NOLINT
};

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  // As many cells as the header has; an empty one is shown as <none>.
  void add(std::vector<Cell> row);
  // Header and rows, each ending in a newline without white space before it.
  std::string text(UseColor) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<Cell>> rows_;
};

// As kubectl does: 45s, 3m12s, 57m, 5h20m, 31h, 4d3h, 120d, 3y40d, 9y. A negative age is 0s.
std::string format_age(Duration);

// Control characters (they could drive the terminal) become '?'; '\n' too. Names and messages come from others.
std::string printable(std::string_view);
// Characters a terminal shows, with UTF-8 sequences counted once.
size_t display_width(std::string_view) noexcept;
}  // namespace heddle
