#include "k8s/init/nft_loader.h"

#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "k8s/init/nft_text.h"
#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
struct FreeContext {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

// libnftables ends the process where the kernel has no netfilter at all, so that is asked before.
Result<void> kernel_has_netfilter() {
  UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (fd) return {};
  return make_error(Reason::kUnsupported, str_cat("the kernel has no nf_tables (", errno_text(errno), ")"));
}

// The message without the text that it quotes: "Error: Could not process rule: Operation not permitted".
std::string first_line(std::string_view said) {
  std::string_view line = trim(said.substr(0, said.find('\n')));
  return line.empty() ? std::string("it said nothing") : std::string(line);
}

Result<std::string> run(const std::string& commands) {
  HEDDLE_CHECK_OK(kernel_has_netfilter());
  std::unique_ptr<nft_ctx, FreeContext> context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) return make_error(Reason::kIo, "libnftables does not start");
  if (nft_ctx_buffer_output(context.get()) != 0 || nft_ctx_buffer_error(context.get()) != 0)
    return make_error(Reason::kIo, "libnftables has no memory");
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) != 0)
    return make_error(Reason::kIo, first_line(nft_ctx_get_error_buffer(context.get())));
  return std::string(nft_ctx_get_output_buffer(context.get()));
}

bool says_none(const Error& error) { return error.detail.find("No such file or directory") != std::string::npos; }
}  // namespace

Result<void> NftLoader::install(const InterceptionPlan& plan) {
  HEDDLE_CHECK_OK(run(nft_text(plan)));
  return {};
}

Result<RuleNames> NftLoader::found() {
  auto listing = run(nft_listing_command());
  if (listing) return rule_names(*listing);
  if (says_none(listing.error()) || listing.error().reason == Reason::kUnsupported) return RuleNames{};
  return std::move(listing).error();
}

Result<bool> NftLoader::remove() {
  HEDDLE_TRY(RuleNames names, found());
  if (names.empty()) return false;
  HEDDLE_CHECK_OK(run(nft_removal_text()));
  return true;
}

RuleNames NftLoader::expected(const InterceptionPlan& plan) const { return rule_names(nft_text(plan)); }
std::string NftLoader::text(const InterceptionPlan& plan) const { return nft_text(plan); }
}  // namespace heddle
