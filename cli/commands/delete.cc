#include <algorithm>

#include "cli/commands/change_reply.h"
#include "cli/resource_table.h"
#include "cli/resource_words.h"
#include "cli/sources.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
// Deletes in rounds: what is refused because something still refers to it is tried again after the others, as long as
// a round deletes anything. So the order of a file does not matter.
class Deletion {
 public:
  Deletion(const DeleteOptions& options, CommandContext& context) : options_(options), context_(context) {}

  ExitCode run(std::vector<ResourceKey> keys) {
    bool progress = true;
    while (!keys.empty() && progress) {
      std::vector<ResourceKey> refused;
      refusals_.clear();
      for (const ResourceKey& key : keys) {
        if (std::optional<ExitCode> broken = remove(key, refused)) return *broken;
      }
      progress = refused.size() < keys.size();
      keys = std::move(refused);
    }
    for (const ApiReply& refusal : refusals_) code_ = context_.console.fail(refusal);
    if (!version_.empty()) context_.console.out << "version " << printable(version_) << "\n";
    return code_;
  }

 private:
  // An exit code when going on makes no sense.
  std::optional<ExitCode> remove(const ResourceKey& key, std::vector<ResourceKey>& refused) {
    ApiRequest request{.method = "DELETE", .deadline = context_.timeout};
    request.query = change_query(options_.said, DryRun::kNo);
    request.path = str_cat("/v1/resources/", info(key.kind).plural, "/", key.ns, "/", key.name);
    Result<ApiReply> reply = context_.api.call(request);
    if (!reply) return context_.console.fail(reply.error());
    if (reply->status == 404) {
      missing(key);
    } else if (reply->status == 409 || reply->status == 400) {
      refused.push_back(key);
      refusals_.push_back(*reply);
    } else if (!reply->ok()) {
      return context_.console.fail(*reply);
    } else {
      context_.console.out << resource_name(key) << " deleted\n";
      version_ = scalar_at(reply->body, {"version"});
    }
    return std::nullopt;
  }

  void missing(const ResourceKey& key) {
    if (options_.if_missing == IfMissing::kIgnore) return;
    code_ =
        context_.console.fail(make_error(Reason::kNotFound, str_cat(resource_type(key.kind), " ", in_quotes(key.name),
                                                                    " not found in namespace ", key.ns)));
  }

  const DeleteOptions& options_;
  CommandContext& context_;
  std::vector<ApiReply> refusals_;
  std::string version_;
  ExitCode code_ = ExitCode::kOk;
};
}  // namespace

ExitCode run_delete(const DeleteOptions& options, CommandContext& context) {
  std::vector<ResourceKey> keys = options.keys;
  if (keys.empty()) {
    LoadedResources loaded = load_sources(options.files, context.console.in);
    if (!loaded.ok()) return context.console.fail(make_error(Reason::kConfigInvalid, loaded.text()));
    for (const Resource& resource : loaded.resources) keys.push_back(resource.key);
  }
  return Deletion(options, context).run(std::move(keys));
}
}  // namespace heddle
