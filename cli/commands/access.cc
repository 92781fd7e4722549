#include "cli/access_text.h"
#include "cli/commands/commands.h"
#include "cli/document_text.h"
#include "cli/resource_table.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string body_of(const AccessCreateOptions& options) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("name", options.name).key("grants").begin_array();
  for (const AccessRoleWords& grant : options.roles) {
    out.begin_object().field("role", grant.role).key("namespaces").begin_array();
    for (const std::string& ns : grant.namespaces) out.string(ns);
    out.end_array().end_object();
  }
  out.end_array();
  if (options.ttl) out.field("ttl", format_duration(*options.ttl));
  out.end_object();
  return body;
}
}  // namespace

// The token alone on standard output, for a file or a variable; everything else beside it.
ExitCode run_access_create(const AccessCreateOptions& options, CommandContext& context) {
  ApiRequest request{.method = "POST", .path = "/v1/access", .deadline = context.timeout};
  request.body = body_of(options);
  Result<ApiReply> reply = context.api.call(request);
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  std::string token = text_at(reply->body, {"token"});
  if (token.empty()) return context.console.fail(make_error(Reason::kInternal, "the answer holds no token"));
  context.console.out << printable(token) << "\n";
  context.console.err << "it is shown this once: put it into a context file, as \"token\"\n";
  return ExitCode::kOk;
}

ExitCode run_access_list(const AccessListOptions& options, CommandContext& context) {
  Result<ApiReply> reply = context.api.call({.path = "/v1/access", .deadline = context.timeout});
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body)
                               : access_list_text(reply->body, context.clock.wall(), context.console.color));
  return ExitCode::kOk;
}

ExitCode run_access_revoke(const AccessRevokeOptions& options, CommandContext& context) {
  ApiRequest request{.method = "DELETE", .path = str_cat("/v1/access/", options.name), .deadline = context.timeout};
  Result<ApiReply> reply = context.api.call(request);
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  context.console.out << "token " << options.name << " revoked\n";
  return ExitCode::kOk;
}

ExitCode run_access_whoami(const AccessWhoamiOptions& options, CommandContext& context) {
  Result<ApiReply> reply = context.api.call({.path = "/v1/whoami", .deadline = context.timeout});
  if (!reply) return context.console.fail(reply.error());
  if (!reply->ok()) return context.console.fail(*reply);
  bool json = options.output == OutputFormat::kJson;
  context.console.out << (json ? to_pretty_json(reply->body) : whoami_text(reply->body, context.console.color));
  return ExitCode::kOk;
}
}  // namespace heddle
