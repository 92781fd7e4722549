// Cases of the adversarial suite: one line per case, `id | input | expected | source`, in tests/adversarial/data. The
// languages of inputs and expectations are in README.md beside this file. A mistake in a line aborts with its number.
#pragma once
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::adversarial {
struct Case {
  std::string id;
  std::string input;  // as written: expand() or a frame script makes bytes of it
  std::string expected;
  std::string source;
};
inline std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.id; }

// Aborts: `what` is wrong in a case, or in what it refers to, at `where`.
[[noreturn]] void complain(std::string_view what, std::string_view where);

std::vector<Case> load_cases(std::string_view file);  // of tests/adversarial/data
std::vector<std::vector<std::string>> load_table(std::string_view file);

// \r \n \t \\ \xHH, {H}, {garbage:N}, {repeat:N:text}.
std::string expand(std::string_view text);
// The byte that the escape at the start of `text` means; the escape is removed.
char take_escape(std::string_view& text);
// So many bytes, the same in every run.
std::string garbage(size_t bytes);
// Words between spaces; a part in double quotes belongs to its word with its spaces, its escapes expanded.
std::vector<std::string> words_of(std::string_view text);
// The end of the text, when it stands there, is cut off.
bool take_suffix(std::string& text, std::string_view suffix);
}  // namespace heddle::adversarial
