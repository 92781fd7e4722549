#include "lib/decision/explain_query.h"

#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "lib/config/model.h"
#include "lib/http/http1_head.h"
#include "lib/http/rules.h"

namespace heddle {
namespace {
struct Target {
  std::string authority;
  std::string path;  // with query
  bool is_tcp = false;
};

void check_target(const Target& target, Problems& problems) {
  if (target.authority.find('@') != std::string::npos) return problems.add("url", "names a user; a service has none");
  if (!is_authority(target.authority)) return problems.add("url", "the host is not `name` or `name:port`");
  if (target.path.find('#') != std::string::npos) return problems.add("url", "has a fragment, which is never sent");
  if (Result<void> verdict = check_path(target.path); !verdict) problems.add("url", verdict.error().detail);
}

Target read_url(std::string_view url, Problems& problems) {
  constexpr std::string_view kSeparator = "://";
  size_t scheme_end = url.find(kSeparator);
  if (url.size() > ExplainQuery::kMaxUrlBytes || scheme_end == url.npos) {
    problems.add("url", "expected http://host[:port]/path, of at most 17 KiB");
    return {};
  }
  std::string_view scheme = url.substr(0, scheme_end);
  bool is_tcp = equals_ignore_case(scheme, "tcp");
  if (!is_tcp && !equals_ignore_case(scheme, "http")) {
    problems.add_unsupported("url", str_cat("the scheme ", in_quotes(scheme),
                                            " is not carried: applications speak plain http to their sidecar"));
    return {};
  }
  url.remove_prefix(scheme_end + kSeparator.size());
  size_t end = std::min(url.find_first_of("/?#"), url.size());
  std::string_view path = url.substr(end);
  Target out{std::string(url.substr(0, end)), str_cat(path.starts_with('/') ? "" : "/", path), is_tcp};
  if (is_tcp && out.path != "/") problems.add("url", "a connection of opaque TCP has no path");
  check_target(out, problems);
  return out;
}

void check_method(std::string_view method, Problems& problems) {
  if (method.size() > kMaxMethodBytes || !is_token(method)) {
    problems.add("method", "expected a token of 1-32 bytes, as GET");
  } else if (method == "CONNECT") {
    problems.add_unsupported("method", "CONNECT tunnels are not carried");
  }
}

void check_headers(const ExplainWords& words, Problems& problems) {
  std::set<std::string> seen;
  for (const auto& [name, value] : words.headers) {
    std::string path = str_cat("headers.", name);
    std::string lower = to_lower(name);
    if (!is_token(name)) {
      problems.add(path, "is not a header name (a token, RFC 9110 section 5.6.2)");
    } else if (lower == "host") {
      problems.add(path, "is the host of the URL");
    } else if (!is_field_value(value)) {
      problems.add(path, "its value has a control byte, or white space at an end");
    } else if (!seen.insert(lower).second) {
      problems.add(path, "stands twice");
    }
  }
}

// What only requests have, and only connections.
void check_kind(const ExplainWords& words, const Target& target, Problems& problems) {
  constexpr std::string_view kOnlyOfHttp = "means nothing for tcp://";
  if (target.is_tcp && words.method != "GET") problems.add("method", std::string(kOnlyOfHttp));
  if (target.is_tcp && !words.headers.empty()) problems.add("headers", std::string(kOnlyOfHttp));
  if (words.server_name.empty()) return;
  if (!target.is_tcp) problems.add("sni", "is of a TLS client's opaque connection: ask for tcp://host:port");
  if (!is_dns_name(to_lower(words.server_name))) problems.add("sni", "is not a host name");
}

std::string request_text(const ExplainWords& words, const Target& target) {
  std::string out = str_cat(words.method, " ", target.path, " HTTP/1.1\r\nhost: ", target.authority, "\r\n");
  for (const auto& [name, value] : words.headers) out.append(str_cat(name, ": ", value, "\r\n"));
  return out + "\r\n";
}

// Sidecars remove them before anything is decided.
RequestHead without_claims(RequestHead head) {
  HeaderMap& fields = head.fields();
  for (size_t i = fields.size(); i-- > 0;) {
    if (is_identity_claim(fields.at(i))) fields.remove_at(i);
  }
  return head;
}

// Nothing in the text can end a line but we: every word was checked.
std::optional<RequestHead> parse_head(const std::string& text, BlockPool& pool, Problems& problems) {
  HttpLimits limits;
  Http1RequestParser parser(pool, limits, "http");
  Buffer in(pool, text);
  if (parser.read(in) == Http1Step::kDone) return without_claims(parser.take_head());
  problems.add("", str_cat("no sidecar takes this request: ", parser.error().text()));
  return std::nullopt;
}

std::optional<SpiffeId> read_identity(const std::string& text, Problems& problems) {
  if (text.empty()) return std::nullopt;
  Result<SpiffeId> id = SpiffeId::parse(text);
  if (id) return *std::move(id);
  problems.add("from", id.error().detail);
  return std::nullopt;
}
}  // namespace

std::optional<ExplainQuery> ExplainQuery::parse(const ExplainWords& words, Problems& problems) {
  size_t before = problems.total();
  check_method(words.method, problems);
  Target target = read_url(words.url, problems);
  if (!is_dns_label(words.client_ns))
    problems.add("namespace", str_cat(in_quotes(words.client_ns), " is not a namespace"));
  std::optional<SpiffeId> from = read_identity(words.from, problems);
  check_headers(words, problems);
  check_kind(words, target, problems);
  if (problems.total() != before) return std::nullopt;
  auto pool = std::make_unique<BlockPool>();
  std::optional<RequestHead> head = parse_head(request_text(words, target), *pool, problems);
  if (!head) return std::nullopt;
  ExplainQuery out(std::move(pool), *std::move(head));
  out.url_ = words.url;
  out.client_ns_ = words.client_ns;
  out.from_ = std::move(from);
  out.is_tcp_ = target.is_tcp;
  out.server_name_ = to_lower(words.server_name);
  out.draw_ = words.draw;
  return out;
}
}  // namespace heddle
