// The first bytes of a connection that must begin with a PROXY header.
#include "lib/base/strings.h"
#include "lib/net/proxy_header.h"
#include "tests/fuzz/fuzz.h"

namespace heddle::fuzz {
namespace {
using Read = Result<std::optional<ProxyHeader>>;

std::string text_of(const std::optional<ProxyEnds>& ends) {
  return ends ? str_cat(ends->source.text(), " ", ends->destination.text()) : "the real ends";
}
std::string text_of(const Read& read) {
  if (!read) return read.error().text();
  if (!*read) return "more";
  return str_cat(std::to_string((*read)->length), " ", text_of((*read)->ends));
}
bool is_verdict(const Read& read) { return !read || *read; }

// Every prefix as far as anything is looked at.
Read read_in_pieces(std::string_view input) {
  Read verdict = std::optional<ProxyHeader>();
  for (size_t n = 0; n <= std::min(input.size(), kMaxProxyHeader + 1); ++n) {
    Read now = read_proxy_header(as_bytes(input.substr(0, n)));
    if (is_verdict(verdict)) expect_same(text_of(now), text_of(verdict), "more bytes change no verdict");
    if (!is_verdict(verdict) && now && *now) expect((*now)->length == n, "taken at its last byte", text_of(now));
    verdict = std::move(now);
  }
  return verdict;
}

void expect_plausible(std::string_view input, const ProxyHeader& header) {
  bool is_line = input.starts_with("PROXY ");
  expect(header.length <= (is_line ? kMaxProxyLine : kMaxProxyHeader), "limits");
  if (is_line) expect(input.substr(0, header.length).ends_with("\r\n"), "a line ends with CRLF");
  if (!is_line) expect(input.starts_with(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)), "the signature");
  if (!header.ends) return;
  const auto& [source, destination] = *header.ends;
  expect(source.is_ip() && source.family() == destination.family(), "two addresses of one family",
         text_of(header.ends));
}

void expect_survives(const ProxyEnds& ends) {
  for (ProxyVersion version : {ProxyVersion::kV1, ProxyVersion::kV2}) {
    std::string written = write_proxy_header(version, ends);
    Read again = read_proxy_header(as_bytes(written));
    expect(again && *again && (*again)->length == written.size(), "what is written is taken", text_of(again));
    if (again && *again) expect_same(text_of((*again)->ends), text_of(ends), "and says the same");
  }
}
}  // namespace

HEDDLE_FUZZ_TARGET(proxy_header, input) {
  Read verdict = read_in_pieces(input);
  expect_same(text_of(read_proxy_header(as_bytes(input))), text_of(verdict), "the verdict depends on no split");
  expect(input.size() < kMaxProxyHeader || is_verdict(verdict), "enough bytes give a verdict");
  if (!verdict) expect(verdict.error().reason == Reason::kProxyHeaderInvalid, "a refusal has its reason");
  if (!verdict || !*verdict) return;
  expect_plausible(input, **verdict);
  if ((*verdict)->ends) expect_survives(*(*verdict)->ends);
}
}  // namespace heddle::fuzz
