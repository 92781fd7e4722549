#include "k8s/init/init_session.h"

#include "k8s/init/iptables_loader.h"
#include "k8s/init/nft_loader.h"
#include "k8s/init/self_check.h"
#include "lib/base/strings.h"

namespace heddle {
InitSession::InitSession(InitOptions options, bool ipv6, std::FILE* out) : options_(std::move(options)), out_(out) {
  loaders_.push_back(std::make_unique<NftLoader>());
  for (const char* name : {"iptables-nft", "iptables", "iptables-legacy"})
    loaders_.push_back(std::make_unique<IptablesLoader>(name, ipv6));
}

Result<void> InitSession::run() {
  switch (options_.action) {
    case InitAction::kInstall:
      return install();
    case InitAction::kCheck:
      return check();
    case InitAction::kRemove:
      return remove();
    case InitAction::kPrint:
      print();
      return {};
  }
  return {};
}

std::vector<RuleLoader*> InitSession::of_mode() {
  std::vector<RuleLoader*> out;
  for (const std::string& name : loader_names(options_.mode))
    for (const auto& loader : loaders_)
      if (loader->name() == name) out.push_back(loader.get());
  return out;
}

Result<void> InitSession::install() {
  HEDDLE_TRY(RuleLoader * loader, install_first(of_mode(), options_.plan));
  say(str_cat("rules loaded by ", loader->name()));
  HEDDLE_CHECK_OK(remove_others(*loader));
  if (!options_.plan.ipv6 && options_.ipv6 == Ipv6Mode::kOff) say("IPv6 is not redirected (--ipv6=off)");
  if (!options_.check) return {};
  return check(*loader);
}

// After the new rules are in: there is no moment without any.
Result<void> InitSession::remove_others(const RuleLoader& kept) {
  for (const auto& loader : loaders_) {
    if (!clash(kept.name(), loader->name())) continue;
    HEDDLE_TRY(bool removed, loader->remove());
    if (removed) say(str_cat("earlier rules of ", loader->name(), " removed"));
  }
  return {};
}

Result<void> InitSession::check() {
  std::string said;
  for (RuleLoader* loader : of_mode()) {
    auto found = loader->found();
    if (found && !found->empty()) return check(*loader);
    if (!found) said += str_cat(" (", loader->name(), ": ", found.error().detail, ")");
  }
  return make_error(Reason::kNotFound,
                    str_cat("no rules of Heddle are loaded here", said,
                            ": connections leave this pod without encryption. Next: run heddle-init"));
}

Result<void> InitSession::check(RuleLoader& loader) {
  HEDDLE_TRY(std::vector<std::string> lines, check_rules_work(loader, options_.plan));
  for (const std::string& line : lines) say(line);
  return {};
}

Result<void> InitSession::remove() {
  bool any = false;
  for (const auto& loader : loaders_) {
    auto removed = loader->remove();
    if (!removed)
      return make_error(removed.error().reason, str_cat(loader->name(), ": ", removed.error().detail,
                                                        ": the rules stay. Next: run it with the "
                                                        "capability NET_ADMIN in the pod's network namespace"));
    if (*removed) say(str_cat("rules of ", loader->name(), " removed"));
    any = any || *removed;
  }
  if (!any) say("no rules of Heddle were here");
  return {};
}

void InitSession::print() { std::fputs(of_mode().front()->text(options_.plan).c_str(), out_); }

void InitSession::say(const std::string& line) { std::fprintf(out_, "heddle-init: %s\n", line.c_str()); }
}  // namespace heddle
